"""Text exports whose messages begin with a date and may continue on further lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.times import LocalClock
from chatmimic.importers.parsing.suspicious_lines import count_if_header
from chatmimic.importers.parsing.text_lines import lines
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member

MARKS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
SPACES = " \u00a0\u2009\u202f"
MAX_MESSAGE = 128 << 10  # characters of one message; what is over half of that is cut off later

# The two halves of the day, without dots, spaces and quotation marks, in lower case.
_MORNING = (
    "am", "上午", "午前", "오전", "凌晨", "清晨", "早上", "새벽", "아침", "ص", "صباحا", "öö", "sa",
    "de", "قظ", "قبلازظهر", "πμ", "पूर्वाह्न", "fm", "vm", "pg", "проб", "vorm", "dop", "dopoledne",
    "dopoludnia", "prijepodne", "prepodne", "преподне", "претпладне", "претпл", "дп", "ap", "fh",
    "pd", "eparadites", "priekšp", "priešpiet", "ก่อนเที่ยง", "ព្រឹក", "ກ່ອນທ່ຽງ", "နံနက်", "לפנהצ",
    "முப", "முற்பகல்", "ಪೂರ್ವಾಹ್ನ", "मपू", "পূর্বাহ্ণ", "ਪੂਦੁ", "පෙව", "ጥዋት", "үө",
)  # fmt: skip
_AFTERNOON = (
    "pm", "下午", "午後", "오후", "傍晚", "저녁", "م", "مساء", "ös", "ch", "du", "بظ", "بعدازظهر",
    "μμ", "अपराह्न", "em", "nm", "ptg", "слоб", "nachm", "odp", "odpoledne", "popoludní", "pop",
    "popoldne", "popodne", "poslijepodne", "поподне", "попладне", "попл", "пп", "ip", "eh", "md",
    "epasdites", "pēcp", "popiet", "หลังเที่ยง", "ល្ងាច", "ຫຼັງທ່ຽງ", "ညနေ", "אחהצ", "பிப",
    "பிற்பகல்", "ಅಪರಾಹ್ನ", "मउ", "অপরাহ্ণ", "ਬਾਦੁ", "පව", "ከሰዓት", "үх",
)  # fmt: skip
_NOON = ("中午", "正午", "낮")  # 11:30 of these is in the morning, …
_NIGHT = ("晚上", "夜晚", "深夜", "半夜", "밤")  # … and 12:30 is after midnight
DAY_PERIODS = {  # → hours to add
    **dict.fromkeys(_MORNING, 0),
    **dict.fromkeys((*_AFTERNOON, *_NOON, *_NIGHT), 12),
}
_EAST_ASIAN = "|".join(word for word in DAY_PERIODS if ord(word[0]) > 0x3000)
# Beside the times of KakaoTalk and LINE: a part of a regular expression.
EAST_ASIAN_PERIOD = rf"(?:[AaPp]\.?[{SPACES}]?[Mm]\.?|{_EAST_ASIAN})"
_UNWRITTEN = str.maketrans("", "", ".\"'\u00b4\u05f3\u05f4\u200b\u200c\u200d" + SPACES + MARKS)

Clock = tuple[int, int, int]


@lru_cache(maxsize=1024)
def normalized_period(word: str) -> str:
    """Normalise "p. m." to its key in `DAY_PERIODS`."""
    return word.translate(_UNWRITTEN).casefold()


def clock_from(
    hour: str, minute: str, second: str | None = None, period: str | None = None
) -> Clock | None:
    """Build a time of day from its parts; None if invalid. 24:53 is 00:53."""
    hours, minutes, seconds = int(hour), int(minute), int(second or 0)
    word = normalized_period(period or "")
    if hours <= 12 and word in DAY_PERIODS:  # in Japan noon is 午後0:00
        early = (word in _NOON and hours in (10, 11)) or (word in _NIGHT and not 5 < hours < 12)
        hours = hours % 12 + (0 if early else DAY_PERIODS[word])
    if hours > 24 or minutes > 59 or seconds > 59:
        return None
    return hours % 24, minutes, seconds


@dataclass(frozen=True, slots=True)
class MessageStart:
    """The first line of a message."""

    day: date | None
    clock: Clock | None
    sender: str  # "" where the service itself speaks
    text: str  # of the message, up to the end of this line


@contextmanager
def numbered_lines(
    member: Member, context: Context, ahead: bool = False
) -> Iterator[Iterator[tuple[int, str]]]:
    """Number the lines of a file; with `ahead` (a first pass), repairs are not counted."""
    report = ImportReport() if ahead else context.report
    with (context.ahead if ahead else context.open)(member) as stream:
        yield enumerate(lines(stream, member.label, report), 1)


def with_continuations(
    rows: Iterable[tuple[int, MessageStart | str]], report: ImportReport, file: str
) -> Iterator[tuple[int, MessageStart, str]]:
    """Yield each message's first line with its line number and its complete text.

    Lines above the first opening belong to no message, and are counted as unparsed. Those that
    are joined and look like an opening are counted for a note.
    """
    opening: MessageStart | None = None
    number = size = 0
    text: list[str] = []
    for at, row in rows:
        if isinstance(row, MessageStart):
            if opening is not None:
                yield number, opening, "\n".join(text)
            opening, number, text, size = row, at, [row.text], len(row.text)
        elif opening is None and row.strip():
            report.leave_out("unparsed", f"{file}:{at}")
        elif opening is not None:
            count_if_header(row, file, at, report)
            text += [row] if size < MAX_MESSAGE else []
            size += len(row) + 1
    if opening is not None:
        yield number, opening, "\n".join(text)


def with_quoted_lines(
    rows: Iterable[tuple[int, str]], text_of: Callable[[str], str | None]
) -> Iterator[tuple[int, str]]:
    """Join the lines of messages in quotation marks, so that each is one row.

    `said` gives the text of a line that begins a message. A mark that is not closed before the
    next message was somebody's own.
    """
    held: list[tuple[int, str]] = []
    marks = size = 0
    for number, raw in rows:
        text = text_of(raw)
        if held and (text is not None or size > MAX_MESSAGE):
            yield from held
            held, marks, size = [], 0, 0
        if not held and (text is None or not text.startswith('"')):
            yield number, raw
            continue
        held.append((number, raw))
        size += len(raw)
        marks += (raw if text is None else text).count('"')
        if marks % 2 == 0:
            closed = len(held) > 1 and raw.endswith('"')
            yield from [(held[0][0], "\n".join(line for _, line in held))] if closed else held
            held, marks, size = [], 0, 0
    yield from held


def unquoted(text: str) -> str:
    """Remove the quotation marks around a multi-line text, and undouble those in it."""
    return text[1:-1].replace('""', '"') if "\n" in text else text


def without_blank_lines(
    rows: Iterable[tuple[int, str]], begins: Callable[[str], bool]
) -> Iterator[tuple[int, str]]:
    """Drop the blank lines between a message and the next one."""
    empty: list[tuple[int, str]] = []
    for number, raw in rows:
        if not raw:
            empty += [(number, raw)] if len(empty) < MAX_MESSAGE else []
            continue
        if not begins(raw):
            yield from empty
        empty = []
        yield number, raw


class Times:
    """Converts the local times of one file to UTC milliseconds, in file order."""

    def __init__(self, context: Context) -> None:
        self._report = context.report
        self._clock = LocalClock(context.options.tz, context.report)
        self._last: int | None = None

    def of(self, opening: MessageStart) -> int | None:
        """The time of a message; None (and counted) if it is impossible."""
        day = opening.day
        parts = None if day is None else (day.year, day.month, day.day)
        at = self._clock.utc_of(parts, opening.clock)
        if at is not None and self._last is not None and at < self._last:
            self._report.repairs["out of order"] += 1
        self._last = at if at is not None else self._last
        return at


def first_lines(text: str, most: int) -> list[str]:
    """The first non-blank lines, for recognising a format; at least one."""
    rows = text.lstrip("\ufeff").split("\n", 2 * most)[: 2 * most]
    return [row.removesuffix("\r") for row in rows if row.strip()][:most] or [""]

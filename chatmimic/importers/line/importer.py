"""LINE's "Export chat history": a text file with date separators and messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.line.names import Names
from chatmimic.importers.line.system_messages import is_event, kind_of
from chatmimic.importers.parsing.dates.date_order import DateSurvey, date_of, resolved_orders
from chatmimic.importers.parsing.dates.date_separators import DateSeparator, date_separator
from chatmimic.importers.parsing.dates.dated_lines import (
    EAST_ASIAN_PERIOD,
    Clock,
    MessageStart,
    Times,
    clock_from,
    first_lines,
    numbered_lines,
    unquoted,
    with_continuations,
    with_quoted_lines,
    without_blank_lines,
)
from chatmimic.importers.streams import Member
from chatmimic.records import Message

_LOOKED_AT = 60  # lines
_LONGEST_TITLE = 300  # characters
_ABOVE = 5  # lines, of which one may be the first day
_MOST_WORDS = 7  # that may be weekdays
_HALF = rf"(?:{EAST_ASIAN_PERIOD}|ص|م|SA|CH|ÖÖ|ÖS)"
_STAMP = re.compile(
    rf"(?P<before>{_HALF})?[ \u202f]?(?P<hour>\d{{1,2}})(?::|\.(?=\d\d\t))(?P<minute>\d\d)"
    rf"[ \u202f]?(?P<after>{_HALF})?(?P<joint>[\t ])"
)
_WITH = r"(?:with|in|avec|dans|mit|con|com|dengan|với|с|в)"
_TITLE = re.compile(
    r"\[LINE\] ?(?:"
    r"(?P<ja>.+?)と?のトーク(?:履歴)?|[與与] ?(?P<zh>.+?) ?的(?:聊天|對話|对话)[記纪紀记]?[錄录]?"
    r"|(?P<room>.+?) ?的(?:聊天|對話|对话)[記纪紀记]?[錄录]?"
    r"|(?P<ko>.+?) ?(?:님|과|와){1,2}의 (?:대화|채팅).{0,8}"
    r"|ประวัติ(?:การ)?(?:แชท|สนทนา)(?:กับ|ในกลุ่ม|ใน) ?(?P<th>.+)"
    rf"|(?:Chat|Obrolan|Riwayat|Histori|Hist[oó]ri|Cronologia|Verlauf|Lịch sử|Чат|История)\S*"
    rf"(?: \S+){{0,3}}? {_WITH} (?P<others>.+))",
    re.IGNORECASE,
)
# "Saved on: 2024/01/03 09:00" in any language: a word or two, a date, a time.
_SAVED = re.compile(
    r"(?:Saved on|Save date|保存日時|保存日期|儲存日期|저장 날짜|저장한 날짜|บันทึก\S+) ?[:：].*"
    r"|[^\d\t]{2,40}(?:[RH]|令和|平成)?\d{1,4}[./年년-].{3,20}\d{1,2}:\d\d.{0,12}"
)
_NAMED = (
    "Old versions of LINE separate name and text only by a space; names were guessed from "
    "repetition. Check them with `chatmimic people`."
)


_NAMES_NOTE = (
    'Lines like "{example}" in {file} were read as date separators, because a message follows; '
    "the word beside the date is not a known weekday."
)


class Line(Importer):
    """Reads text files, one for each chat."""

    name = "line"
    title = "LINE"
    description = "LINE's exported chat histories: [LINE] Chat history with ….txt"

    def announces(self, head: Head) -> bool:
        """Whether it begins with LINE's header."""
        return first_lines(head.text, 1)[0].startswith("[LINE]")

    def knows(self, head: Head) -> bool:
        """Whether it has LINE's header, or date separators with messages below."""
        return self.announces(head) or _is_chat(first_lines(head.text, _LOOKED_AT))

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all chats, after a first pass for dates and names."""
        styles = [_scan(member, context) for member in members]
        dates = [style.dates for style in styles]
        orders = resolved_orders(dates, context.options.date_order, context.report)
        for member, style, order in zip(members, styles, orders, strict=True):
            context.report.variants["tabs" if style.names is None else "spaces"] += 1
            if style.names is not None:
                context.report.note(_NAMED)
            if style.guessed_words:
                example = f"{style.dates.first} {min(style.guessed_words)}".strip()
                context.report.note(_NAMES_NOTE.format(example=example, file=member.label))
            yield from _Chat(member, style, order, context).messages()


def _is_chat(rows: Sequence[str]) -> bool:
    """Whether messages below a date are tab-separated or, from computers, after times."""
    days = {number: day for number, row in enumerate(rows) if (day := date_separator(row))}
    tabbed = {number for number, row in enumerate(rows) if _tabbed(row)}
    if any(n + 1 in tabbed or (days[n].is_certain and n < max(tabbed, default=0)) for n in days):
        return True
    stamped = sum(_STAMP.match(row) is not None for row in rows)
    named = 0 in days and days[0].is_certain and days[0].weekday is not None
    return named and stamped * 2 > len(rows) - 1


def _tabbed(row: str) -> bool:
    found = _STAMP.match(row)
    return found is not None and found["joint"] == "\t"


@dataclass(frozen=True)
class _FileStyle:
    """The conventions of a file, from a first pass over it."""

    dates: DateSurvey
    names: Names | None  # where nothing but a space parts a name from the text
    guessed_words: frozenset[str]  # what stands beside dates, where no weekday is known

    def day(self, raw: str) -> DateSeparator | None:
        """The day of a date separator."""
        found = date_separator(raw)
        return found if found and (found.is_certain or found.words in self.guessed_words) else None


def _scan(member: Member, context: Context) -> _FileStyle:
    sure, guessed = _Days(member), _Days(member)
    names, tabs = Names(), False
    held: DateSeparator | None = None  # perhaps a day, if a message begins below it
    gap = True
    with numbered_lines(member, context, ahead=True) as rows:
        for number, raw in rows:
            day, stamp = date_separator(raw), _STAMP.match(raw)
            if day is not None and day.is_certain:
                sure.add(day)
            elif stamp is not None:
                if held is not None:
                    guessed.add(held)
                tabs = tabs or stamp["joint"] == "\t"
                if not tabs and not is_event(raw[stamp.end() :]):
                    names.add(raw[stamp.end() :])
            elif number == 1:
                names.title = _title_in(raw)
            if raw.strip():
                held = day if day is not None and (gap or number <= _ABOVE) else None
            gap = not raw.strip()
    is_guess = not sure.words and 0 < len(guessed.words) <= _MOST_WORDS
    dates = (guessed if is_guess else sure).survey
    words = frozenset(guessed.words if is_guess else ())
    return _FileStyle(dates, None if tabs else names, words)


class _Days:
    """The date separators of a file, and the words beside their dates."""

    def __init__(self, member: Member) -> None:
        self.survey = DateSurvey(member.label)
        self.words: set[str] = set()

    def add(self, day: DateSeparator) -> None:
        self.survey.add(day.numbers, day.written, day.look, day.weekday)
        if len(self.words) <= _MOST_WORDS:
            self.words.add(day.words)


class _Chat:
    """Reads one file, tracking the last date separator."""

    def __init__(self, member: Member, style: _FileStyle, order: str, context: Context) -> None:
        self._member = member
        self._style = style
        self._names = style.names
        self._order = order
        self._context = context
        self._times = Times(context)
        self._day: date | None = None
        stem = PurePosixPath(member.name).stem
        self._thread = _title_in(stem) or stem.removeprefix("[LINE]").strip() or stem

    def messages(self) -> Iterator[Message]:
        with numbered_lines(self._member, self._context) as rows:
            whole = without_blank_lines(with_quoted_lines(rows, self._text_of), self._begins)
            for number, begun, text in with_continuations(
                self._read(whole), self._context.report, self._member.name
            ):
                yield self._message(begun, text, number)

    def _read(self, rows: Iterable[tuple[int, str]]) -> Iterator[tuple[int, MessageStart | str]]:
        above = True  # no day and no message came yet
        for number, raw in rows:
            day = self._style.day(raw)
            parts = self._parts(raw)
            if day is not None:
                self._day = date_of(day.numbers, self._order)
            elif parts is not None:
                clock, name, text = parts
                yield number, MessageStart(self._day, clock, name, unquoted(text))
            elif above and number == 1 and "[LINE]" in raw[:8]:
                self._thread = _title_in(raw) or self._thread
            elif not (above and number <= _ABOVE and _SAVED.fullmatch(raw)):
                yield number, raw
            above = above and day is None and parts is None

    def _parts(self, raw: str) -> tuple[Clock, str, str] | None:
        """Time, name and text of the first line of a message; LINE itself has no name."""
        found = _STAMP.match(raw)
        if found is None or (found["joint"] == " " and self._names is None):
            return None
        period = found["before"] or found["after"]
        clock = clock_from(found["hour"], found["minute"], period=period)
        if clock is None:
            return None
        rest = raw[found.end() :]
        if self._names is not None:
            return (clock, "", rest) if is_event(rest) else (clock, *self._names.split(rest))
        name, tab, text = rest.partition("\t")
        return (clock, name, text) if tab else (clock, "", rest)

    def _text_of(self, raw: str) -> str | None:
        parts = self._parts(raw)
        return None if parts is None else parts[2]

    def _begins(self, raw: str) -> bool:
        return self._style.day(raw) is not None or self._parts(raw) is not None

    def _message(self, begun: MessageStart, text: str, number: int) -> Message:
        return Message(
            begun.sender,
            text,
            self._times.of(begun),
            kind_of(begun.sender, text, bare=self._names is not None),
            "line",
            self._thread,
            self._thread,
            begun.sender,
            source=f"{self._member.name}:{number}",
        )


def _title_in(raw: str) -> str:
    found = _TITLE.fullmatch(raw.lstrip("\ufeff").strip()[:_LONGEST_TITLE])
    of = next((of for of in found.groups() if of), "") if found else ""
    return of.strip().strip('"').strip()

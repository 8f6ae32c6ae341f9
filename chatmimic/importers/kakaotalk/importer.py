"""KakaoTalk's exported chats: text from Windows, Android and iPhone, CSV from the Mac."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePosixPath

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.kakaotalk.lines import DateSeparator, read_line, written_date
from chatmimic.importers.kakaotalk.system_messages import is_event, kind_of
from chatmimic.importers.parsing.dates.date_order import DateSurvey, resolved_orders
from chatmimic.importers.parsing.dates.dated_lines import (
    MessageStart,
    Times,
    first_lines,
    numbered_lines,
    with_continuations,
    without_blank_lines,
)
from chatmimic.importers.parsing.dates.times import parse_iso
from chatmimic.importers.parsing.tables import Shape, separated_rows
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_LOOKED_AT = 40  # lines
_SHOW_DEVICE = 2_000  # lines that show which device wrote a file; one message has hundreds at most
_MOST_NAMES = 10_000  # of one chat that are remembered; open chats have up to 3,000 members
_SAVED = re.compile(r"(?:저장한 날짜|Date Saved|Saved Date)\s?[:：]")
# The same in a language not known here: a word or two, a date, a time.
_SAVED_ELSEWHERE = re.compile(r"[^\d\t\[]{2,40}[:：] ?\d{1,4}[./年-].{3,20}\d{1,2}:\d\d.{0,12}")
_TITLE = re.compile(r".*(?:카카오톡 대화|KakaoTalk Chats?|カカオトーク).{0,200}")
_TITLES = (
    re.compile(r"(?P<of>.{1,200}?)(?: ?님과의?)?(?: \d{1,5})?(?: ?님과의?)? 카카오톡 대화"),
    re.compile(r"(?:KakaoTalk )?(?:Chats?|Talk) with (?P<of>.{1,200})"),
    re.compile(r"(?P<of>.{1,200}?)(?: with KakaoTalk| Talk) Chats"),
)
_COLUMNS = Shape(",", True, ["Date", "User", "Message"], [])
_CSV_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\"")
_MAC, _WINDOWS = "Mac", "Windows"
_CSV_NAME = re.compile(r"KakaoTalk_Chat_(?P<of>.+)_\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d")


class KakaoTalk(Importer):
    """Reads files, one for each chat, in the format and language of the device."""

    name = "kakaotalk"
    title = "KakaoTalk"
    description = "KakaoTalk's exported chats: .txt of Windows, Android and iPhone, .csv of the Mac"

    def announces(self, head: Head) -> bool:
        """Whether it begins with KakaoTalk's title, or has its save time below."""
        rows = first_lines(head.text, 3)
        if rows[0].startswith("[LINE]"):
            return False
        return _TITLE.fullmatch(rows[0]) is not None or any(map(_SAVED.match, rows))

    def knows(self, head: Head) -> bool:
        """Whether it has KakaoTalk's header, or messages in the format of a device."""
        rows = first_lines(head.text, _LOOKED_AT)
        if _is_csv(rows[0]):
            return len(rows) > 1 and _CSV_STAMP.match(rows[1]) is not None
        return self.announces(head) or _is_text(rows)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all chats, after a first pass for the date format."""
        styles = [_scan(member, context) for member in members]
        dates = [style.dates for style in styles]
        orders = resolved_orders(dates, context.options.date_order, context.report)
        for member, style, order in zip(members, styles, orders, strict=True):
            context.report.variants[style.device] += 1
            chat = _Chat(member, style, order, context)
            yield from chat.rows() if style.device == _MAC else chat.messages()


def _is_csv(row: str) -> bool:
    return row.replace('"', "").strip().split(",") == _COLUMNS.header


@dataclass(frozen=True)
class _FileStyle:
    """The conventions of a file, from a first pass over it."""

    dates: DateSurvey
    device: str
    title: str = ""  # the whole line
    clocks: bool = False  # messages begin with the time alone, below the line of their day


def _scan(member: Member, context: Context) -> _FileStyle:
    dates = DateSurvey(member.label)
    seen: Counter[str] = Counter()  # in the order of the file
    first = ""
    with numbered_lines(member, context, ahead=True) as rows:
        for number, raw in rows:
            if number == 1 and _is_csv(raw):
                return _FileStyle(dates, _MAC)
            if number == 1:
                first = raw = raw.removeprefix("\ufeff")
            if number <= 3 and _is_saved(raw):
                seen["saved"] += 1
            elif number <= _SHOW_DEVICE:
                seen[_way(raw)] += 1
            elif not dates.look:
                break
            if (written := written_date(raw)) is not None:
                dates.add(*written)
    del seen[""]
    titled = bool(seen.pop("saved", 0) or _TITLE.fullmatch(first))
    bracketed = seen["bracketed"] + seen["framed day"]
    clocked = bool(seen["day"]) and seen["clocked"] > seen["stamped"] + bracketed
    # What comes first below the title is no pasted line.
    begins = next(iter(seen), "") in ("bracketed", "framed day")
    windows = begins if titled else bracketed > max(seen["stamped"], seen["clocked"])
    device = _WINDOWS if windows else "phone"
    return _FileStyle(dates, device, first if titled else "", clocked and not windows)


def _way(raw: str) -> str:
    """The device format in which a line begins a message or day."""
    found = read_line(raw, clocks=True)
    if isinstance(found, DateSeparator):
        return "framed day" if raw[0] == "-" else "day"
    if found is None:
        return ""
    return "stamped" if found.day is not None else "bracketed" if raw[0] == "[" else "clocked"


def _is_saved(row: str) -> bool:
    return _SAVED.match(row) is not None or _SAVED_ELSEWHERE.fullmatch(row) is not None


def _is_text(rows: Sequence[str]) -> bool:
    """Whether there are messages with dates, or below date separators."""
    days: set[bool] = set()  # whether they are framed by dashes, as on Windows
    for row in rows:
        found = read_line(row, clocks=False in days)
        if isinstance(found, DateSeparator):
            days.add(row[0] == "-")
        elif found is not None and found.sender:
            stamped = found.day is not None and written_date(row) is None
            if stamped or (found.day is None and (row[0] == "[") in days):
                return True
    return False


def _titled(line: str) -> str:
    """The chat's name in its title; in an unknown language, the whole title."""
    found = next((found for title in _TITLES if (found := title.fullmatch(line))), None)
    return found["of"] if found else line


class _Chat:
    """Reads one file, tracking the last date separator."""

    def __init__(self, member: Member, style: _FileStyle, order: str, context: Context) -> None:
        self._member = member
        self._order = order
        self._clocks = style.clocks
        self._windows = style.device == _WINDOWS
        self._context = context
        self._times = Times(context)
        self._day: date | None = None  # of Windows and some iPhones: above its messages
        self._last: MessageStart | None = None
        self._names: set[str] = set()
        stem = PurePosixPath(member.name).stem
        named = _CSV_NAME.match(stem)
        self._title = style.title
        self._thread = named["of"] if named else _titled(style.title) or stem

    def messages(self) -> Iterator[Message]:
        """Yield the messages of a text file."""
        with numbered_lines(self._member, self._context) as rows:
            read = self._read(without_blank_lines(rows, self._is_day))
            for number, begun, text in with_continuations(
                read, self._context.report, self._member.name
            ):
                yield self._message(begun, text, number, kind_of(begun.sender, text))

    def _line(self, raw: str) -> DateSeparator | MessageStart | None:
        """Parse a line; lines in the format of another device are pasted text."""
        of_windows = raw[:1] in ("[", "-")
        return read_line(raw, self._order, self._clocks) if of_windows == self._windows else None

    def _is_day(self, raw: str) -> bool:
        return isinstance(self._line(raw), DateSeparator)

    def rows(self) -> Iterator[Message]:
        """Yield the messages of a CSV file."""
        with self._context.open(self._member) as stream:
            table = separated_rows(stream, self._member.label, _COLUMNS, self._context.report)
            for number, row in table:
                if number > 1:  # the header
                    yield self._of_row(row, number)

    def _of_row(self, row: Sequence[str], number: int) -> Message:
        at = parse_iso(row[0])
        day, clock = (at.date(), (at.hour, at.minute, at.second)) if at else (None, None)
        if len(row) != 3:
            return self._message(
                MessageStart(day, clock, "", ""), ",".join(row), number, Kind.OTHER
            )
        _, sender, text = row
        event = text.startswith(sender) and is_event(text, {sender})
        kind = Kind.SYSTEM if event else kind_of(sender, text)
        return self._message(MessageStart(day, clock, sender, text), text, number, kind)

    def _read(self, rows: Iterable[tuple[int, str]]) -> Iterator[tuple[int, MessageStart | str]]:
        for number, raw in rows:
            found = self._line(raw.removeprefix("\ufeff") if number == 1 else raw)
            if number == 1 and raw.removeprefix("\ufeff") == self._title:
                continue
            if number < 4 and found is None and _is_saved(raw):
                continue
            if isinstance(found, DateSeparator):
                # Elsewhere each message has its day itself.
                self._day = found.day if self._windows or self._clocks else None
            elif found is not None:
                yield number, self._begun(found)
            elif self._day is not None and is_event(raw, self._names):
                clock = self._last.clock if self._last is not None else None
                yield number, MessageStart(self._day, clock, "", raw)
            else:
                yield number, raw

    def _begun(self, found: MessageStart) -> MessageStart:
        if len(self._names) < _MOST_NAMES:
            self._names.add(found.sender)
        self._last = found if found.day else replace(found, day=self._day)
        return self._last

    def _message(self, begun: MessageStart, text: str, number: int, kind: Kind) -> Message:
        return Message(
            begun.sender,
            text,
            self._times.of(begun),
            kind,
            "kakaotalk",
            self._thread,
            self._thread,
            begun.sender,
            source=f"{self._member.name}:{number}",
        )

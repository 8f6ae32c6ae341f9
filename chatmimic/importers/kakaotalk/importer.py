"""KakaoTalk's exported chats: of Windows, Android and the iPhone as text, of the Mac as CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import PurePosixPath

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.kakaotalk.lines import DayLine, is_event, kind_of, read_line
from chatmimic.importers.parsing.dated_lines import (
    Opening,
    Times,
    first_lines,
    gathered,
    numbered_lines,
    without_gaps,
)
from chatmimic.importers.parsing.tables import Shape, separated_rows
from chatmimic.importers.parsing.times import parse_iso
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_LOOKED_AT = 40  # lines
_MOST_NAMES = 10_000  # of one chat that are remembered; open chats have up to 3,000 members
_SAVED = re.compile(r"(?:저장한 날짜|Date Saved)\s?:")
_TITLES = (
    re.compile(r"(?P<of>.{1,200}?)(?: ?님과)?(?: \d{1,5})? 카카오톡 대화"),
    re.compile(r"(?:KakaoTalk )?(?:Chats?|Talk) with (?P<of>.{1,200})"),
)
_COLUMNS = Shape(",", True, ["Date", "User", "Message"], [])
_CSV_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\"")
_CSV_NAME = re.compile(r"KakaoTalk_Chat_(?P<of>.+)_\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d")


class KakaoTalk(Importer):
    """One file a chat; each device writes it in its own way, in Korean or in English."""

    name = "kakaotalk"
    title = "KakaoTalk"
    description = "KakaoTalk's exported chats: .txt of Windows, Android and iPhone, .csv of the Mac"

    def knows(self, head: Head) -> bool:
        """KakaoTalk's own first lines, or messages as one of the devices writes them."""
        rows = first_lines(head.text, _LOOKED_AT)
        if any(_SAVED.match(row) for row in rows[:3]):
            return True
        if _is_csv(rows[0]):
            return len(rows) > 1 and _CSV_STAMP.match(rows[1]) is not None
        return _is_text(rows)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Every chat."""
        for member in members:
            with numbered_lines(member, context, ahead=True) as rows:
                first, *others = [row for _, row in islice(rows, _LOOKED_AT)] or [""]
            titled = any(_SAVED.match(row) for row in others[:2])
            context.report.variants[_device(first, others)] += 1
            chat = _Chat(member, first if titled else "", context)
            yield from chat.rows() if _is_csv(first) else chat.messages()


def _is_csv(row: str) -> bool:
    return row.replace('"', "").strip().split(",") == _COLUMNS.header


def _device(first: str, others: Sequence[str]) -> str:
    if _is_csv(first):
        return "Mac"
    return "Windows" if any(map(_is_day_of_windows, others)) else "phone"


def _is_day_of_windows(row: str) -> bool:
    return row[:1] == "-" and isinstance(read_line(row), DayLine)


def _is_text(rows: Sequence[str]) -> bool:
    """Whether somebody speaks with the day in the line, or on Windows below a line of the day."""
    day = False
    for row in rows:
        found = read_line(row)
        day = day or _is_day_of_windows(row)
        if isinstance(found, Opening) and found.sender and (found.day is not None or day):
            return True
    return False


def _titled(line: str) -> str:
    """Whom a chat is with, by its title: in a language not known here, the whole of it."""
    found = next((found for title in _TITLES if (found := title.fullmatch(line))), None)
    return found["of"] if found else line


class _Chat:
    """One file, read with the day of its last date line in mind."""

    def __init__(self, member: Member, title: str, context: Context) -> None:
        self._member = member
        self._context = context
        self._times = Times(context)
        self._day: date | None = None  # of Windows: above its messages
        self._last: Opening | None = None
        self._names: set[str] = set()
        stem = PurePosixPath(member.name).stem
        named = _CSV_NAME.match(stem)
        self._title = title  # the whole line
        self._thread = named["of"] if named else _titled(title) or stem

    def messages(self) -> Iterator[Message]:
        """The messages of a text file."""
        with numbered_lines(self._member, self._context) as rows:
            read = self._read(without_gaps(rows, lambda raw: isinstance(read_line(raw), DayLine)))
            for number, begun, text in gathered(read, self._context.report, self._member.name):
                yield self._message(begun, text, number, kind_of(begun.sender, text))

    def rows(self) -> Iterator[Message]:
        """The messages of a CSV file."""
        with self._context.open(self._member) as stream:
            table = separated_rows(stream, self._member.label, _COLUMNS, self._context.report)
            for number, row in table:
                if number > 1:  # the header
                    yield self._of_row(row, number)

    def _of_row(self, row: Sequence[str], number: int) -> Message:
        at = parse_iso(row[0])
        day, clock = (at.date(), (at.hour, at.minute, at.second)) if at else (None, None)
        if len(row) != 3:
            return self._message(Opening(day, clock, "", ""), ",".join(row), number, Kind.OTHER)
        _, sender, text = row
        event = text.startswith(sender) and is_event(text, {sender})
        kind = Kind.SYSTEM if event else kind_of(sender, text)
        return self._message(Opening(day, clock, sender, text), text, number, kind)

    def _read(self, rows: Iterable[tuple[int, str]]) -> Iterator[tuple[int, Opening | str]]:
        for number, raw in rows:
            found = read_line(raw)
            if isinstance(found, DayLine):
                # Elsewhere each message has its day itself.
                self._day = found.day if raw[0] == "-" else self._day
            elif found is not None and (found.day or self._day):
                yield number, self._begun(found)
            elif (number == 1 and raw == self._title) or (number < 4 and _SAVED.match(raw)):
                continue
            elif self._day is not None and is_event(raw, self._names):
                clock = self._last.clock if self._last is not None else None
                yield number, Opening(self._day, clock, "", raw)
            else:
                yield number, raw

    def _begun(self, found: Opening) -> Opening:
        if len(self._names) < _MOST_NAMES:
            self._names.add(found.sender)
        self._last = found if found.day else replace(found, day=self._day)
        return self._last

    def _message(self, begun: Opening, text: str, number: int, kind: Kind) -> Message:
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

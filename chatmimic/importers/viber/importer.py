"""Viber's exported chats: CSV files with date, time, name, number and text."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.parsing.dates.date_order import DateSurvey, date_of, resolved_orders
from chatmimic.importers.parsing.dates.dated_lines import (
    MessageStart,
    Times,
    first_lines,
    numbered_lines,
    with_continuations,
    with_quoted_lines,
)
from chatmimic.importers.parsing.dedup import OverlapFilter
from chatmimic.importers.parsing.owner import OWNER, note_owner
from chatmimic.importers.streams import Member
from chatmimic.importers.viber.rows import Row, is_owner, read_row
from chatmimic.importers.viber.system_messages import kind_of
from chatmimic.records import Message

_LOOKED_AT = 60  # lines
_COPY = re.compile(r" ?\(\d{1,3}\)$")  # the second download of one file
# "Messages - Ada.csv" in the languages of the table.
_TITLE = re.compile(
    r"(?:Messages|Nachrichten|Mensajes|Mensagens|Messaggi|Berichten|Wiadomości|Zprávy|Správy"
    r"|Üzenetek|Mesaje|Poruke|Mesajlar|Сообщения|Повідомлення|Съобщения|Поруке|Μηνύματα|Tin nhắn"
    r"|Mga Mensahe) - (?P<of>.+)",
    re.IGNORECASE,
)


class Viber(Importer):
    """Reads CSV files without a header, one for each chat."""

    name = "viber"
    title = "Viber"
    description = "Viber's exported chats: Messages - ….csv, a file for each chat"

    def knows(self, head: Head) -> bool:
        """Whether it has rows of date, time, name, number and text, and no header."""
        rows = first_lines(head.text, _LOOKED_AT)
        found = [row for row in map(read_row, rows) if row is not None]
        first = read_row(rows[0])
        numbered = sum(row.numbered for row in found)
        return first is not None and first.numbered and numbered * 2 > len(found)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all chats, after a first pass for their dates, without duplicates."""
        styles = [_scan(member, context) for member in members]
        orders = resolved_orders(
            [h.dates for h in styles], context.options.date_order, context.report
        )
        overlap = OverlapFilter(context.report)
        for member, style, order in zip(members, styles, orders, strict=True):
            context.report.variants["CSV"] += 1
            messages = _Chat(member, style, order, context).messages()
            yield from messages if len(members) == 1 else overlap.new_of(messages)


@dataclass
class _FileStyle:
    """The conventions of a file, from a first pass over it."""

    dates: DateSurvey
    quoted: bool = False  # whether a text with commas stands in quotation marks
    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # by number


def _scan(member: Member, context: Context) -> _FileStyle:
    style = _FileStyle(DateSurvey(member.label))
    written: Counter[bool] = Counter()
    with numbered_lines(member, context, ahead=True) as rows:
        for _, raw in rows:
            row = read_row(raw)
            if row is None:
                continue
            style.dates.add(row.numbers, row.date, row.joint, twelve_hour=row.twelve_hour)
            if row.number and not is_owner(row.name) and len(style.names[row.number]) < 2:
                style.names[row.number].add(row.name)
            if row.joint in row.text or '"' in row.text:
                written[row.text.startswith('"')] += 1
    style.quoted = written[True] > written[False]
    return style


class _Chat:
    """Reads one file with the conventions found in it."""

    def __init__(self, member: Member, style: _FileStyle, order: str, context: Context) -> None:
        self._member = member
        self._style = style
        self._order = order
        self._context = context
        self._times = Times(context)
        stem = _COPY.sub("", PurePosixPath(member.base).stem)
        title = _TITLE.fullmatch(stem)
        self._thread = title["of"] if title else stem

    def messages(self) -> Iterator[Message]:
        report, file = self._context.report, self._member.name
        with numbered_lines(self._member, self._context) as rows:
            whole = with_quoted_lines(rows, _text_of) if self._style.quoted else rows
            for number, begun, text in with_continuations(self._read(whole), report, file):
                yield self._message(begun, text, number)

    def _read(self, rows: Iterable[tuple[int, str]]) -> Iterator[tuple[int, MessageStart | str]]:
        for number, raw in rows:
            row = read_row(raw)
            yield number, raw if row is None else self._opening(row)

    def _opening(self, row: Row) -> _MessageStart:
        text = row.text
        if self._style.quoted and len(text) > 1 and text[0] == text[-1] == '"':
            text = text[1:-1].replace('""', '"')
        day = date_of(row.numbers, self._order)
        return _MessageStart(day, row.clock, row.name, text, row.number)

    def _message(self, begun: MessageStart, text: str, number: int) -> Message:
        name, key = self._sender(begun)
        return Message(
            name,
            text,
            self._times.of(begun),
            kind_of(text),
            "viber",
            self._thread,
            self._thread,
            key,
            source=f"{self._member.name}:{number}",
        )

    def _sender(self, begun: MessageStart) -> tuple[str, str]:
        """Name and key: the number, unless several people have it in the file."""
        if is_owner(begun.sender):
            note_owner(self._context.report)
            return OWNER, OWNER
        number = begun.number if isinstance(begun, _MessageStart) else ""
        alone = len(self._style.names.get(number, ())) == 1
        return begun.sender or number, number if alone else begun.sender or number


@dataclass(frozen=True, slots=True)
class _MessageStart(MessageStart):
    """The first line of a message, with the phone number."""

    number: str


def _text_of(raw: str) -> str | None:
    row = read_row(raw)
    return None if row is None else row.text

"""Any table with one message per row: CSV, TSV, JSON lines or a JSON array of objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import PurePosixPath

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.columns.objects import Row, looks_json
from chatmimic.importers.columns.roles import (
    SNIFFED,
    no_roles,
    roles_by_name,
    roles_by_option,
    sniffed_roles,
)
from chatmimic.importers.parsing.dates.times import (
    LocalClock,
    Reader,
    clock_of,
    date_in,
    reader_for,
    without_date,
)
from chatmimic.importers.parsing.json_stream.lines import json_rows
from chatmimic.importers.parsing.tables import Shape, separated_rows, shape_of
from chatmimic.importers.parsing.text_lines import decoded_head
from chatmimic.importers.streams import ByteStream, Member
from chatmimic.records import Kind, Message

SAMPLE = 1000  # rows examined before the first is yielded
_SUFFIXES = re.compile(r"(\.(csv|tsv|tab|txt|jsonl|ndjson|json|log|gz|bz2|xz))+$", re.IGNORECASE)
_SEPARATED = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}
_KINDS = {kind.value: kind for kind in Kind}

Rows = Iterator[tuple[int, Row]]


class Columns(Importer):
    """Tables whose columns are named, by their header or by `--columns`."""

    name = "columns"
    title = "table with named columns"
    description = "CSV, TSV or JSON lines with columns such as time, sender, text (see --columns)"

    def guesses(self, head: Head) -> bool:
        """Whether it is a table with a column for the sender and one for the text."""
        if head.first in ("{", "["):
            return head.columns_named or looks_json(head.text)
        shape = shape_of(head.text)
        if shape is None or head.columns_named:
            return shape is not None
        return roles_by_name(shape.header).complete or sniffed_roles(shape.sample) is not None

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read the rows of all tables."""
        for member in members:
            with context.open(member) as stream:
                yield from _Table(member, context).messages(stream)


class _Table:
    """One table: the roles of its columns, its time format, and its rows."""

    def __init__(self, member: Member, context: Context) -> None:
        self.member = member
        self.context = context
        self.report = context.report
        self.roles = SNIFFED
        self._stem = _stem(member.base)
        self._width = 0  # columns of a separated table; 0 for JSON
        self._tabs = False  # no quoting: the last column may contain tabs
        self._clock = LocalClock(context.options.tz, context.report)
        self._read_time: Reader = lambda _: None
        self._days = False  # each thread is a day named by its date, with times of day
        self._last = ("", 0)  # thread and time of the last row that had one

    def messages(self, stream: ByteStream) -> Iterator[Message]:
        """Every row as a Message."""
        text = decoded_head(self.context.source.head(self.member)) or ""
        start = text.lstrip("\ufeff \t\r\n")[:1]
        rows = (
            self._json(stream, start == "[") if start in ("{", "[") else self._plain(stream, text)
        )
        sample = list(islice(rows, SAMPLE))
        self._learn_times(sample)
        self._learn_ids(sample)
        for number, row in chain(sample, rows):
            yield self._message(number, row)

    # --- which column is what ---

    def _json(self, stream: ByteStream, array: bool) -> Rows:
        self.report.variants["JSON array" if array else "JSON lines"] += 1
        rows = json_rows(stream, self.member.label, array, self.context)
        first = next(rows, None)
        if first is None:
            return iter(())
        names = list(first[1]) if isinstance(first[1], Mapping) else []
        wanted = self.context.options.columns
        if wanted:
            self.roles = roles_by_option(wanted, names, self.member.label, by_place=False)
        else:
            self.roles = roles_by_name(names, by_place=False)
        if not self.roles.complete:
            raise no_roles(self.member.label)
        return chain([first], rows)

    def _plain(self, stream: ByteStream, text: str) -> Rows:
        shape = shape_of(text) or Shape("\t", False, [], [])
        self.report.variants[_SEPARATED[shape.delimiter]] += 1
        rows = separated_rows(stream, self.member.label, shape, self.report)
        first = next(rows, None)
        if first is None:
            return iter(())
        names = [name.removeprefix("\ufeff").strip() for name in first[1]]
        self._width = len(names)
        self._tabs = not shape.quoted
        wanted = self.context.options.columns
        if wanted:
            numbers = all(column.isdigit() and column not in names for column in wanted.values())
            headless = numbers and not roles_by_name(names).complete
            self.roles = roles_by_option(wanted, [] if headless else names, self.member.label)
        else:
            headless = not roles_by_name(names).complete
            self.roles = SNIFFED if headless else roles_by_name(names)
        return chain([first], rows) if headless else rows

    # --- times ---

    def _learn_times(self, sample: Sequence[tuple[int, Row]]) -> None:
        times = [self.roles.text_of(row, "time") for _, row in sample]
        given = [time for time in times if time.strip()]
        if sum(clock_of(time) is not None for time in given) * 2 <= len(given):
            order = self.context.options.date_order
            self._read_time = reader_for(times, self._clock, self.report, order)
            return
        threads = [self.roles.text_of(row, "thread") for _, row in sample]
        self._days = all(date_in(thread) is not None for thread in threads)
        if not self._days:
            self.report.note(f"The times in {self.member.label} have no date; they were left out.")

    def _sent_at(self, time: str, thread: str) -> int | None:
        if self._days:
            return self._clock.utc_of(date_in(thread), clock_of(time))
        at = self._read_time(time)
        last_thread, last = self._last
        if at is not None:
            if thread == last_thread and at < last:
                self.report.repairs["out of order"] += 1
            self._last = thread, at
        return at

    def _learn_ids(self, sample: Sequence[tuple[int, Row]]) -> None:
        """Drop an "id" column that repeats in different messages: it is no message id."""
        if self.context.options.columns or "id" not in self.roles.column:
            return
        seen: dict[tuple[str, str], str] = {}
        for _, row in sample:
            id_, text = (self.roles.text_of(row, role) for role in ("id", "text"))
            if id_ and seen.setdefault((self.roles.text_of(row, "thread"), id_), text) != text:
                self.roles = self.roles.without("id")
                self.report.note(
                    f'The id column of {self.member.label} has "{id_}" for several messages and '
                    "was ignored; --columns id=… names another."
                )
                return

    # --- rows ---

    def _message(self, number: int, row: Row) -> Message:
        source = f"{self.member.name}:{number}"
        even = self._padded(row) if self._width else row
        texts = None if even is None else self.roles.texts(even)
        if texts is None:
            return Message(
                "", "", None, Kind.OTHER, "columns", self._stem, self._stem, source=source
            )
        sender, text, time, thread, message_id, reply_to, sender_key, kind = texts
        if self.roles.day is not None:
            time = self.roles.text_of(even, "time")
        title = self._title(thread)
        return Message(
            sender,
            text,
            self._sent_at(time, thread),
            _KINDS.get(kind, Kind.TEXT),
            "columns",
            title,
            title,
            sender_key or sender,
            message_id,
            reply_to,
            source=source,
        )

    def _padded(self, row: Row) -> Row | None:
        """A row with as many cells as the header; None if an extra separator shifted them."""
        if isinstance(row, Mapping) or len(row) <= self._width:
            return row
        if self._tabs:
            return [*row[: self._width - 1], "\t".join(row[self._width - 1 :])]
        return None if any(cell for cell in row[self._width :]) else row

    def _title(self, thread: str) -> str:
        """The thread's name; days of one channel are one thread."""
        if self._days:
            thread = without_date(_stem(thread))
        return thread or self._stem


def _stem(name: str) -> str:
    return _SUFFIXES.sub("", PurePosixPath(name).name)

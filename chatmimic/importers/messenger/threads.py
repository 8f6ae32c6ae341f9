"""Reads the files of a thread as one, without duplicates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from chatmimic.importers.base import Context
from chatmimic.importers.messenger.dedup import Edits, ExactDedup, FuzzyDedup
from chatmimic.importers.messenger.html_page import Box, ThreadPage
from chatmimic.importers.messenger.records import (
    TextRepair,
    Writer,
    encrypted_record,
    page_record,
    plain_record,
)
from chatmimic.importers.messenger.repeated_sentences import RepeatTest
from chatmimic.importers.messenger.thread_files import Part, Shape
from chatmimic.importers.parsing.dates.chronological import oldest_first
from chatmimic.importers.parsing.dates.date_order import DateSurvey
from chatmimic.importers.parsing.dates.localized_times import WrittenTimes, parse_localized
from chatmimic.importers.parsing.html_pages import page_records
from chatmimic.importers.parsing.json_stream.stream import JsonStream
from chatmimic.importers.report import ImportOptions, ImportReport
from chatmimic.records import Message


@dataclass
class Thread:
    """The files of one thread. `fuzzy` is filled for pages that are read later."""

    parts: list[Part]
    context: Context
    orders: dict[str, str]  # page → which of three numbers is the day
    fuzzy: FuzzyDedup | None = None
    _exact: ExactDedup = field(default_factory=ExactDedup)

    def read(self) -> Iterator[Message]:
        """Yield all messages, export by export. Raises DamagedExport."""
        editions = _editions(self.parts)
        if len(editions) > 1 and any(edition[0].shape is Shape.PAGE for edition in editions):
            self.fuzzy = self.fuzzy or FuzzyDedup()
        for edition in editions:
            page = edition[0].shape is Shape.PAGE
            for message in self._classified(edition):
                if len(editions) > 1 and not self._is_new(message, page):
                    continue
                if self.fuzzy is not None:
                    self.fuzzy.add(message)
                yield message
            self._exact.next_edition()
            if self.fuzzy is not None:
                self.fuzzy.next_edition()

    def _is_new(self, message: Message, page: bool) -> bool:
        known_as = self.fuzzy if page and self.fuzzy is not None else self._exact
        if known_as.is_new(message):
            return True
        self.context.report.leave_out("duplicate", message.source)
        return False

    def _classified(self, parts: list[Part]) -> Iterator[Message]:
        """The messages, with system messages recognised and edits resolved."""
        repeats = RepeatTest()
        edits = Edits(self.context.report)
        for part in parts:
            messages = _worded(self._part(part, repeats), edits)
            if part.shape is not Shape.ENCRYPTED:  # whose order is not promised
                messages = oldest_first(messages, lambda one: one[0])
            for message, marked in messages:
                yield from repeats.released(message, marked)
        yield from repeats.rest()

    def _part(self, part: Part, repeats: RepeatTest) -> Iterator[tuple[Message, bool]]:
        report = self.context.report
        write = Writer(part.service, part.thread, part.title, part.member.name, report)
        if part.shape is Shape.PAGE:
            yield from self._page(part, repeats, write)
            return
        convert = encrypted_record if part.shape is Shape.ENCRYPTED else plain_record
        allow, mend = self.context.options.allow_truncated, TextRepair(report)
        with self.context.open(part.member) as stream:
            items = JsonStream(stream, part.member.label, "messages", report, allow)
            for item in items:
                record = convert(item, mend)
                if items.record == 1:
                    repeats.learn_people(items.beside)
                yield write.message(record, items.record), record.marked
            if items.record == 0 and not isinstance(items.beside.get("messages", []), list):
                report.note(f"{part.member.label} has no list of messages.")

    def _page(
        self, part: Part, repeats: RepeatTest, write: Writer
    ) -> Iterator[tuple[Message, bool]]:
        repeats.learn_people({"participants": list(part.outline.participants)})
        times = WrittenTimes(self.context, self.orders.get(part.member.name, "dmy"))
        page = ThreadPage(part.member.label, part.outline.path)
        for box in page_records(page, part.member, self.context):
            yield write.dated(page_record(box), box.number, _time(box, times)), False


def _worded(
    messages: Iterable[tuple[Message, bool]], edits: Edits
) -> Iterator[tuple[Message, bool]]:
    """The messages in their last version, which comes first in a file."""
    for message, marked in messages:
        worded = edits.taken(message)
        if worded is not None:
            yield worded, marked


def _time(box: Box, times: WrittenTimes) -> int | None:
    return times.of(box.time) if box.time else None


def _editions(parts: list[Part]) -> list[list[Part]]:
    """The files by export. Files of one export never overlap."""
    editions: dict[tuple[Shape, str], list[Part]] = defaultdict(list)
    for part in parts:
        editions[part.shape, part.root].append(part)
    return list(editions.values())


def numeric_dates(parts: Iterable[Part], context: Context) -> Iterator[tuple[Part, DateSurvey]]:
    """Survey the pages with numeric dates."""
    for part in parts:
        first = next(filter(None, map(parse_localized, part.outline.times)), None)
        if first is None or first.numbers is None:
            continue
        survey = DateSurvey(part.member.label)
        ahead = Context(context.source, ImportOptions(allow_truncated=True), ImportReport())
        for box in page_records(ThreadPage("", part.outline.path), part.member, ahead):
            written = parse_localized(box.time)
            if written is not None and written.numbers is not None:
                twelve_hour = box.time.rstrip(".").lower().endswith("m")
                survey.add(written.numbers, written.date, "", None, twelve_hour)
        yield part, survey

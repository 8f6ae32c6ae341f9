"""Reads Facebook's downloads of 2009 to 2018: `messages.htm`, or a page for each thread."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chatmimic.importers.base import Context
from chatmimic.importers.messenger.dedup import FuzzyDedup
from chatmimic.importers.messenger.records import Record, Writer
from chatmimic.importers.messenger.repeated_sentences import RepeatTest
from chatmimic.importers.messenger.service import MESSENGER
from chatmimic.importers.parsing.dates.chronological import threads_oldest_first
from chatmimic.importers.parsing.dates.localized_times import WrittenTimes
from chatmimic.importers.parsing.html_pages import (
    Attributes,
    PageParser,
    is_html,
    page_records,
    rendered_text,
)
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_MARKS = ('class="message_header"', 'class="user"', 'class="meta"')
_NUMBER = re.compile(r"\d{4,20}@facebook\.com")
_LABEL = re.compile(r"(?:Participants?|Conversation with) ?:? ", re.I)
_MEDIA = {"img", "video", "audio"}


@dataclass(slots=True)
class OldRecord:
    """A message on a page."""

    names: str = ""  # of its thread, as they stand there
    thread: int = 0  # number of the thread on its page
    owner: str = ""
    number: int = 0
    sender: list[str] = field(default_factory=list)
    time: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    attached: bool = False


def is_old_page(text: str) -> bool:
    """Whether the beginning of a page has messages as Facebook wrote them before 2018."""
    return is_html(text) and all(mark in text for mark in _MARKS)


class OldPage(PageParser[OldRecord]):
    """Feed it a page; a message is complete when the next begins or its thread ends."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self._owner: list[str] = []
        self._heading = 0  # depth of <h1>, while in it
        self._thread = 0  # number of the threads so far
        self._inside = -1  # depth of the thread; -1: outside
        self._names: list[str] = []
        self._record: OldRecord | None = None
        self._place: list[str] | None = None  # where the text goes
        self._header = -1  # depth of the message's header; -1: outside

    def opened(self, tag: str, given: Attributes) -> None:
        """Handle the beginning of an element, by its class."""
        depth, classes = len(self.open), given.get("class", "").split()
        if tag == "h1" and not self._thread:
            self._heading = depth + 1
        elif "thread" in classes:
            self._finish()
            self._thread, self._inside, self._names = self._thread + 1, depth, []
        elif self._inside < 0:
            return
        elif "message" in classes:
            self._finish()
            self._record = OldRecord(thread=self._thread)
            self._header = depth
        elif self._record is not None:
            self._opened_in_message(tag, classes)

    def _opened_in_message(self, tag: str, classes: list[str]) -> None:
        record = self._record
        assert record is not None
        if "user" in classes:
            self._place = record.sender
        elif "meta" in classes:
            self._place = record.time
        elif self._header < 0:
            record.attached |= tag in _MEDIA
            if tag == "p" and record.pieces:
                record.pieces.append("\u2028")

    def on_text(self, text: str) -> None:
        """Add text to the current part."""
        if self._heading:
            self._owner.append(text)
        elif self._inside >= 0 and self._record is None:
            self._names.append(text)
        elif self._place is not None:
            self._place.append(text)
        elif self._record is not None and self._header < 0:
            self._record.pieces.append(text)

    def closed(self, depth: int) -> None:
        """Handle the end of elements."""
        self._place = None
        self._heading = self._heading if depth >= self._heading else 0
        if self._header >= depth:
            self._header = -1
        if self._inside >= depth:
            self._finish()
            self._inside = -1

    def _finish(self) -> None:
        if self._record is not None:
            self._record.names = rendered_text(self._names)
            self._record.owner = rendered_text(self._owner)
            self._record.number = self.records + 1
            self.whole(self._record)
        self._record, self._place, self._header = None, None, -1


def read_old_pages(
    members: Sequence[Member], context: Context, given: Mapping[tuple[str, str], FuzzyDedup]
) -> Iterator[Message]:
    """Yield all messages of these pages, except those in other exports (`given`, by thread)."""
    numbers: set[str] = set()
    for member in members:
        page = _Page(member, context)
        for message in threads_oldest_first(page.messages()):
            if _NUMBER.fullmatch(message.sender):
                numbers.add(message.sender)
            fuzzy = given[message.service, message.thread]
            if fuzzy.is_new(message):
                if len(members) > 1:
                    fuzzy.add(message)
                yield message
            else:
                context.report.leave_out("duplicate", message.source)
        for fuzzy in given.values() if len(members) > 1 else ():
            fuzzy.next_edition()
    if numbers:
        people = "1 person is" if len(numbers) == 1 else f"{len(numbers):,} people are"
        context.report.note(
            f'{people} known by a number only ({min(numbers)}); "chatmimic people merge" gives a '
            "number a name."
        )


class _Page:
    """Reads one page, thread by thread."""

    def __init__(self, member: Member, context: Context) -> None:
        self._member = member
        self._context = context
        self._thread = 0
        self._repeats = RepeatTest()
        self._times = WrittenTimes(context)
        self._write = Writer(MESSENGER, "", "", member.name, context.report)

    def messages(self) -> Iterator[Message]:
        """Yield all messages, with system messages recognised."""
        page = OldPage(self._member.label)
        for record in page_records(page, self._member, self._context):
            if record.thread != self._thread:
                yield from self._repeats.rest()
                self._begin(record)
            time = rendered_text(record.time)
            message = self._write.dated(
                _record(record), record.number, self._times.of(time) if time else None
            )
            yield from self._repeats.released(message, marked=False)
        yield from self._repeats.rest()

    def _begin(self, record: OldRecord) -> None:
        """Begin another thread."""
        self._thread = record.thread
        self._context.report.owner = record.owner
        names = [name.strip() for name in _LABEL.sub("", record.names, count=1).split(",")]
        names = [name for name in names if name]
        others = [name for name in names if name != record.owner] or names
        title = ", ".join(others) or self._member.base
        report = self._context.report
        self._write = Writer(MESSENGER, title, title, self._member.name, report)
        self._times = WrittenTimes(self._context)
        self._repeats = RepeatTest()
        self._repeats.learn_people({"participants": names})


def _record(record: OldRecord) -> Record:
    text = rendered_text(record.pieces)
    kind = Kind.MEDIA if record.attached and not text else Kind.TEXT
    return Record(rendered_text(record.sender), text, kind=kind)

"""iMessage and SMS as exported by imessage-exporter: a text or HTML file for each chat."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import PurePosixPath

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.imessage.exported_contents import Parts, parts_of
from chatmimic.importers.imessage.exported_html import ExportedPage, is_exported_page
from chatmimic.importers.imessage.exported_text import Block, blocks_in, is_exported_text
from chatmimic.importers.parsing.dates.dated_lines import numbered_lines
from chatmimic.importers.parsing.dates.times import LocalClock, possible
from chatmimic.importers.parsing.html_pages import page_records
from chatmimic.importers.parsing.owner import OWNER, note_owner
from chatmimic.importers.parsing.text_lines import decoded_head
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message, Reaction

_GROUP = re.compile(r"(?P<of>.+) - \d{1,9}")  # a group with a name: "Engines - 12.txt"
_MOST_WAITING = 10_000  # replies whose own place in the file is still to come


class ExportedIMessage(Importer):
    """Reads text or HTML files, one for each chat, named by phone number or group."""

    name = "imessage-exporter"
    title = "iMessage (imessage-exporter)"
    description = "iMessage as imessage-exporter writes it: a .txt or .html file for each chat"

    def knows(self, head: Head) -> bool:
        """Whether it begins with a line with a time and one with a name, or is such a page."""
        return is_exported_text(head.text) or is_exported_page(head.text)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all files."""
        for member in members:
            yield from _Chat(member, context).messages(_blocks(member, context))


def _blocks(member: Member, context: Context) -> Iterator[Block]:
    page = is_exported_page(decoded_head(context.source.head(member)) or "")
    context.report.variants["HTML" if page else "text"] += 1
    if page:
        yield from page_records(ExportedPage(member.label), member, context)
        return
    with numbered_lines(member, context) as rows:
        yield from blocks_in(rows, context.report, member.name)


class _Chat:
    """Reads one file. A reply is below the message it answers, and again at its own time."""

    def __init__(self, member: Member, context: Context) -> None:
        self._file = member.name
        self._report = context.report
        self._clock = LocalClock(context.options.tz, context.report)
        self._thread = PurePosixPath(member.base).stem
        group = _GROUP.fullmatch(self._thread)
        self._title = group["of"] if group else self._thread
        self._instant: datetime | None = None
        self._seen: Counter[str] = Counter()  # of this instant
        self._waiting: dict[str, list[tuple[Block, str]]] = {}
        self._waits = 0

    def messages(self, blocks: Iterable[Block]) -> Iterator[Message]:
        """Yield all messages of a file."""
        for block in blocks:
            message = self._message(block, self._answered(block))
            yield message
            for reply in block.replies:
                self._waiting.setdefault(_key(reply), []).append((reply, message.message_id))
                self._waits += 1
            if self._waits > _MOST_WAITING:
                yield from self._left()
        yield from self._left()

    def _answered(self, block: Block) -> str:
        """The id of the message that a reply answers, if it was seen below it."""
        waiting = self._waiting.get(_key(block))
        if not waiting:
            return ""
        copy, answered = waiting.pop(0)
        self._waits -= 1
        self._report.leave_out("duplicate", f"{self._file}:{copy.number}")
        return answered

    def _left(self) -> Iterator[Message]:
        """Replies that occur only below the message they answer."""
        waiting, self._waiting, self._waits = self._waiting, {}, 0
        for replies in waiting.values():
            for reply, answered in replies:
                yield self._message(reply, answered)

    def _message(self, block: Block, answered: str) -> Message:
        at = possible(None, self._report) if block.at is None else self._clock.utc(block.at)
        source = f"{self._file}:{block.number}"
        parts = block.parts or parts_of(block.lines)
        parts = parts if not block.event else Parts(Kind.SYSTEM, block.event)
        if parts.edited:
            self._report.repairs["edit marks"] += 1
        if parts.previews:
            self._report.repairs["lines of previews"] += parts.previews
        sender = self._name(block.sender or "")
        return Message(
            sender,
            parts.text,
            at,
            parts.kind,
            "imessage",
            self._thread,
            self._title,
            sender,
            block.guid or self._id(block),
            answered if parts.kind.has_words else "",
            tuple(Reaction(emoji, self._name(who)) for emoji, who in parts.tapbacks),
            source=source,
        )

    def _id(self, block: Block) -> str:
        """The id of a message: time and name, and a number within the same second."""
        if block.at != self._instant:
            self._instant = block.at
            self._seen.clear()
        key = _key(block)
        self._seen[key] += 1
        return key if self._seen[key] == 1 else f"{key}/{self._seen[key]}"

    def _name(self, name: str) -> str:
        if name == OWNER:
            note_owner(self._report)
        return name


def _key(block: Block) -> str:
    """The key of a message: all that the file says about it."""
    at = block.at.isoformat() if block.at is not None else "-"
    return block.guid or f"{at}/{block.event or block.sender or ''}"

"""Parses text files of imessage-exporter into blocks: time, name, contents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from chatmimic.importers.imessage.exported_contents import Parts
from chatmimic.importers.imessage.exported_times import AT, moment_of
from chatmimic.importers.parsing.dates.dated_lines import MAX_MESSAGE, first_lines
from chatmimic.importers.parsing.suspicious_lines import count_if_header
from chatmimic.importers.report import ImportReport

_LOOKED_AT = 60  # lines
_READ = r"\(Read by .{1,200} after .{1,100}\)"
_HEAD = re.compile(rf"(?P<indent> {{4}})?{AT}(?: (?:{_READ}|(?P<event>\S.*)))?")
_INDENT = " " * 4  # before each line of a reply, below what it answers
_FAILED = "Unable to format announcement!"


def is_exported_text(text: str) -> bool:
    """Whether a text begins with a line with a time and one with a name; or an event."""
    rows = first_lines(text, _LOOKED_AT)
    heads = [_HEAD.fullmatch(row) for row in rows]
    if heads[0] is None or heads[0]["indent"]:
        return False
    return any(head is not None and not head["event"] for head in heads)


@dataclass
class Block:
    """A message in a file, with the replies below it."""

    at: datetime | None
    number: int  # of its first line
    sender: str | None = None  # None until its line is met
    event: str = ""  # what Messages itself says; there is no sender then
    lines: list[str] = field(default_factory=list)
    replies: list[Block] = field(default_factory=list)
    guid: str = ""  # the service's own id, where the file has it
    parts: Parts | None = None  # what the lines are, where the file says so itself
    size: int = 0

    def add(self, line: str) -> None:
        """Add a line, unless there are too many."""
        if self.size < MAX_MESSAGE:
            self.lines.append(line)
        self.size += len(line) + 1


def blocks_in(rows: Iterable[tuple[int, str]], report: ImportReport, file: str) -> Iterator[Block]:
    """Yield the top-level blocks of a file; lines outside of blocks are counted."""
    reader = _Reader(report, file)
    for number, raw in rows:
        whole = reader.add(number, raw.removeprefix("\ufeff"))
        if whole is not None:
            yield whole
    if reader.block is not None:
        yield reader.block


class _Reader:
    """Tracks the current block and the reply below it."""

    def __init__(self, report: ImportReport, file: str) -> None:
        self.block: Block | None = None
        self._reply: Block | None = None
        self._after_gap = True  # whether the line above was empty: messages begin there
        self._report = report
        self._file = file

    def add(self, number: int, raw: str) -> Block | None:
        """Add a line; returns the block that ends above it, if any."""
        after_gap, self._after_gap = self._after_gap, not raw.strip()
        head = _HEAD.fullmatch(raw)
        here = self._reply or self.block
        if here is not None and here.sender is None and not here.event:
            here.sender = raw.strip()
        elif head is not None and not head["indent"] and after_gap:
            return self._begin(Block(moment_of(head), number, event=head["event"] or ""))
        elif raw == _FAILED and after_gap:
            return self._begin(Block(None, number, event=raw))
        elif self.block is None or self.block.event:
            self._count_stray(number, raw)
        elif head is not None and head["indent"] and not head["event"]:
            self._reply = Block(moment_of(head), number)
            self.block.replies.append(self._reply)
        else:
            self._go_on(self.block, raw, after_gap, number)
        return None

    def _begin(self, block: Block) -> Block | None:
        whole, self.block, self._reply = self.block, block, None
        return whole

    def _count_stray(self, number: int, raw: str) -> None:
        if raw.strip():
            self._report.leave_out("unparsed", f"{self._file}:{number}")

    def _go_on(self, block: Block, raw: str, after_gap: bool, number: int) -> None:
        """Add a line to the reply, or to the message, which may continue below replies."""
        if self._reply is not None and raw and after_gap and not raw.startswith(_INDENT):
            self._reply = None
        count_if_header(raw, self._file, number, self._report)
        if self._reply is not None:
            self._reply.add(raw.removeprefix(_INDENT))
        else:
            block.add(raw)

"""Reading a fragment: the newest messages of a file or a paste, by the importers."""

from __future__ import annotations

import codecs
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from chatmimic.errors import ChatmimicError, UnknownFormat
from chatmimic.files import read_up_to
from chatmimic.fragment.bare import bare_lines
from chatmimic.fragment.lines import Lines, clocks, lines_like
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.records import Message

NEWEST = 2000  # messages; more than any context holds
_LINES = 2 << 20  # bytes of the end of a large text that are read
_PASTE = 256 << 20  # bytes that may come through a pipe
_HEAD = 4096
_DAY_MS = 86_400_000
_OPTIONS = ImportOptions(allow_truncated=True, allow_generated=True)
_PASTED = "the pasted text"
_READABLE = 'Lines of "Name: text" can be read, and what `chatmimic import --help` lists.'


@dataclass(frozen=True)
class Fragment:
    """The newest messages of one thread, oldest first, and how their lines are written."""

    messages: tuple[Message, ...]
    lines: Lines | None = None  # None: it is no text with a message per line

    @classmethod
    def of(cls, messages: Sequence[Message]) -> Fragment:
        """The newest of these messages. Raises ChatmimicError if none has words."""
        kept = tuple(m for m in messages if m.kind.has_words and m.text.strip() and m.sender)
        if not kept:
            raise ChatmimicError("No message has words.", "Give a piece of a chat.")
        return cls(kept[-NEWEST:])

    @property
    def service(self) -> str:
        """Where the messages are from, as the importers call it."""
        return self.messages[-1].service

    @property
    def senders(self) -> tuple[str, ...]:
        """All senders, in order of first appearance."""
        return tuple(dict.fromkeys(m.sender for m in self.messages))

    @property
    def bots(self) -> frozenset[str]:
        """The senders who are bots, according to the export."""
        return frozenset(m.sender for m in self.messages if m.is_bot)


def read_fragment(path: Path, day: int = 0) -> Fragment:
    """Read a file that the importers know, or lines of `Name: text`.

    `day` (UTC milliseconds) is the day of messages that have a time of day only. Of large files
    only the end is read where that is possible. Raises ChatmimicError if there are no messages.
    """
    if path.is_dir():
        raise ChatmimicError(f"{path} is a folder.", "Name one file, or - for standard input.")
    with _end_of(path) as end:
        messages, rows = _messages(end)
    if not messages:
        raise ChatmimicError(
            f"There are no words of anybody in {path.name}.", "Give a piece of a chat."
        )
    messages = _dated(messages, rows, day)
    return Fragment(tuple(messages), lines_like(messages, rows))


def read_pasted(stream: BinaryIO, day: int = 0) -> Fragment:
    """The same for what comes through a pipe. Raises ChatmimicError if it is empty."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, _PASTED)
        with path.open("wb") as out:
            for block in iter(lambda: stream.read(1 << 20), b""):
                if out.tell() > _PASTE:
                    raise ChatmimicError(
                        f"Standard input is larger than {_PASTE >> 20} MiB.",
                        "Pipe in the end of the chat only, e.g. with tail.",
                    )
                out.write(block)
        with path.open("rb") as read:
            if not read.read(_HEAD).strip():
                raise ChatmimicError("Standard input is empty.", "Pipe a piece of a chat in.")
        return read_fragment(path, day)


@contextmanager
def _end_of(path: Path) -> Iterator[Path]:
    """The file, or the last whole lines of a large text."""
    if not path.is_file() or path.stat().st_size <= _LINES or not _has_lines(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder, path.open("rb") as whole:
        whole.seek(-_LINES, 2)
        whole.readline()  # the rest of a line
        end = Path(folder, path.name)
        rest = whole.read()
        if not rest.strip():
            raise ChatmimicError(
                f"The last line of {path.name} is longer than {_LINES >> 20} MiB.",
                "Give a piece of a chat with a line for each message.",
            )
        end.write_bytes(rest)
        yield end


def _has_lines(path: Path) -> bool:
    """Whether a file is text that can be read from any line on: not JSON, HTML or binary."""
    with path.open("rb") as content:
        head = content.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"{"):  # JSON lines, where the first is whole
        return head.split(b"\n")[0].rstrip().endswith(b"}")
    return b"\0" not in head and not head.startswith((b"<", b"[{", b"[\n", b"PK", b"\x1f\x8b"))


def _messages(path: Path) -> tuple[list[Message], list[str]]:
    """The newest messages, and the rows of the text that they stand in, if it is one."""
    rows = _rows(path)
    try:
        kept = _newest(read_exports(path, _OPTIONS, ImportReport()))
    except UnknownFormat as error:
        kept = bare_lines(rows)
        if not kept:
            raise UnknownFormat(error.what, _READABLE) from error
    if not kept:
        return [], rows
    last = kept[-1]
    return [m for m in kept if (m.service, m.thread) == (last.service, last.thread)], rows


def _rows(path: Path) -> list[str]:
    if not path.is_file() or path.stat().st_size > 2 * _LINES:
        return []
    raw = read_up_to(path, 2 * _LINES)
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as Windows' Notepad may save
        text = raw.decode("utf-16", "replace")
    elif _has_lines(path):
        text = raw.decode("utf-8", "replace").removeprefix("\ufeff")
    else:
        return []
    return [row.rstrip("\r") for row in text.split("\n")]


def _newest(messages: Iterable[Message]) -> list[Message]:
    kept: list[Message] = []
    for message in messages:
        if message.kind.has_words and message.sender:
            kept.append(message)
        if len(kept) >= 4 * NEWEST:
            kept = _in_order(kept)[-NEWEST:]
    return _in_order(kept)[-NEWEST:]


def _in_order(messages: list[Message]) -> list[Message]:
    if any(message.sent_at is None for message in messages):
        return messages
    return sorted(messages, key=lambda message: message.sent_at or 0)


def _dated(messages: Sequence[Message], rows: Sequence[str], day: int) -> list[Message]:
    """Messages without any date, with times from their lines, on one day and those after it."""
    if any(message.sent_at is not None for message in messages):
        return list(messages)
    at, done = day // _DAY_MS * _DAY_MS, list[Message]()
    last = 0
    for message, clock in zip(messages, clocks(messages, rows), strict=True):
        if clock is None:
            return list(messages)
        at += _DAY_MS if clock < last else 0
        last = clock
        done.append(replace(message, sent_at=at + clock))
    return done

"""Chats as files: one JSON object per line, marked as generated so that no import takes it."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chatmimic.chat.session import Entry
from chatmimic.errors import ChatmimicError
from chatmimic.files import read_up_to, write_atomically
from chatmimic.generated import KEY, sentence
from chatmimic.records import Kind, Message
from chatmimic.text import clean

_LARGEST = 64 * 2**20  # bytes of a history file; a model sees a few pages at most
_LATEST = 253_402_128_000_000  # UTC ms: nearly the last day that a date can have, in any zone


@dataclass(frozen=True)
class Saved:
    """A chat as it was saved, and the mimic that answered last ("" if that is not known).

    `room` are those who answered last, the persona first, each with the name of their mimic; older
    files do not say it.
    """

    entries: tuple[Entry, ...]
    mimic: str = ""
    room: Mapping[str, str] = field(default_factory=dict)

    @property
    def mimics(self) -> set[str]:
        """The names of all mimics that answered."""
        return {self.mimic, *self.room.values()}

    @property
    def messages(self) -> list[Message]:
        """The messages, as a generator takes them."""
        return [entry.message for entry in self.entries]


def save(
    entries: Sequence[Entry], path: Path, mimic: str, room: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Write a chat to a file that only its owner can read. ChatmimicError if that fails."""
    if not path.parent.is_dir():
        raise ChatmimicError(f"There is no folder {path.parent}.", "Create it first.")
    write_atomically(path, as_lines(entries, mimic, room))


def as_lines(
    entries: Sequence[Entry], mimic: str, room: Mapping[str, str] = MappingProxyType({})
) -> str:
    """A chat with a mimic, and all in the room, as JSON, a line for each message."""
    rows = (_row(entry, mimic, room) for entry in entries)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _row(entry: Entry, mimic: str, room: Mapping[str, str]) -> dict[str, Any]:
    message = entry.message
    row: dict[str, Any] = {
        KEY: sentence(mimic),
        "sender": message.sender,
        "text": message.text,
        "thread": f"chat with {mimic}",
        "mimic": mimic,
        "mine": entry.mine,
    }
    if message.sent_at is not None:
        row["sent_at"] = message.sent_at
    if message.kind is Kind.ACTION:
        row["kind"] = "action"
    if entry.stopped:
        row["stopped"] = True
    if room:
        row["room"] = dict(room)
    return row


def read_history(path: Path) -> list[Message]:
    """Read the messages of a saved chat. ChatmimicError names the line that is invalid."""
    return read_chat(path).messages


def read_chat(path: Path, you: str = "", *, unfinished: bool = False) -> Saved:
    """Read a saved chat; where it is not said, the messages of `you` are the user's.

    With `unfinished` a last line without an end is left out: its writing was interrupted.
    ChatmimicError names the line that is invalid.
    """
    try:
        raw = read_up_to(path, _LARGEST)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        if getattr(error, "errno", None) == errno.EFBIG:
            raise ChatmimicError(
                f"{path} is too large for a history.", "Use a file with its last part only."
            ) from error
        why = getattr(error, "strerror", None) or error
        raise ChatmimicError(
            f"Cannot read {path}: {why}.", "Use a file written by /save."
        ) from error
    text = raw.decode("utf-8", "replace")
    lines = text.split("\n") if unfinished else [*text.split("\n"), ""]
    numbered = [(n, line) for n, line in enumerate(lines[:-1], 1) if line.strip()]
    rows = [_parsed(line, path, number) for number, line in numbered]
    last = rows[-1] if rows else {}
    entries = tuple(_entry(row, you) for row in rows)
    return Saved(entries, _text(last.get("mimic")), _room(last.get("room")))


def _text(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""


def _room(value: object) -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    room = {_text(person): _text(mimic) for person, mimic in pairs}
    return room if all(room) and all(room.values()) else {}


def _parsed(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
        sender, text = row["sender"], row["text"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        row, sender, text = {}, None, None
    if not isinstance(row, dict) or not isinstance(sender, str) or not isinstance(text, str):
        raise ChatmimicError(
            f'{path}, line {number}: not a JSON object with "sender" and "text".',
            "Use a file written by /save.",
        )
    return row


def _entry(row: dict[str, Any], you: str) -> Entry:
    at = row.get("sent_at")
    known = type(at) is int and 0 <= at <= _LATEST
    kind = Kind.ACTION if row.get("kind") == "action" else Kind.TEXT
    message = Message(clean(row["sender"]), clean(row["text"]), at if known else None, kind)
    mine = row.get("mine")
    return Entry(
        message,
        mine=mine if isinstance(mine, bool) else message.sender == you,
        stopped=row.get("stopped") is True,
    )

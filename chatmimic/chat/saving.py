"""Saved chats: one JSON object per line, which `chatmimic import` can read, too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chatmimic.chat.session import Entry
from chatmimic.errors import ChatmimicError
from chatmimic.files import write_atomically
from chatmimic.records import Kind, Message
from chatmimic.text import clean

_LARGEST = 64 * 2**20  # bytes of a history file; a model sees a few pages at most


def save(entries: Sequence[Entry], path: Path, thread: str) -> None:
    """Write a chat to a file that only its owner can read. ChatmimicError if that fails."""
    if not path.parent.is_dir():
        raise ChatmimicError(f"There is no folder {path.parent}.", "Create it first.")
    lines = [json.dumps(_row(entry, thread), ensure_ascii=False) for entry in entries]
    write_atomically(path, "".join(f"{line}\n" for line in lines))


def _row(entry: Entry, thread: str) -> dict[str, Any]:
    message = entry.message
    row: dict[str, Any] = {"sender": message.sender, "text": message.text, "thread": thread}
    if message.sent_at is not None:
        row["sent_at"] = message.sent_at
    if message.kind is Kind.ACTION:
        row["kind"] = "action"
    if entry.stopped:
        row["stopped"] = True
    return row


def read_history(path: Path) -> list[Message]:
    """Read the messages of a saved chat. ChatmimicError names the line that is invalid."""
    try:
        if path.stat().st_size > _LARGEST:
            raise ChatmimicError(
                f"{path} is too large for a history.", "Use a file with its last part only."
            )
        lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    except OSError as error:
        raise ChatmimicError(
            f"Cannot read {path}: {error.strerror or error}.", "Use a file written by /save."
        ) from error
    return [_message(line, path, n) for n, line in enumerate(lines, 1) if line.strip()]


def _message(line: str, path: Path, number: int) -> Message:
    try:
        row = json.loads(line)
        sender, text, sent_at = row["sender"], row["text"], row.get("sent_at")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sender = text = sent_at = None
    if not isinstance(sender, str) or not isinstance(text, str):
        raise ChatmimicError(
            f'{path}, line {number}: not a JSON object with "sender" and "text".',
            "Use a file written by /save.",
        )
    at = sent_at if isinstance(sent_at, int) and not isinstance(sent_at, bool) else None
    kind = Kind.ACTION if row.get("kind") == "action" else Kind.TEXT
    return Message(clean(sender), clean(text), at, kind)

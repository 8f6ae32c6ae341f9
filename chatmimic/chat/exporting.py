"""A chat written for people and programs, in a shape that follows from the file's suffix."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from chatmimic.errors import ChatmimicError
from chatmimic.files import write_atomically
from chatmimic.generated import KEY, sentence
from chatmimic.records import Kind, Message
from chatmimic.writing import SHAPES
from chatmimic.writing.plain import with_words

# What Markdown would take for structure; text is shown as it is.
_STRUCTURE = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&:@])")


def export(messages: Sequence[Message], path: Path, mimic: str) -> None:
    """Write a chat with a mimic, marked as generated, readable by its owner only.

    Raises ChatmimicError if the suffix is not one of `SUFFIXES`, or the file cannot be written.
    """
    write = SUFFIXES.get(path.suffix.lower())
    if write is None:
        known = ", ".join(SUFFIXES)
        raise ChatmimicError(f"{path.name} does not say what to write.", f"End it in {known}.")
    if not path.parent.is_dir():
        raise ChatmimicError(f"There is no folder {path.parent}.", "Create it first.")
    write_atomically(path, write(messages, sentence(mimic), mimic))


def _markdown(messages: Sequence[Message], mark: str, title: str) -> str:
    """A heading for each day, and a paragraph for each message."""
    del title
    parts, day = [f"> {mark}"], ""
    for message in with_words(messages):
        at = None if message.sent_at is None else datetime.fromtimestamp(message.sent_at / 1000)
        if at is not None and f"{at:%Y-%m-%d}" != day:
            day = f"{at:%Y-%m-%d}"
            parts.append(f"## {day}")
        parts.append(_paragraph(message, "" if at is None else f" {at:%H:%M}"))
    return "\n\n".join(parts) + "\n"


def _paragraph(message: Message, time: str) -> str:
    lines = [_plain(line) for line in message.text.split("\n")]
    if message.kind is Kind.ACTION:
        lines[0] = f"/me {lines[0]}"
    text = "\\\n".join(line or "&nbsp;" for line in lines)
    return f"**{_plain(message.sender)}**{time}: {text}"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _STRUCTURE.sub(r"\\\1", text.strip())


def _json(messages: Sequence[Message], mark: str, title: str) -> str:
    """One JSON object with all messages."""
    rows = [
        {"sender": m.sender, "text": m.text, "sent_at": m.sent_at, "kind": m.kind.value}
        for m in with_words(messages)
    ]
    return json.dumps({KEY: mark, "mimic": title, "messages": rows}, indent=2) + "\n"


SUFFIXES: dict[str, Callable[[Sequence[Message], str, str], str]] = {
    ".txt": SHAPES["text"].write,
    ".md": _markdown,
    ".json": _json,
    ".jsonl": SHAPES["jsonl"].write,
}

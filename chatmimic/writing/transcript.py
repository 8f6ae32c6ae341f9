"""A transcript for people to read: `[2024-05-01 12:03] Ada: hi`, later lines indented."""

from __future__ import annotations

from collections.abc import Sequence

from chatmimic.records import Kind, Message
from chatmimic.writing.plain import moment, with_words

_INDENT = "\n  "


def holds(messages: Sequence[Message]) -> list[Message]:
    """The messages as they are written."""
    return with_words(messages)


def write(messages: Sequence[Message], mark: str, title: str) -> str:
    """The lines, below one that says what they are."""
    del title
    return "".join(f"{row}\n" for row in [f"# {mark}", *map(line, holds(messages))])


def line(message: Message) -> str:
    """One message."""
    at = "" if message.sent_at is None else f"[{moment(message.sent_at):%Y-%m-%d %H:%M}] "
    action = "/me " if message.kind is Kind.ACTION else ""
    return f"{at}{message.sender}: {action}{message.text}".replace("\n", _INDENT)

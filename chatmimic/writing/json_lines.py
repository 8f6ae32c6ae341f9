"""A JSON object per line, as `chatmimic import` reads any table."""

from __future__ import annotations

import json
from collections.abc import Sequence

from chatmimic.generated import KEY
from chatmimic.records import Message
from chatmimic.writing.plain import with_words


def holds(messages: Sequence[Message]) -> list[Message]:
    """The messages as they are read back: all that have words."""
    return with_words(messages)


def write(messages: Sequence[Message], mark: str, title: str) -> str:
    """The lines; each says that it was generated."""
    return "".join(f"{line(m, mark, title)}\n" for m in holds(messages))


def line(message: Message, mark: str, title: str) -> str:
    """One message as JSON, in ASCII."""
    return json.dumps(
        {
            KEY: mark,
            "sender": message.sender,
            "text": message.text,
            "sent_at": message.sent_at,
            "kind": message.kind.value,
            "thread": message.thread or title,
        }
    )

"""What all shapes share: names on one line, texts without controls, times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chatmimic.records import Message
from chatmimic.text import clean

LONGEST_NAME = 64
LATEST = 32_503_680_000_000  # the year 3000: no later time is generated
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def with_words(messages: Iterable[Message]) -> list[Message]:
    """The messages that have words, with clean names and texts."""
    tidy = [replace(m, sender=plain_name(m.sender), text=clean(m.text)) for m in messages]
    return [message for message in tidy if message.text.strip()]


def plain_name(name: str) -> str:
    """A name on one line; "?" for an empty one."""
    return " ".join(clean(name).split()) or "?"


def moment(milliseconds: int) -> datetime:
    """UTC milliseconds as a time in UTC."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def to_seconds(milliseconds: int | None, start: int) -> int:
    """A time in whole seconds, in milliseconds; `start` where there is none."""
    return (start if milliseconds is None else milliseconds) // 1000 * 1000

"""WhatsApp's exported chat, as an iPhone writes it: `[2024-05-01, 12:03:05] Ada: hi`, in UTC."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from chatmimic.records import Kind, Message
from chatmimic.writing.plain import moment, to_seconds, with_words

_START = 1_577_880_000_000  # 2020-01-01 12:00 UTC: a chat has times, whatever happens
_NO_NAME = str.maketrans(":[]<>~", "꞉()‹›～")  # look-alikes of what parts a name from the rest
_MARKS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
# A later line that begins so could be taken for a new message; a space before it prevents that.
_LIKE_A_START = re.compile(rf"\n(?=[{_MARKS}\s]*[\[\d])")


def holds(messages: Sequence[Message]) -> list[Message]:
    """The messages as they are read back: no actions, and times in whole seconds."""
    return [_held(message) for message in with_words(messages)]


def _held(message: Message) -> Message:
    text = message.text.replace("\u200e", "").strip()
    text = _LIKE_A_START.sub("\n· ", text)
    text = f"*{text}*" if message.kind is Kind.ACTION else text
    name = " ".join(message.sender.translate(_NO_NAME).strip(_MARKS + " ").split()) or "?"
    at = to_seconds(message.sent_at, _START)
    return replace(message, sender=name, text=text, kind=Kind.TEXT, sent_at=at)


def write(messages: Sequence[Message], mark: str, title: str) -> str:
    """The chat; its first line, a notice of nobody, is the mark."""
    del title
    rows = [(m.sent_at or 0, f"{m.sender}: {m.text}") for m in holds(messages)]
    first = (rows[0][0] if rows else _START, mark)
    return "".join(f"[{moment(at):%Y-%m-%d, %H:%M:%S}] {words}\n" for at, words in [first, *rows])

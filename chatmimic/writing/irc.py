"""An IRC log: `2024-05-01 12:03:05Z <ada> hi`, a line for each line of a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chatmimic.records import Kind, Message
from chatmimic.writing.plain import LONGEST_NAME, moment, to_seconds, with_words

# Look-alikes of what a nick cannot hold: the brackets around it, and signs of rank before it.
_BRACKETS = str.maketrans("<>", "‹›")
_RANKS = str.maketrans("~&@%+!*", "～＆＠％＋！＊")


def holds(messages: Sequence[Message]) -> list[Message]:
    """The messages as they are read back: one for each line, with times in whole seconds."""
    return [
        _of_line(message, line.strip())
        for message in with_words(messages)
        for line in message.text.split("\n")
        if line.strip()
    ]


def _of_line(message: Message, line: str) -> Message:
    nick = message.sender.translate(_BRACKETS)
    nick = (nick[:1].translate(_RANKS) + nick[1:])[:LONGEST_NAME].strip()
    action = message.kind is Kind.ACTION and " " not in nick
    words = line if action or message.kind is not Kind.ACTION else f"/me {line}"
    kind = Kind.ACTION if action else Kind.TEXT
    return replace(message, sender=nick, text=words, kind=kind, sent_at=_at(message))


def _at(message: Message) -> int | None:
    return None if message.sent_at is None else to_seconds(message.sent_at, 0)


def write(messages: Sequence[Message], mark: str, title: str) -> str:
    """The log; its first line, an event, is the mark."""
    del title
    rows = holds(messages)
    first = f"{_stamp(rows[0]) if rows else ''}-!- {mark}"
    return "".join(f"{line}\n" for line in [first, *map(_line, rows)])


def _line(message: Message) -> str:
    said = f"<{message.sender}> {message.text}"
    if message.kind is Kind.ACTION:
        said = f"* {message.sender} {message.text}"
    return f"{_stamp(message)}{said}"


def _stamp(message: Message) -> str:
    if message.sent_at is None:
        return ""
    return f"{moment(message.sent_at):%Y-%m-%d %H:%M:%S}Z "

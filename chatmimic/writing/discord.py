"""DiscordChatExporter's JSON, with invented ids."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chatmimic.generated import KEY
from chatmimic.records import Kind, Message
from chatmimic.writing.plain import moment, with_words


def holds(messages: Sequence[Message]) -> list[Message]:
    """The messages as they are read back; actions are in Discord's italics."""
    return [
        replace(m, text=f"_{m.text}_", kind=Kind.TEXT) if m.kind is Kind.ACTION else m
        for m in with_words(messages)
    ]


def write(messages: Sequence[Message], mark: str, title: str) -> str:
    """The file of one channel, in ASCII."""
    rows = holds(messages)
    ids = {name: f"{n}" for n, name in enumerate(dict.fromkeys(m.sender for m in rows), 1)}
    whole = {
        KEY: mark,
        "guild": {"id": "0", "name": "Direct Messages"},
        "channel": {"id": "1", "type": "DirectGroupTextChat", "name": title},
        "messages": [_record(m, n, ids[m.sender]) for n, m in enumerate(rows, 1)],
        "messageCount": len(rows),
    }
    return json.dumps(whole, indent=2) + "\n"


def _record(message: Message, number: int, author: str) -> dict[str, Any]:
    at = None if message.sent_at is None else moment(message.sent_at)
    name = message.sender
    return {
        "id": f"{number}",
        "type": "Default",
        "timestamp": None if at is None else at.isoformat(timespec="milliseconds"),
        "content": message.text,
        "author": {"id": author, "name": name, "nickname": name, "isBot": False},
    }

"""Facebook's download of a Messenger thread: the newest message first, text encoded twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from chatmimic.generated import KEY
from chatmimic.records import Kind, Message
from chatmimic.writing.plain import with_words


def holds(messages: Sequence[Message]) -> list[Message]:
    """The messages as they are read back; actions are between stars."""
    return [
        replace(m, text=f"*{m.text}*", kind=Kind.TEXT) if m.kind is Kind.ACTION else m
        for m in with_words(messages)
    ]


def write(messages: Sequence[Message], mark: str, title: str) -> str:
    """The file `message_1.json` of a thread, in ASCII."""
    rows = holds(messages)
    people = dict.fromkeys(message.sender for message in rows)
    whole = {
        KEY: mark,
        "participants": [{"name": _twice(name)} for name in people],
        "messages": [
            {
                "sender_name": _twice(m.sender),
                "timestamp_ms": m.sent_at,
                "content": _twice(m.text),
                "type": "Generic",
            }
            for m in reversed(rows)
        ],
        "title": _twice(title),
        "thread_path": "inbox/generated_1",
    }
    return json.dumps(whole, indent=2) + "\n"


def _twice(text: str) -> str:
    """Every byte of the UTF-8 as a character of its own, as Facebook writes text."""
    return text.encode().decode("latin-1")

"""Lines of `Name: text`, which no service exports but people write, and `sample` prints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from chatmimic.dates import span_of
from chatmimic.records import Kind, Message
from chatmimic.writing.plain import LATEST

SERVICE = "text"
_LINE = re.compile(
    r"(?:\[(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d)\] )?(?P<name>[^:\n\[\]{}<>]{1,64}): (?P<text>.*)"
)


def bare_lines(rows: Sequence[str]) -> list[Message]:
    """The messages of such lines, if all are; else none. Indented lines belong to the one above."""
    messages: list[Message] = []
    for number, row in enumerate(rows, 1):
        found = _LINE.fullmatch(row)
        if found is not None and not row.startswith("  "):
            messages.append(_message(found, number))
        elif row.startswith("  ") and messages:
            messages[-1] = replace(messages[-1], text=f"{messages[-1].text}\n{row[2:]}")
        elif row.strip() and not row.startswith("# "):
            return []
    return messages


def _message(found: re.Match[str], number: int) -> Message:
    try:
        at = span_of(f"{found['at']}Z")[0] if found["at"] else None
    except ValueError:  # the 31st of February
        at = None
    at = None if at is None or at > LATEST else at
    action = found["text"].startswith("/me ")
    text = found["text"].removeprefix("/me ") if action else found["text"]
    kind = Kind.ACTION if action else Kind.TEXT
    name = found["name"].strip()
    return Message(name, text, at, kind, SERVICE, source=f":{number}")

"""Extracts the text of a record: text, poll, task list, or a page of blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chatmimic.importers.parsing.json_values import as_dict, as_list
from chatmimic.importers.parsing.json_values import text as text_of

_QUESTIONS = ("poll", "todo_list", "checklist")
_ANSWERS = ("answers", "tasks", "items")
_INLINE = ("text", "texts", "children", "content")  # the parts of a line
_HEADS = ("title", "summary", "caption")  # lines of their own
_BLOCKS = ("blocks", "items", "rows", "cells")
_DEEPEST = 40  # levels of a page; Telegram's have a few


def written(text: Any) -> str:
    """Flatten a text: a string, or a list of strings and formatted pieces."""
    if isinstance(text, str):
        return text
    return "".join(
        one if isinstance(one, str) else text_of(as_dict(one).get("text")) for one in as_list(text)
    )


def words_of(record: Mapping[str, Any]) -> str:
    """All text by the sender of a message. A page of blocks replaces the text."""
    text = written(record.get("text"))
    if "rich_message" in record and not text.strip():
        text = "\n".join(filter(str.strip, _lines(record["rich_message"])))
    lines = [
        line for name in _QUESTIONS if name in record for line in _questions(as_dict(record[name]))
    ]
    return "\n".join(filter(str.strip, [text, *lines])) if lines else text


def _questions(about: Mapping[str, Any]) -> Iterator[str]:
    """The question and answers of a poll, or the title and tasks of a list."""
    yield _inline(about.get("question")) or _inline(about.get("title"))
    for answer in next((some for name in _ANSWERS if (some := as_list(about.get(name)))), []):
        yield _inline(answer)


def _lines(block: Any, depth: int = 0) -> Iterator[str]:
    """The text of a page, block by block."""
    if depth > _DEEPEST:
        return
    if isinstance(block, list):
        for one in block:
            yield from _lines(one, depth + 1)
    elif isinstance(block, Mapping):
        for name in _HEADS:
            yield _inline(block.get(name), depth + 1)
        yield _inline(block, depth + 1)
        for name in _BLOCKS:
            yield from _lines(block.get(name), depth + 1)
    else:
        yield text_of(block)


def _inline(part: Any, depth: int = 0) -> str:
    """The text of a line, with nested parts, without that of buttons."""
    if depth > _DEEPEST:
        return ""
    if isinstance(part, list):
        return "".join(_inline(one, depth + 1) for one in part)
    if isinstance(part, Mapping):
        inner = next((part[name] for name in _INLINE if name in part), "")
        return "" if "button" in part else _inline(inner, depth + 1)
    return text_of(part)

"""The table of shapes, by the name that `--format` takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chatmimic.errors import ChatmimicError
from chatmimic.records import Message
from chatmimic.writing import discord, irc, json_lines, messenger, transcript, whatsapp


@dataclass(frozen=True)
class Shape:
    """One way to write a conversation. The names are those of the importers where there is one."""

    name: str
    holds: Callable[[Sequence[Message]], list[Message]]
    write: Callable[[Sequence[Message], str, str], str]  # messages, mark, title → the file's text


_ALL = (
    Shape("text", transcript.holds, transcript.write),
    Shape("jsonl", json_lines.holds, json_lines.write),
    Shape("irc", irc.holds, irc.write),
    Shape("whatsapp", whatsapp.holds, whatsapp.write),
    Shape("discord", discord.holds, discord.write),
    Shape("messenger", messenger.holds, messenger.write),
)
SHAPES = {shape.name: shape for shape in _ALL}
_BY_SUFFIX = {".txt": "text", ".log": "irc", ".jsonl": "jsonl", ".ndjson": "jsonl"}


def shape_named(name: str) -> Shape:
    """The shape of that name. Raises ChatmimicError."""
    if name not in SHAPES:
        known = ", ".join(SHAPES)
        raise ChatmimicError(f'Nothing is written as "{name}".', f"--format takes {known}.")
    return SHAPES[name]


def shape_for(path: Path, usual: str = "") -> Shape:
    """The shape of a file without `--format`: `usual`, else by its suffix.

    Raises ChatmimicError if the suffix says nothing.
    """
    name = usual or _BY_SUFFIX.get(path.suffix.lower(), "")
    if not name:
        raise ChatmimicError(
            f"The name {path.name} does not say how to write it.",
            f"Add --format: {', '.join(SHAPES)}.",
        )
    return SHAPES[name]

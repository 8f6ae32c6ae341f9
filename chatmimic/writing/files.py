"""Files of generated conversations, which replace nothing but earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chatmimic.generated import MARK, sentence
from chatmimic.owned_file import check_owned, write_owned
from chatmimic.records import Message
from chatmimic.writing.shapes import Shape


def check_place(path: Path, command: str) -> None:
    """Raise the error that writing would raise: before anything is generated."""
    check_owned(path, MARK, "--to", command)


def write_conversation(
    path: Path, messages: Sequence[Message], shape: Shape, mimic: str, command: str
) -> None:
    """Write a conversation that a mimic made up, marked as generated, readable by its owner only.

    Raises ChatmimicError if a file of that name exists that is not marked so.
    """
    write_owned(path, shape.write(messages, sentence(mimic), mimic), MARK, "--to", command)

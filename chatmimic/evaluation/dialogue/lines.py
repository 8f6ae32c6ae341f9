"""The lines of a text file of an evaluation, with their numbers for messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from chatmimic.errors import EvaluationError
from chatmimic.files import read_up_to
from chatmimic.text import clean

_LARGEST = 1 << 30  # bytes; the largest test sets are a thousandth of that


def read_lines(path: Path, option: str) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file, numbered from 1, made safe, without their ends.

    Raises EvaluationError, which names `option`, if the file cannot be read, is empty or no UTF-8.
    """
    try:
        content = read_up_to(path, _LARGEST)
    except OSError as error:
        raise EvaluationError(
            f"{path} cannot be read ({error.strerror or error}).", f"{option} takes a text file."
        ) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = content.count(b"\n", 0, error.start) + 1
        raise damaged(path, place, "it is not UTF-8") from error
    if not text.strip():
        raise EvaluationError(f"{path} is empty.", f"{option} takes a file with lines in it.")
    # Not splitlines: a line separator may be part of what somebody wrote.
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        yield number, clean(line.removesuffix("\r"))


def damaged(path: Path, line: int, why: str) -> EvaluationError:
    """The error for a line that cannot be used."""
    return EvaluationError(
        f"{path}, line {line}: {why}.", "docs/dialogue-metrics.md describes the format."
    )

"""Standard input, output and error as the shell left them: closed, full, or without a reader."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper


class ClosedStream(TextIOWrapper):
    """Stands for a stream that was closed when the command began: empty, or discards all text."""


def make_usable() -> None:
    """Replace streams that were closed (`<&-`) by a ClosedStream, and print any character.

    Python has None for a closed stream, and gives its number to the next file that is opened.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, _nothing(number))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # what the terminal's encoding lacks is a "?"


def _nothing(number: int) -> ClosedStream:
    opened = os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
    raw = open(number, "rb" if number == 0 else "wb")  # noqa: SIM115
    return ClosedStream(raw, encoding="utf-8")


def discard(number: int) -> None:
    """Send what is still written to standard output (1) or error (2) nowhere.

    Also keeps the interpreter from complaining when it flushes the stream at exit.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


class ReaderGone(Exception):
    """Standard output is a pipe that nobody reads any more: `chatmimic people | head -1`."""


@contextmanager
def noticing_the_reader() -> Iterator[None]:
    """Raise ReaderGone for a closed pipe.

    click and Rich would make it a SystemExit of status 1.
    """
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGone from error
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):
            raise ReaderGone from ended
        raise

"""`--to` and `--format`: generated conversations as files, shared by `sample` and `continue`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from chatmimic.cli.common import say_written
from chatmimic.generated import sentence
from chatmimic.text import visible
from chatmimic.writing import SHAPES, Shape, check_place, shape_for, write_conversation

if TYPE_CHECKING:
    from chatmimic.records import Message

Command = TypeVar("Command", bound=Callable[..., Any])


def writing_options(usual: str) -> Callable[[Command], Command]:
    """Add `--to` and `--format`; the arguments are `to` (a Path or None) and `shape` (a name)."""

    def add(command: Command) -> Command:
        file = click.Path(path_type=Path, dir_okay=False)
        command = click.option(
            "--format",
            "shape",
            metavar="NAME",
            type=click.Choice(list(SHAPES)),
            help=f"Write it as {', '.join(SHAPES)} (default: {usual}).",
        )(command)
        return click.option(
            "--to",
            metavar="FILE",
            type=file,
            help="Write the conversation to a file, marked as generated. Replaces only such files.",
        )(command)

    return add


def chosen_shape(to: Path | None, shape: str | None, usual: str = "") -> Shape | None:
    """The shape that was asked for; None: the conversation is only shown."""
    if shape is not None:
        return SHAPES[shape]
    return None if to is None else shape_for(to, usual)


def check_file(to: Path | None, command: str) -> None:
    """Complain about a file that cannot be written, and announce one that will be replaced."""
    if to is None:
        return
    check_place(to, command)
    if to.exists():
        print(visible(f"The earlier {to} will be replaced."), file=sys.stderr)


def put(
    messages: Sequence[Message], to: Path | None, shape: Shape, mimic: str, command: str
) -> None:
    """Write a conversation to a file, or print it in that shape."""
    if to is not None:
        write_conversation(to, messages, shape, mimic, command)
        say_written(to)
        return
    text = shape.write(messages, sentence(mimic), mimic)
    print(visible(text) if sys.stdout.isatty() else text, end="", flush=True)

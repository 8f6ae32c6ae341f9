"""Shared by all commands: the home, JSON output, the console, questions. Imports nothing heavy."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from chatmimic.cli.standard_streams import discard
from chatmimic.home import Home
from chatmimic.text import shown, visible

if TYPE_CHECKING:
    from rich.console import Console

INTERRUPTED = 130  # what shells report for Ctrl-C

Command = TypeVar("Command", bound=Callable[..., Any])


def _take_home(ctx: click.Context, _: click.Parameter, value: str | None) -> Home:
    return Home.find(value or (ctx.find_root().obj or {}).get("home"))


def say(words: str) -> None:
    """Print what is being done on standard error, for work that takes a while."""
    console(stderr=True).print(shown(f"{words} …"))


def waiting(words: str) -> AbstractContextManager[object]:
    """Context that shows what is being done, on a terminal only, and leaves nothing behind."""
    screen = console(stderr=True)
    if not screen.is_terminal or screen.is_dumb_terminal:
        return nullcontext()
    return screen.status(shown(f"{words} …"))


def say_written(path: Path) -> None:
    """Tell which file was written, on standard error."""
    console(stderr=True).print(shown(f"Written: {path}"), soft_wrap=True)


def home_option(command: Command) -> Command:
    """Add `--home DIR`; the command's `home` argument is a `Home`."""
    return click.option(
        "--home",
        metavar="DIR",
        callback=_take_home,
        help="Folder of the archive and the mimics (also set by CHATMIMIC_HOME).",
    )(command)


def json_option(command: Command) -> Command:
    """Add `--json`; the command's `as_json` argument is a bool."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print the result as JSON, for scripts."
    )(command)


def print_json(facts: object) -> None:
    """Print one JSON value on standard output, in ASCII, which any terminal and pipe accepts.

    Infinity and NaN, which JSON does not have, become null.
    """
    print(json.dumps(_finite(facts), ensure_ascii=True, indent=2, allow_nan=False), file=sys.stdout)


def _finite(facts: object) -> object:
    if isinstance(facts, float):
        return facts if math.isfinite(facts) else None
    if isinstance(facts, Mapping):
        return {key: _finite(value) for key, value in facts.items()}
    return list(map(_finite, facts)) if isinstance(facts, list | tuple) else facts


def console(stderr: bool = False) -> Console:
    """A Rich console that interprets neither markup nor emoji codes in what it prints."""
    from rich.console import Console, ConsoleDimensions

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            # Work goes on without a reader of its progress; Rich would end it and lose the result.
            if not stderr:
                super().on_broken_pipe()
            self.quiet = True
            discard(2)

    made = Screen(stderr=stderr, markup=False, emoji=False, highlight=False)
    if made.is_dumb_terminal:  # Rich takes any of them for 80 columns wide
        made.size = ConsoleDimensions(*shutil.get_terminal_size())
    return made


def print_table(names: str, numbers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: a column of names, then right-aligned columns of numbers."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(names, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*map(shown, row))
    console().print(table)


def ask_to_remove(what: str, yes: bool) -> None:
    """Ask for confirmation before `what` is removed, unless `yes`. Raises click.Abort for no."""
    if yes:
        return
    if not is_anybody_there():
        raise click.UsageError("Standard input is not a terminal: add --yes to confirm removal.")
    question = f"Remove {visible(what)}? This cannot be undone."
    click.confirm(question, abort=True, err=True)


def ask_which(ways: Mapping[str, str], *, default: str) -> str:
    """Show the choices, each with its meaning, and return the one that the user picks.

    A unique prefix of a choice is accepted.
    """
    widest = max(map(len, ways))
    for way, meaning in ways.items():
        click.echo(visible(f"  {way:<{max(8, widest)}}  {meaning}"), err=True)
    names = list(ways)

    def meant_by(typed: str) -> str:
        meant = [name for name in names if name.startswith(typed.strip().lower())]
        if len(meant) != 1:
            raise click.UsageError(f"Type {', '.join(names[:-1])} or {names[-1]}")
        return meant[0]

    answer: str = click.prompt("Your choice", default=default, value_proc=meant_by, err=True)
    return answer


def count_messages(count: int) -> str:
    """`1 message`, `2,313 messages`."""
    return f"{count:,} message{'' if count == 1 else 's'}"


def is_anybody_there() -> bool:
    """Whether questions can be asked: standard input is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def quoted(name: str) -> str:
    """A name quoted for a shell, to be pasted."""
    if any(char in name for char in '"$`\\!'):
        return "'" + name.replace("'", "'\\''") + "'"
    return f'"{name}"'

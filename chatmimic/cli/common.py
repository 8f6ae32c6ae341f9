"""What commands share: the home, JSON output, the console. Imports nothing heavy."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from chatmimic.home import Home
from chatmimic.text import shown, visible

if TYPE_CHECKING:
    from rich.console import Console

INTERRUPTED = 130  # what shells report for Ctrl-C

Command = TypeVar("Command", bound=Callable[..., Any])


def _take_home(ctx: click.Context, _: click.Parameter, value: str | None) -> Home:
    return Home.find(value or (ctx.find_root().obj or {}).get("home"))


def say(words: str) -> None:
    """Tell what takes its time, on standard error."""
    console(stderr=True).print(shown(f"{words} …"))


def home_option(command: Command) -> Command:
    """Add `--home DIR`; the command's `home` argument is a `Home`."""
    return click.option(
        "--home",
        metavar="DIR",
        callback=_take_home,
        help="Where the archive and the mimics live. Also CHATMIMIC_HOME.",
    )(command)


def json_option(command: Command) -> Command:
    """Add `--json`; the command's `as_json` argument is a bool."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print facts as JSON, for scripts."
    )(command)


def elsewhere(home: Home) -> str:
    """The `--home` a command needs to find this home again, where it is not found by itself."""
    return "" if home == Home.find() else f" --home {shlex.quote(str(home.path))}"


def print_json(facts: object) -> None:
    """Print one JSON value on standard output, as ASCII so that any terminal and pipe takes it."""
    print(json.dumps(facts, ensure_ascii=True, indent=2), file=sys.stdout)


def console(stderr: bool = False) -> Console:
    """The Rich console of a command: what it prints is never markup or emoji codes."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def print_table(names: str, numbers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of a name and numbers under their headings."""
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
    """Ask before something is removed for good, unless `yes` was said. Raises click's Abort."""
    if yes:
        return
    if not is_anybody_there():
        raise click.UsageError("Nobody is there to ask: add --yes to remove without a question.")
    question = f"Remove {visible(what)} for good? This cannot be undone."
    click.confirm(question, abort=True, err=True)


def ask_which(ways: Mapping[str, str], *, default: str) -> str:
    """Which of these ways somebody chooses; each is shown with what it means.

    The beginning of one will do.
    """
    widest = max(map(len, ways))
    for way, meaning in ways.items():
        click.echo(visible(f"  {way:<{max(8, widest)}} {meaning}"), err=True)
    names = list(ways)

    def meant_by(typed: str) -> str:
        meant = [name for name in names if name.startswith(typed.strip().lower())]
        if len(meant) != 1:
            raise click.UsageError(f"Say {', '.join(names[:-1])} or {names[-1]}")
        return meant[0]

    answer: str = click.prompt("Which", default=default, value_proc=meant_by, err=True)
    return answer


def count_messages(count: int) -> str:
    """`1 message`, `2,313 messages`."""
    return f"{count:,} message{'' if count == 1 else 's'}"


def is_anybody_there() -> bool:
    """Whether somebody can be asked: standard input is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def quoted(name: str) -> str:
    """A name as one can paste it into a shell."""
    if any(sign in name for sign in '"$`\\!'):
        return "'" + name.replace("'", "'\\''") + "'"
    return f'"{name}"'

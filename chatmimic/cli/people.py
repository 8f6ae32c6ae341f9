"""`chatmimic people`: who is in the archive; joining and splitting people; forgetting one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.common import (
    ask_to_remove,
    console,
    count_messages,
    home_option,
    is_anybody_there,
    json_option,
    print_json,
    quoted,
)
from chatmimic.cli.when import day, iso
from chatmimic.errors import MimicError
from chatmimic.home import Home
from chatmimic.text import shown, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from chatmimic.records import Person

_SHOWN = 100  # people in the table; a public channel has thousands
_SPANS = 12  # stretches of time in the picture of who spoke when
_BARS = " ▁▂▃▄▅▆▇█"
_PLAIN_BARS = " .:-=+*#@"  # where the terminal's encoding has no blocks
_ROOMY, _MEDIUM = 80, 44  # columns of terminal for everything, and for the dates


@click.group("people", invoke_without_command=True)
@click.option("--all", "everybody", is_flag=True, help=f"Show more than the first {_SHOWN}.")
@json_option
@home_option
@click.pass_context
def command(ctx: click.Context, everybody: bool, as_json: bool, home: Home) -> None:
    """Show who is in the archive; merge names, split them; forget a person.

    People with the same name on two services are one person; every other sender is a person
    of their own until you merge them. Of two accounts with one name the second gets a number,
    "Alex (2)". A name is taken in any case, and with a service or an account: "Alex (discord)".

    \b
    Example:
      chatmimic people
      chatmimic people merge "Ada Lovelace" ada_l
      chatmimic people split "Ada Lovelace" ada_l
      chatmimic people forget "Charles B."
    """
    ctx.ensure_object(dict)["home"] = str(home.path)
    if ctx.invoked_subcommand is None:
        _list(home, as_json, everybody)


def _list(home: Home, as_json: bool, everybody: bool) -> None:
    from chatmimic.archive import Archive

    with Archive.open(home.archive, create=False) as archive:
        people = archive.people()
        if as_json:
            print_json([_facts(person) for person in people])
            return
        if not people:
            console().print("Nobody has said anything in the archive yet.")
            return
        some = people if everybody else people[:_SHOWN]
        console().print(_table(some, archive.activity(_SPANS)))
        if len(some) < len(people):
            console().print(f"And {len(people) - len(some):,} more: --all shows them.")


def _facts(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "messages": person.messages,
        "first_at": iso(person.first_at),
        "last_at": iso(person.last_at),
        "names": list(person.names),
        "services": list(person.services),
        "accounts": list(person.accounts),
        "is_bot": person.is_bot,
    }


def _table(people: Sequence[Person], activity: dict[str, list[int]]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from chatmimic.archive import numbered

    screen = console()
    bars = bars_of(screen)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    alike = {p.name for group in numbered(people).values() for p in group}
    table.add_column("Name", overflow="fold")
    if alike:  # what tells people of one name apart
        table.add_column("Account", overflow="fold")
    table.add_column("Messages", justify="right")
    if screen.width >= _MEDIUM:
        table.add_column("First", min_width=10, no_wrap=True)
        table.add_column("Last", min_width=10, no_wrap=True)
    if screen.width >= _ROOMY:
        table.add_column("Services", overflow="fold")
        table.add_column("Activity", min_width=_SPANS, no_wrap=True)
    for person in people:
        picture = sparkline(activity.get(person.name, []), bars)
        cells = _cells(person, picture)
        if alike:
            cells.insert(1, ", ".join(person.accounts) if person.name in alike else "")
        table.add_row(*map(shown, cells[: len(table.columns)]))
    return table


def _cells(person: Person, picture: str) -> list[str]:
    name = person.name + (" (bot)" if person.is_bot else "")
    first, last = day(person.first_at), day(person.last_at)
    return [name, f"{person.messages:,}", first, last, ", ".join(person.services), picture]


def bars_of(screen: Console) -> str:
    """The bars that a terminal's encoding has."""
    return _BARS if screen.encoding.startswith("utf") else _PLAIN_BARS


def sparkline(counts: Sequence[int], bars: str = _BARS) -> str:
    """Counts as a row of bars; a space is none, and the least bar is at least one."""
    most = max(counts, default=0)
    top = len(bars) - 1
    return "".join(bars[0 if not n else max(1, round(top * n / most))] for n in counts)


@command.command("merge")
@click.argument("keep", metavar="A")
@click.argument("other", metavar="B")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@home_option
def merge(keep: str, other: str, yes: bool, as_json: bool, home: Home) -> None:
    """Join B into A: one person, called A, from now on.

    Later imports keep to it. At a terminal both are shown first, and you are asked. `people split`
    takes them apart again.

    \b
    Example:
      chatmimic people merge "Ada Lovelace" ada_l
      chatmimic people merge "Ada Lovelace" ada_l --yes
    """
    from chatmimic.archive import Archive

    with Archive.open(home.archive, create=False) as archive:
        kept, joined = archive.person(keep), archive.person(other)
        if kept != joined:
            _ask_to_merge(kept, joined, yes)
            keep, other = kept.name, joined.name
        person = archive.merge(keep, other)
    if as_json:
        print_json(_facts(person))
        return
    names = ", ".join(person.names)
    screen = console()
    screen.print(
        shown(f"{person.name} is one person now: {names} ({count_messages(person.messages)}).")
    )
    screen.print(
        shown(f"To undo it: chatmimic people split {quoted(person.name)} {quoted(joined.name)}")
    )


def _ask_to_merge(kept: Person, joined: Person, yes: bool) -> None:
    """Show both and ask. Where nobody can be asked they are joined: a split undoes it."""
    if yes or not is_anybody_there():
        return
    for person in (kept, joined):
        click.echo(visible(_introduced(person)), err=True)
    question = f"Are they one person, to be called {visible(kept.name)}?"
    click.confirm(question, abort=True, err=True)


def _introduced(person: Person) -> str:
    """A person in a line: what they said, where and when."""
    where = ", ".join(person.accounts or person.services)
    first, last = day(person.first_at), day(person.last_at)
    when = f", {first} to {last}" if person.first_at is not None else ""
    return f"  {person.name}: {count_messages(person.messages)}, {where}{when}"


@command.command("split")
@click.argument("name")
@click.argument("which", metavar="[ACCOUNT|NAME]", required=False)
@json_option
@home_option
def split(name: str, which: str | None, as_json: bool, home: Home) -> None:
    """Take apart again what a merge has joined.

    Everybody gets back what is theirs, also what was imported since. Who was joined is named as
    before the merge, or by an account ("discord 17"); it need not be said where it is only one.
    An account that has its person's name by chance can be taken off too.

    \b
    Example:
      chatmimic people split "Ada Lovelace"
      chatmimic people split "Ada Lovelace" ada_l
      chatmimic people split Alex "discord 17"
    """
    from chatmimic.archive import Archive

    with Archive.open(home.archive, create=False) as archive:
        people = archive.split(name, which)
    if as_json:
        print_json([_facts(person) for person in people])
        return
    screen = console()
    screen.print("They are two people now:")
    for person in people:
        screen.print(shown(_introduced(person)))


@command.command("forget")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@home_option
def forget(name: str, yes: bool, as_json: bool, home: Home) -> None:
    """Remove a person's messages from the archive, for good.

    This cannot be undone. Their text goes from the file and its search index; what others wrote
    about them stays. The export itself is not touched: importing it again would bring the messages
    back.

    \b
    Example:
      chatmimic people forget "Charles B."
    """
    from chatmimic.archive import Archive

    with Archive.open(home.archive, create=False) as archive:
        person = archive.person(name)
        alike = any(person in group for group in archive.namesakes())
        ask_to_remove(_whose(person, alike), yes)
        gone = archive.forget(person.name)
    holders = _mimics_that_know(home, person.names)
    if as_json:
        facts = {"name": person.name, "removed": gone, "mimics": holders}
        print_json({**facts, "runs": _has_runs(home)})
        return
    _say_forgotten(person.name, gone, holders, home)


def _whose(person: Person, alike: bool) -> str:
    """Whose messages are to be removed: with the other names, and the accounts if need be."""
    who = person.name + (f" ({', '.join(person.accounts)})" if alike else "")
    others = [name for name in person.names if name != person.name]
    also = f", also called {', '.join(others)}," if others else ""
    return f"{count_messages(person.messages)} of {who}{also}"


def _say_forgotten(name: str, gone: int, holders: Sequence[str], home: Home) -> None:
    screen = console()
    are = "is" if gone == 1 else "are"
    screen.print(shown(f"{count_messages(gone)} of {name} {are} gone from the archive."))
    for mimic in holders:
        screen.print(
            shown(
                f'The mimic "{mimic}" was trained on their words and still holds traces of them: '
                f"chatmimic mimics remove {mimic}"
            )
        )
    if _has_runs(home):
        screen.print(shown(f"Training runs in {home.runs} may hold their words too: delete them."))
    screen.print("Your export still has them: importing it again would bring them back.")


def _mimics_that_know(home: Home, names: Sequence[str]) -> list[str]:
    """The mimics whose people include one of these names."""
    from chatmimic.mimic import MANIFEST, read_mimic

    found = []
    for manifest in sorted(home.mimics.glob(f"*/{MANIFEST}")):
        try:
            mimic = read_mimic(manifest.parent)
        except MimicError:  # a damaged one may hold their words as well as a whole one
            found.append(manifest.parent.name)
            continue
        if {mimic.persona, *mimic.people} & set(names):
            found.append(mimic.name)
    return found


def _has_runs(home: Home) -> bool:
    return home.runs.is_dir() and any(home.runs.iterdir())

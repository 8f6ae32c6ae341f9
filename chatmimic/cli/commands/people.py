"""`chatmimic people`: list, merge, split and forget people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.common import (
    console,
    count_messages,
    home_option,
    is_anybody_there,
    json_option,
    print_json,
    quoted,
)
from chatmimic.cli.display.columns import Column, print_columns
from chatmimic.cli.display.dates import day, iso
from chatmimic.home import Home
from chatmimic.text import shown, visible

if TYPE_CHECKING:
    from rich.console import Console

    from chatmimic.records import Person

NOT_SCRUBBED = (
    "text of deleted messages may still be in unused parts of the archive's file, which could not "
    "be rewritten; `chatmimic doctor` says why."
)
_SHOWN = 100  # people in the table; a public channel has thousands
_SPANS = 12  # intervals in the chart of messages over time
_BARS = " ▁▂▃▄▅▆▇█"
_PLAIN_BARS = " .:-=+*#@"  # for terminals whose encoding lacks block characters
_ROOMY, _MEDIUM = 80, 44  # terminal columns needed for the whole table, and for the dates


@click.group("people", invoke_without_command=True)
@click.option("--all", "everybody", is_flag=True, help=f"Show all, not only the first {_SHOWN}.")
@json_option
@home_option
@click.pass_context
def command(ctx: click.Context, everybody: bool, as_json: bool, home: Home) -> None:
    """List the people in the archive; merge, split or forget them.

    The same name on two services is one person; all other senders are separate people until you
    merge them. If two accounts have the same name, the second gets a number: "Alex (2)". Upper and
    lower case make no difference, and a service or account may follow a name: "Alex (discord)".

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
            console().print("There are no messages in the archive yet.")
            return
        some = people if everybody else people[:_SHOWN]
        _print(some, archive.activity(_SPANS))
        if len(some) < len(people):
            console().print(f"And {len(people) - len(some):,} more: --all shows them.")
        if not archive.is_scrubbed():
            console(stderr=True).print(shown(f"Note: {NOT_SCRUBBED}"))


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


def _print(people: Sequence[Person], activity: dict[str, list[int]]) -> None:
    from chatmimic.archive import numbered

    screen = console()
    bars = bars_of(screen)
    columns = [Column("Name", folds=True), Column("Messages", right=True)]
    alike = {p.name for group in numbered(people).values() for p in group}
    if alike:  # what tells people of one name apart
        columns.insert(1, Column("Account", folds=True))
    if screen.width >= _MEDIUM:
        columns += [Column("First", least=10), Column("Last", least=10)]
    if screen.width >= _ROOMY:
        columns += [Column("Services", folds=True), Column("Activity", least=_SPANS)]
    rows = []
    for person in people:
        picture = sparkline(activity.get(person.name, []), bars)
        cells = _cells(person, picture)
        if alike:
            cells.insert(1, ", ".join(person.accounts) if person.name in alike else "")
        rows.append(cells)
    print_columns(columns, rows)


def _cells(person: Person, picture: str) -> list[str]:
    name = person.name + (" (bot)" if person.is_bot else "")
    first, last = day(person.first_at), day(person.last_at)
    return [name, f"{person.messages:,}", first, last, ", ".join(person.services), picture]


def bars_of(screen: Console) -> str:
    """The bar characters that the terminal's encoding can show."""
    return _BARS if screen.encoding.startswith("utf") else _PLAIN_BARS


def sparkline(counts: Sequence[int], bars: str = _BARS) -> str:
    """A chart of counts, a character each: a space for 0, at least the smallest bar otherwise."""
    most = max(counts, default=0)
    top = len(bars) - 1
    return "".join(bars[0 if not n else max(1, round(top * n / most))] for n in counts)


@command.command("merge")
@click.argument("keep", metavar="A")
@click.argument("other", metavar="B")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@home_option
def merge(keep: str, other: str, yes: bool, as_json: bool, home: Home) -> None:
    """Merge B into A: from now on they are one person, called A.

    Later imports follow the merge. On a terminal both are shown and you are asked to confirm.
    `people split` undoes it.

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
    screen.print(shown(f"Merged into {person.name}: {names} ({count_messages(person.messages)})."))
    screen.print(
        shown(f"To undo it: chatmimic people split {quoted(person.name)} {quoted(joined.name)}")
    )


def _ask_to_merge(kept: Person, joined: Person, yes: bool) -> None:
    """Show both people and ask. Without a terminal no question is asked: a split undoes it."""
    if yes or not is_anybody_there():
        return
    for person in (kept, joined):
        click.echo(visible(_introduced(person)), err=True)
    question = f"Merge them into one person called {visible(kept.name)}?"
    click.confirm(question, abort=True, err=True)


def _introduced(person: Person) -> str:
    """A person in one line: number of messages, accounts, dates."""
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
    """Undo a merge.

    Each person gets their own messages back, including those imported since. Give the merged person
    by the name before the merge or by an account ("discord 17"), unless there is only one. An
    account that merely has the same name as its person can be split off, too.

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
@click.option(
    "--everywhere",
    is_flag=True,
    help="Also remove the mimics, runs and chats that are listed.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@home_option
def forget(name: str, everywhere: bool, yes: bool, as_json: bool, home: Home) -> None:
    """Permanently remove a person's messages from the archive.

    This cannot be undone. Mimics, runs, chats and corpora that hold or may hold the person's words
    are listed first; --everywhere removes them too, except corpora. Then the person's messages are
    deleted from the archive and its search index, along with forwarded copies and quotes of them,
    the person's name in notices and thread titles, and sample replies of finished runs that may
    hold their words. What others wrote about the person stays. The export itself is not touched:
    importing it again brings the messages back.

    \b
    Example:
      chatmimic people forget "Charles B."
      chatmimic people forget "Charles B." --everywhere
    """
    from chatmimic.cli.forgetting import forget_person

    forget_person(home, name, everywhere=everywhere, yes=yes, as_json=as_json)

"""`chatmimic threads`: list the threads in the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.commands.people import bars_of, sparkline
from chatmimic.cli.common import console, home_option, json_option, print_json
from chatmimic.cli.display.columns import Column, print_columns
from chatmimic.cli.display.dates import day, iso
from chatmimic.cli.which_archive import corpus_option, opened
from chatmimic.home import Home

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatmimic.archive import Thread

_SHOWN = 100  # threads in the table; an account of many years has thousands
_SPANS = 12  # intervals in the chart of messages over time
# Terminal columns needed for the whole table, for all but the chart, and for the dates.
_WIDE, _ROOMY, _MEDIUM = 92, 76, 50


@click.command("threads")
@click.option("--service", metavar="NAME", help="Only threads of this service.")
@click.option("--person", metavar="NAME", help="Only threads with messages of this person.")
@click.option("--all", "every", is_flag=True, help=f"Show all, not only the first {_SHOWN}.")
@corpus_option
@json_option
@home_option
def command(
    service: str | None,
    person: str | None,
    every: bool,
    corpus: str | None,
    as_json: bool,
    home: Home,
) -> None:
    """List the threads in the archive.

    The one with the most messages comes first. A thread without a title is called after the people
    in it. `train --thread` and `search --thread` accept a title, the name of the other person, or
    the number.

    \b
    Example:
      chatmimic threads
      chatmimic threads --person "Ada Lovelace" --service messenger
    """
    with opened(home, corpus) as archive:
        found = [t for t in archive.threads(service=service, person=person) if t.messages]
        found.sort(key=lambda t: (-t.messages, t.number))
        some = archive.with_names(found if every or as_json else found[:_SHOWN])
        if as_json:
            print_json([_facts(thread) for thread in some])
            return
        if not some:
            console().print("No threads with messages.")
            return
        _print(some, archive.thread_activity(some, _SPANS))
    if len(some) < len(found):
        console().print(f"And {len(found) - len(some):,} more: --all shows them.")


def _facts(thread: Thread) -> dict[str, Any]:
    return {
        "number": thread.number,
        "called": thread.called,
        "title": thread.title,
        "with": list(thread.names),
        "service": thread.service,
        "key": thread.key,
        "messages": thread.messages,
        "people": thread.people,
        "first_at": iso(thread.first_at),
        "last_at": iso(thread.last_at),
    }


def _print(threads: Sequence[Thread], activity: Mapping[int, Sequence[int]]) -> None:
    screen = console()
    bars = bars_of(screen)
    columns = [
        Column("No.", right=True),
        Column("Thread", folds=True),
        Column("Messages", right=True),
    ]
    if screen.width >= _MEDIUM:
        columns += [Column("First", least=10), Column("Last", least=10)]
    if screen.width >= _ROOMY:
        columns += [Column("People", right=True), Column("Service", folds=True)]
    if screen.width >= _WIDE:
        columns.append(Column("Activity", least=_SPANS))
    rows = [[*_cells(one), sparkline(activity[one.number], bars)] for one in threads]
    print_columns(columns, rows)


def _cells(thread: Thread) -> list[str]:
    return [
        str(thread.number),
        thread.called,
        f"{thread.messages:,}",
        day(thread.first_at),
        day(thread.last_at),
        f"{thread.people:,}",
        thread.service,
    ]

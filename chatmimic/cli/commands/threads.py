"""`chatmimic threads`: list the threads in the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.commands.people import bars_of, sparkline
from chatmimic.cli.common import console, home_option, json_option, print_json
from chatmimic.cli.display.dates import day, iso
from chatmimic.cli.which_archive import corpus_option, opened
from chatmimic.home import Home
from chatmimic.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

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
        console().print(_table(some, archive.thread_activity(some, _SPANS)))
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


def _table(threads: Sequence[Thread], activity: Mapping[int, Sequence[int]]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    screen = console()
    bars = bars_of(screen)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("No.", justify="right")
    table.add_column("Thread", overflow="fold")
    table.add_column("Messages", justify="right")
    if screen.width >= _MEDIUM:
        table.add_column("First", min_width=10, no_wrap=True)
        table.add_column("Last", min_width=10, no_wrap=True)
    if screen.width >= _ROOMY:
        table.add_column("People", justify="right")
        table.add_column("Service", overflow="fold")
    if screen.width >= _WIDE:
        table.add_column("Activity", min_width=_SPANS, no_wrap=True)
    for thread in threads:
        cells = [*_cells(thread), sparkline(activity[thread.number], bars)]
        table.add_row(*map(shown, cells[: len(table.columns)]))
    return table


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

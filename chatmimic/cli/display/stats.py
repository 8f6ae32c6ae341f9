"""Statistics in the terminal: sparklines, and tables side by side if there is room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chatmimic.cli.commands.people import bars_of as blocks_of
from chatmimic.cli.commands.people import sparkline
from chatmimic.cli.common import console
from chatmimic.stats import wording
from chatmimic.stats.records import Activity, ArchiveStats, PersonStats, Span
from chatmimic.text import shown

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_LABEL = 12  # columns of the words before a sparkline
_PEAK = 28  # and of those behind it
_FEWEST, _MOST = 12, 120  # bars of months
_BETWEEN = 4  # columns between tables
_HOURS = "0     6     12    18"
_WEEKDAYS = "MTWTFSS"


def print_archive(stats: ArchiveStats) -> None:
    """Print the statistics of an archive."""
    screen = console()
    many = f"{wording.heading(stats.span)}, {_count(stats.conversations, 'conversation')}"
    screen.print(shown(f"{many}, {_count(stats.people, 'person', 'people')}", "bold"))
    _print_activity(screen, stats.span, stats.activity)
    _print_listings(screen, wording.archive_listings(stats))


def print_person(stats: PersonStats) -> None:
    """Print the statistics of a person."""
    screen = console()
    screen.print(shown(f"{stats.name}: {wording.heading(stats.span)}", "bold"))
    _print_activity(screen, stats.span, stats.activity)
    _print_listings(screen, wording.person_listings(stats))


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def _print_activity(screen: Console, span: Span, activity: Activity) -> None:
    screen.print(shown(wording.clock(span, activity), "dim"))
    if not activity.months:
        return
    blocks = blocks_of(screen)
    months, hours, weekdays = wording.bars_of(activity, _room(screen))
    screen.print()
    for bars, axis in ((months, months.ends), (hours, _HOURS), (weekdays, _WEEKDAYS)):
        line = f"{bars.title:<{_LABEL}}{sparkline(bars.counts, blocks)}"
        peak = f"  {bars.peak}"
        screen.print(shown(line + peak * (len(line + peak) <= screen.width)))
        screen.print(shown(" " * _LABEL + axis, "dim"))


def _room(screen: Console) -> int:
    """The number of month bars that fit."""
    return min(_MOST, max(_FEWEST, screen.width - _LABEL - _PEAK))


def _print_listings(screen: Console, listings: Sequence[wording.Listing]) -> None:
    """Print the non-empty tables, side by side if there is room."""
    from rich.table import Table

    for row in _rows(screen, [_titled(listing) for listing in listings if listing.rows]):
        grid = Table.grid(padding=(0, _BETWEEN, 0, 0))
        grid.add_row(*row)
        screen.print()
        screen.print(grid)


def _rows(screen: Console, tables: Sequence[Table]) -> list[list[Table]]:
    rows: list[list[Table]] = []
    left = 0
    for table in tables:
        width = screen.measure(table).maximum + _BETWEEN
        if width > left:
            rows.append([])
            left = screen.width + _BETWEEN
        rows[-1].append(table)
        left -= width
    return rows


def _titled(listing: wording.Listing) -> Table:
    from rich.table import Table

    whole = Table.grid()
    whole.add_row(shown(listing.title, "bold"))
    whole.add_row(_table(listing))
    return whole


def _table(listing: wording.Listing) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    headed = any(listing.headings)
    table = Table(
        box=SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        padding=(0, 1, 0, 0),
        show_header=headed,
    )
    for heading, cell in zip(listing.headings, listing.rows[0], strict=True):
        number = headed and cell[:1].isdigit()
        table.add_column(heading, justify="right" if number else "left", overflow="fold")
    for row in listing.rows:
        table.add_row(*map(shown, row))
    return table

"""The summary of an import on the screen: what was imported, what was left out, and oddities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from chatmimic.cli.commands.people import bars_of, sparkline
from chatmimic.cli.common import console, quoted
from chatmimic.cli.display.dates import day
from chatmimic.cli.display.import_json import Outcome, day_of
from chatmimic.text import shown

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from chatmimic.importers import ImportReport

_MOST_NAMESAKES = 5  # groups of people who share a name
_SPANS = 24  # intervals in the chart of messages over time


def summary(outcome: Outcome) -> RenderableType:
    """Everything that a user should know about an imported export."""
    from rich.console import Group
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, fact in _facts(outcome):
        table.add_row(label, shown(fact) if isinstance(fact, str) else fact)
    done = "Would import" if outcome.dry_run else "Imported"
    title = shown(f"{done} {outcome.path.name or outcome.path}", "bold green")
    return Group(title, "", table, "")


def _facts(outcome: Outcome) -> Iterator[tuple[str, str | Table]]:
    from chatmimic.archive import described

    report, added = outcome.report, outcome.added
    yield "Format", _format(report)
    yield "Threads", f"{added.threads:,}"
    yield "People", f"{added.people:,}"
    yield "Messages kept", f"{report.kept:,} ({added.new:,} new)" + _by_bots(report)
    yield "Left out", _left_out(report) if +report.left_out else "none"
    yield "Time span", _span(outcome)
    for silence in _silences(report):
        yield "Silence", silence
    yield "Text repairs", _counted(report.repairs) or "none needed"
    for group in added.namesakes[:_MOST_NAMESAKES]:
        yield "Same name", "; ".join(map(described, group))
    if more := len(added.namesakes[_MOST_NAMESAKES:]):
        groups = "group" if more == 1 else "groups"
        yield "Same name", f"and {more:,} more {groups} of people: see chatmimic people"
    told = {frozenset((p.name, q.name)) for group in added.namesakes for p in group for q in group}
    for one, other in added.likely:
        if frozenset((one, other)) in told:
            continue
        merge = f"chatmimic people merge {quoted(one)} {quoted(other)}"
        yield "Same person?", f"{one}, {other}: {merge}"
    for note in report.notes:
        yield "Note", note


def _format(report: ImportReport) -> str:
    from chatmimic.importers.diagnosis import understood

    shapes = [f"{shape} ({n:,})" if n > 1 else shape for shape, n in report.variants.most_common()]
    named = ": ".join(part for part in (report.format or "–", "; ".join(shapes)) if part)
    share = understood(report)
    if share == 1:
        return named
    # Rounded down, so that only all of them are shown as 100 %.
    return f"{named} ({int(share * 1000) / 10:g} % of its {report.records:,} records understood)"


def _by_bots(report: ImportReport) -> str:
    return f", {report.by_bots:,} of them by bots" if report.by_bots else ""


def _left_out(report: ImportReport) -> Table:
    """Each reason with its count and, dimmed, where it first occurred."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", style="dim")
    for reason, count in report.left_out.most_common():
        if count:
            place = report.examples.get(reason, "")
            first = f"{'first at' if count > 1 else 'at'} {place}" if place else ""
            table.add_row(shown(f"{count:,} {reason}"), shown(first))
    return table


def _counted(counts: Counter[str]) -> str:
    return "\n".join(f"{n:,} {what}" for what, n in counts.most_common() if n)


def _span(outcome: Outcome) -> str:
    added, days = outcome.added, outcome.report.days
    if added.first_at is None:
        return "no timestamps"
    span = f"{day(added.first_at)} to {day(added.last_at)}"
    if len(days) < 2:
        return span
    first, last = min(days), max(days)
    counts = [0] * _SPANS
    for number, messages in days.items():
        counts[(number - first) * _SPANS // (last - first + 1)] += messages
    return f"{span}  {sparkline(counts, bars_of(console()))}"


def _silences(report: ImportReport) -> Iterator[str]:
    from chatmimic.importers.diagnosis import silences

    for silence in silences(report.days):
        last, then = day_of(silence.last_day), day_of(silence.next_day)
        yield f"{silence.days:,} days without a message, {last} to {then}: is something missing?"

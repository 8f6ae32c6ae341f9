"""`chatmimic stats`: statistics of an archive or of a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.common import console, home_option, json_option, print_json, say_written
from chatmimic.cli.date_option import since_option, until_option
from chatmimic.cli.display.dates import iso
from chatmimic.cli.which_archive import corpus_option, opened
from chatmimic.home import Home
from chatmimic.text import shown

if TYPE_CHECKING:
    from chatmimic.archive import Archive, Scope
    from chatmimic.stats.records import ArchiveStats, PersonStats

_NOBODY = "Nobody has said anything"


@click.command("stats")
@click.argument("person", required=False)
@since_option
@until_option
@click.option("--thread", metavar="NAME", help="Only in this thread (see `chatmimic threads`).")
@click.option("--service", metavar="NAME", help="Only messages of this service.")
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write a self-contained HTML page.",
)
@click.option(
    "--plot",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write plots (SVG) to this folder; needs matplotlib.",
)
@corpus_option
@json_option
@home_option
def command(
    person: str | None,
    since: tuple[int | None, int | None],
    until: tuple[int | None, int | None],
    thread: str | None,
    service: str | None,
    html: Path | None,
    plot: Path | None,
    corpus: str | None,
    as_json: bool,
    home: Home,
) -> None:
    """Show statistics of the archive, or a person's habits.

    Without PERSON: how many messages there are, when they were sent and by whom, and who answers
    whom. With PERSON: how and when they write, how fast they reply, which words they prefer, and
    whom they talk with. A reply is a message that the service marks as one, or else the next
    person's message in the same conversation.

    \b
    Example:
      chatmimic stats
      chatmimic stats "Ada Lovelace" --since 2019
      chatmimic stats "Ada Lovelace" --html ada.html --plot ada
    """
    _check(plot)
    with opened(home, corpus) as archive:
        stats = _computed(archive, person, _scope(archive, thread, service, since[0], until[1]))
    if as_json:
        print_json(_facts(stats))
    else:
        _print(stats)
    _write(stats, html, plot)


def _check(plot: Path | None) -> None:
    """Raise ChatmimicError at once if plots cannot be drawn."""
    if plot is not None:
        from chatmimic.stats.plots import needed

        needed()


def _scope(
    archive: Archive, thread: str | None, service: str | None, since: int | None, until: int | None
) -> Scope:
    from chatmimic.archive import Scope

    return Scope(
        thread=None if thread is None else archive.thread(thread).number,
        service=None if service is None else archive.service(service),
        since=since,
        until=until,
    )


def _computed(archive: Archive, person: str | None, scope: Scope) -> ArchiveStats | PersonStats:
    if person is None:
        from chatmimic.stats.whole import archive_stats

        return archive_stats(archive, scope)
    from chatmimic.stats.person import person_stats

    return person_stats(archive, person, scope)


def _facts(stats: ArchiveStats | PersonStats) -> dict[str, Any]:
    facts = stats.as_dict()
    times = {name: iso(facts["span"][name]) for name in ("first_at", "last_at")}
    return {**facts, "span": {**facts["span"], **times}}


def _print(stats: ArchiveStats | PersonStats) -> None:
    from chatmimic.cli.display.stats import print_archive, print_person
    from chatmimic.stats.records import PersonStats

    if not stats.span.messages:
        who = f"{stats.name} has said nothing" if isinstance(stats, PersonStats) else _NOBODY
        console().print(shown(f"{who} there."))
    elif isinstance(stats, PersonStats):
        print_person(stats)
    else:
        print_archive(stats)


def _write(stats: ArchiveStats | PersonStats, html: Path | None, plot: Path | None) -> None:
    """Write the requested page and plots, and say where."""
    if html is not None:
        from chatmimic.stats.report import write_report

        write_report(html, stats)
        say_written(html)
    if plot is not None:
        from chatmimic.stats.plots import write_plots

        for file in write_plots(plot, stats):
            say_written(file)

"""`chatmimic import`: exports into the archive, and what was kept of them and what was not."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.common import console, home_option, json_option, print_json
from chatmimic.cli.when import day, iso
from chatmimic.errors import ExportError
from chatmimic.home import Home
from chatmimic.text import shown, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from chatmimic.archive import Added, Archive
    from chatmimic.importers import ImportOptions, ImportReport
    from chatmimic.records import Message

_LOOK_EVERY = 500  # messages between two looks at how far the reading is


class ImportCommand(click.Command):
    """Ends its help with the formats that can be read; they are only loaded for that."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the formats, those of other packages too."""
        from chatmimic.importers import formats

        with formatter.section("Formats, found out by content (or given with --format)"):
            formatter.write_dl([(visible(f.name), visible(f.description)) for f in formats()])


@dataclass(frozen=True)
class Outcome:
    """One export that is in the archive now."""

    path: Path
    report: ImportReport
    added: Added


@click.command("import", cls=ImportCommand)
@click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@click.option("--tz", metavar="ZONE", help="Time zone of times without one, as Europe/Berlin.")
@click.option(
    "--columns",
    metavar="ROLE=COLUMN,...",
    multiple=True,
    help="What the columns of a table are, as sender=nick,text=body,time=date.",
)
@click.option("--format", "format_", metavar="NAME", help="Read as this format (names below).")
@click.option(
    "--allow-truncated", is_flag=True, help="Keep the whole messages of a file that is cut short."
)
@click.option(
    "--date-order",
    type=click.Choice(["dmy", "mdy", "ymd"]),
    help="What 1/2/24 is (day, month, year), where the dates of a file do not show it.",
)
@click.option(
    "--corpus",
    metavar="NAME",
    help="Read into this corpus, for `chatmimic pretrain`: other people's talk, kept apart.",
)
@json_option
@home_option
def command(
    paths: tuple[Path, ...],
    tz: str | None,
    columns: tuple[str, ...],
    format_: str | None,
    allow_truncated: bool,
    date_order: str | None,
    corpus: str | None,
    as_json: bool,
    home: Home,
) -> None:
    """Read chat exports into the archive.

    PATH is what a service gave you: a file, a folder, a zip or a tar. Its format is found out.
    The same export again, or a newer one that overlaps, adds only what is new. Each PATH is
    added whole or, if anything goes wrong, not at all.

    \b
    Example:
      chatmimic import facebook-ada.zip
      chatmimic import --tz Europe/Berlin irclogs/ discord.json
      chatmimic import --columns sender=who,text=body,time=when chat.csv
      chatmimic import --corpus ubuntu ubuntu-logs.tar.xz
    """
    if corpus is not None and not corpus.strip():
        raise click.BadParameter("A corpus has a name.", param_hint="--corpus")
    from chatmimic.importers import ImportOptions

    options = ImportOptions(tz, _columns(columns), format_, allow_truncated, date_order)
    done: list[Outcome] = []
    failed: list[tuple[Path, ExportError]] = []
    with _opened_late(home.corpus(corpus) if corpus else home.archive) as archive:
        for path in paths:
            try:
                outcome = _import(path, options, archive)
            except ExportError as error:
                if len(paths) == 1:
                    raise
                failed.append((path, error))
                continue
            done.append(outcome)
            if not as_json:
                console().print(_summary(outcome))
        if as_json:
            print_json(_facts(done, failed, archive()) if done else _failures(failed))
        elif done:
            _next_step(archive(), corpus)
    if failed:
        raise _some_failed(failed, len(paths))


def _columns(given: Sequence[str]) -> dict[str, str] | None:
    pairs = [pair.partition("=") for text in given for pair in text.split(",") if pair.strip()]
    for role, _, column in pairs:
        if not role.strip() or not column.strip():
            raise click.BadParameter(
                "Write ROLE=COLUMN, as sender=nick,text=body,time=date.",
                param_hint="--columns",
            )
    return {role.strip(): column.strip() for role, _, column in pairs} or None


@contextlib.contextmanager
def _opened_late(where: Path) -> Iterator[Callable[[], Archive]]:
    """The archive, opened when it is first asked for: a path that is no export makes none."""
    from chatmimic.archive import Archive

    with contextlib.ExitStack() as stack:
        opened: list[Archive] = []

        def archive() -> Archive:
            if not opened:
                opened.append(stack.enter_context(Archive.open(where)))
            return opened[0]

        yield archive


def _import(path: Path, options: ImportOptions, archive: Callable[[], Archive]) -> Outcome:
    from chatmimic.importers import ImportReport, read_exports

    report = ImportReport()
    messages = read_exports(path, options, report)
    with _progress(path, report) as watched:
        first = next(messages, None)  # a format nobody knows is said before anything is made
        rest = messages if first is None else chain([first], messages)
        added = archive().add(watched(rest))
    return Outcome(path, report, added)


@contextlib.contextmanager
def _progress(
    path: Path, report: ImportReport
) -> Iterator[Callable[[Iterable[Message]], Iterator[Message]]]:
    """A bar on standard error, when that is a terminal, that follows the bytes read."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    screen = console(stderr=True)
    name = Column(no_wrap=True, overflow="ellipsis", max_width=32)
    bar = Progress(
        TextColumn("{task.description}", markup=False, table_column=name),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%", markup=False),
        TimeRemainingColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )
    with bar:
        task = bar.add_task("Opening the archive", total=None)

        def watched(messages: Iterable[Message]) -> Iterator[Message]:
            bar.update(task, description=visible(path.name or str(path)))
            for number, message in enumerate(messages):
                if number % _LOOK_EVERY == 0:
                    total = report.bytes_total or None
                    bar.update(task, total=total, completed=report.bytes_read)
                yield message

        yield watched


def _summary(outcome: Outcome) -> RenderableType:
    from rich.console import Group
    from rich.table import Table

    report, added = outcome.report, outcome.added
    facts = [
        ("Format", report.format or "–"),
        ("Threads", f"{added.threads:,}"),
        ("People", f"{added.people:,}"),
        ("Messages kept", f"{report.kept:,} ({added.new:,} new)"),
        ("Left out", _counted(report.left_out) or "none"),
        ("Time span", _span(added)),
        ("Text repairs", _counted(report.repairs) or "none needed"),
        *(("Note", note) for note in report.notes),
    ]
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, fact in facts:
        table.add_row(label, shown(fact))
    title = shown(f"Imported {outcome.path.name or outcome.path}", "bold green")
    return Group(title, "", table, "")


def _counted(counts: Counter[str]) -> str:
    return "\n".join(f"{n:,} {what}" for what, n in counts.most_common() if n)


def _span(added: Added) -> str:
    if added.first_at is None:
        return "no times in it"
    return f"{day(added.first_at)} to {day(added.last_at)}"


def _next_step(archive: Archive, corpus: str | None) -> None:
    talkers = [person for person in archive.people() if not person.is_bot]
    screen = console()
    if not talkers:
        screen.print("Nobody has said anything in the archive yet.")
        return
    if corpus:
        screen.print(shown(f"Next: chatmimic pretrain --corpus {_quoted(corpus)}"))
        return
    screen.print(shown(f"Next: chatmimic train --persona {_quoted(talkers[0].name)}"))


def _quoted(name: str) -> str:
    """A name as one can paste it into a shell."""
    if any(sign in name for sign in '"$`\\!'):
        return "'" + name.replace("'", "'\\''") + "'"
    return f'"{name}"'


def _facts(
    done: Sequence[Outcome], failed: Sequence[tuple[Path, ExportError]], archive: Archive
) -> dict[str, Any]:
    exports = [_export_facts(outcome) for outcome in done]
    if len(done) == 1 and not failed:
        return exports[0]
    threads, people = archive.touched()
    firsts = [o.added.first_at for o in done if o.added.first_at is not None]
    lasts = [o.added.last_at for o in done if o.added.last_at is not None]
    return {
        "format": ", ".join(dict.fromkeys(o.report.format for o in done)),
        "kept": sum(o.report.kept for o in done),
        "new": sum(o.added.new for o in done),
        "left_out": dict(sum((o.report.left_out for o in done), Counter[str]())),
        "threads": threads,
        "people": people,
        "first_at": iso(min(firsts, default=None)),
        "last_at": iso(max(lasts, default=None)),
        "repairs": dict(sum((o.report.repairs for o in done), Counter[str]())),
        "notes": [note for o in done for note in o.report.notes],
        "exports": exports,
        **_failures(failed),
    }


def _export_facts(outcome: Outcome) -> dict[str, Any]:
    report, added = outcome.report, outcome.added
    return {
        "path": str(outcome.path),
        "format": report.format,
        "kept": report.kept,
        "new": added.new,
        "left_out": dict(+report.left_out),
        "threads": added.threads,
        "people": added.people,
        "first_at": iso(added.first_at),
        "last_at": iso(added.last_at),
        "repairs": dict(+report.repairs),
        "notes": list(report.notes),
    }


def _failures(failed: Sequence[tuple[Path, ExportError]]) -> dict[str, Any]:
    return {"failed": [{"path": str(path), "error": str(error)} for path, error in failed]}


def _some_failed(failed: Sequence[tuple[Path, ExportError]], total: int) -> ExportError:
    reasons = " ".join(f"{path.name}: {error}" for path, error in failed)
    return ExportError(
        f"{len(failed)} of {total} exports could not be imported. {reasons}",
        "The others are in the archive." if len(failed) < total else "",
    )

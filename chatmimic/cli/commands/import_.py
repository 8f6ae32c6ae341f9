"""`chatmimic import`: read exports into the archive, and report what was kept and left out."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatmimic.bases import option_that_works
from chatmimic.cli.common import (
    console,
    home_option,
    json_option,
    print_json,
    quoted,
)
from chatmimic.cli.display.import_json import Outcome, to_json
from chatmimic.cli.display.import_progress import progress
from chatmimic.cli.display.import_summary import summary
from chatmimic.cli.display.redaction import redaction_json, redaction_table
from chatmimic.cli.import_privacy import file_of, lazy_filter, names_in, scan_exports
from chatmimic.cli.options import settings_among, settings_options
from chatmimic.cli.report_file import check_report, write_report
from chatmimic.errors import ExportError
from chatmimic.home import Home
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.privacy import PrivacyOptions
from chatmimic.text import shown, visible

if TYPE_CHECKING:
    from chatmimic.archive import Archive
    from chatmimic.privacy import PrivacyFilter


class ImportCommand(click.Command):
    """A command whose help ends with the list of formats, which are imported only for that."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the formats, including those of other packages."""
        from chatmimic.importers import formats

        with formatter.section("Formats, detected from the content (or given with --format)"):
            formatter.write_dl([(visible(f.name), visible(f.description)) for f in formats()])


@click.command("import", cls=ImportCommand)
@click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@settings_options(ImportOptions)
@click.option(
    "--columns",
    metavar="ROLE=COLUMN,...",
    multiple=True,
    help="Columns of a table by role, e.g. sender=nick,text=body,time=date.",
)
@settings_options(PrivacyOptions)
@click.option(
    "--redact-report", is_flag=True, help="Show what --redact would replace, and import nothing."
)
@click.option(
    "--corpus",
    metavar="NAME",
    help="Import into this corpus for `chatmimic pretrain`, not into your archive.",
)
@click.option("--dry-run", is_flag=True, help="Read and report, but do not change the archive.")
@click.option(
    "--report",
    "report_to",
    metavar="FILE.json",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the full report to this file.",
)
@json_option
@home_option
def command(
    paths: tuple[Path, ...],
    columns: tuple[str, ...],
    redact_report: bool,
    corpus: str | None,
    dry_run: bool,
    report_to: Path | None,
    as_json: bool,
    home: Home,
    **requested: Any,
) -> None:
    """Import chat exports into the archive.

    PATH is an export as you got it from the service: a file, a folder, or a zip or tar archive,
    nested ones included. Formats are detected from the content. Importing the same export again, or
    a newer one that overlaps it, adds only what is new. Each PATH is imported completely or, if
    anything goes wrong, not at all.

    \b
    Example:
      chatmimic import facebook-ada.zip
      chatmimic import --dry-run facebook-ada.zip
      chatmimic import --tz Europe/Berlin irclogs/ discord.json
      chatmimic import --columns sender=who,text=body,time=when chat.csv
      chatmimic import --redact --exclude "Charles B." WhatsApp-chat.txt
      chatmimic import --corpus ubuntu ubuntu-logs.tar.xz
    """
    if corpus is not None and not corpus.strip():
        raise click.BadParameter("A corpus needs a name.", param_hint="--corpus")
    if report_to is not None:
        check_report(report_to)
    options = settings_among(ImportOptions, requested, columns=_columns(columns))
    privacy = settings_among(PrivacyOptions, requested)
    if redact_report:
        privacy, dry_run = dataclasses.replace(privacy, redact=True), True
    run = _Import(home, options, privacy, corpus, dry_run)
    _finish(run, paths, report_to, as_json)


@dataclass(frozen=True)
class _Import:
    """The options of one `chatmimic import`."""

    home: Home
    options: ImportOptions
    privacy: PrivacyOptions
    corpus: str | None
    dry_run: bool

    def privacy_filter(self) -> Callable[[], PrivacyFilter] | None:
        """A function that makes the privacy filter on its first call; None if none is needed."""
        if not self.privacy:
            return None
        known = (
            functools.partial(names_in, self.home, self.corpus) if self.privacy.exclude else tuple
        )
        return lazy_filter(self.privacy, known, self.home, self.dry_run)


def _finish(run: _Import, paths: Sequence[Path], report_to: Path | None, as_json: bool) -> None:
    """Import every path and report. Raises ExportError if one could not be imported."""
    done: list[Outcome] = []
    failed: list[tuple[Path, ExportError]] = []
    privacy_filter = run.privacy_filter()
    if privacy_filter is not None and run.privacy.exclude and len(paths) > 1:
        scan_exports(paths, run.options, privacy_filter)
    with _opened_late(run.home, run.corpus, run.dry_run) as archive:
        for path in paths:
            try:
                outcome = _import(path, run, archive, privacy_filter)
            except ExportError as error:
                if len(paths) == 1:
                    raise
                failed.append((path, error))
                continue
            done.append(outcome)
            if not as_json:
                console().print(summary(outcome))
        result = to_json(done, failed, archive() if done else None)
        redacted = privacy_filter() if privacy_filter and run.privacy.redact and done else None
        if redacted is not None:
            result["redacted"] = redaction_json(redacted)
        if report_to is not None:
            write_report(report_to, result)
        if as_json:
            print_json(result)
        elif done:
            if redacted is not None:
                console().print(redaction_table(redacted))
            _next_step(archive(), run)
    if failed:
        raise _some_failed(failed, len(paths), run.dry_run)


def _columns(given: Sequence[str]) -> dict[str, str] | None:
    pairs = [pair.partition("=") for text in given for pair in text.split(",") if pair.strip()]
    for role, _, column in pairs:
        if not role.strip() or not column.strip():
            raise click.BadParameter(
                "Write ROLE=COLUMN, e.g. sender=nick,text=body,time=date.",
                param_hint="--columns",
            )
    return {role.strip(): column.strip() for role, _, column in pairs} or None


@contextlib.contextmanager
def _opened_late(home: Home, corpus: str | None, dry_run: bool) -> Iterator[Callable[[], Archive]]:
    """The archive or corpus, opened on first use, so that a bad export does not create one.

    A dry run does not create one either, but uses a temporary one.
    """
    from chatmimic.archive import Archive

    with contextlib.ExitStack() as stack:
        opened: list[Archive] = []

        def archive() -> Archive:
            if not opened:
                where = home.archive if corpus is None else file_of(home, corpus, dry_run)
                if dry_run and not where.exists():
                    where = Path(stack.enter_context(tempfile.TemporaryDirectory()), where.name)
                opened.append(stack.enter_context(Archive.open(where)))
            return opened[0]

        yield archive


def _import(
    path: Path,
    run: _Import,
    archive: Callable[[], Archive],
    privacy_filter: Callable[[], PrivacyFilter] | None,
) -> Outcome:
    from chatmimic.archive import Origin

    report = ImportReport()
    messages = read_exports(path, run.options, report)

    def origin() -> Origin:
        if privacy_filter is None:
            return Origin.of(path, report.format, report.owner)
        return Origin.of(
            None, report.format, report.owner and privacy_filter().pseudonym(report.owner)
        )

    with progress(path, report):
        first = next(messages, None)  # an unknown format is reported before anything is created
        rest = messages if first is None else chain([first], messages)
        if privacy_filter is not None:
            again = functools.partial(read_exports, path, run.options, ImportReport())
            rest = privacy_filter().apply(rest, report, again)
        added = archive().add(rest, origin=origin, rehearse=run.dry_run)
    return Outcome(path, report, added, run.dry_run)


def _next_step(archive: Archive, run: _Import) -> None:
    if run.dry_run:
        console().print("Nothing was imported. To import, leave out --dry-run and --redact-report.")
        return
    talkers = [person for person in archive.people() if not person.is_bot]
    screen = console()
    if not talkers:
        screen.print("There are no messages in the archive yet.")
        return
    what = (
        f"pretrain --corpus {quoted(run.corpus)}"
        if run.corpus
        else f"train --persona {quoted(talkers[0].name)}{option_that_works(run.home)}"
    )
    # Not wrapped, so that it can be pasted.
    screen.print(shown(f"Next: chatmimic {what}{run.home.option}"), soft_wrap=True)


def _some_failed(
    failed: Sequence[tuple[Path, ExportError]], total: int, dry_run: bool
) -> ExportError:
    reasons = " ".join(f"{path.name}: {error}" for path, error in failed)
    others = len(failed) < total and not dry_run
    return ExportError(
        f"{len(failed)} of {total} exports could not be imported. {reasons}",
        "The others were imported." if others else "",
    )

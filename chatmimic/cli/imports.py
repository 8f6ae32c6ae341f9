"""`chatmimic import`: exports into the archive, and what was kept of them and what was not."""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatmimic.bases import option_that_works
from chatmimic.cli.common import (
    console,
    elsewhere,
    home_option,
    json_option,
    print_json,
    quoted,
)
from chatmimic.cli.import_door import file_of, look_over, made_late, names_in
from chatmimic.cli.import_facts import Outcome, facts
from chatmimic.cli.import_progress import progress
from chatmimic.cli.import_summary import summary
from chatmimic.cli.privacy_display import redaction_facts, redaction_table
from chatmimic.cli.report_file import check_report, write_report
from chatmimic.errors import ExportError
from chatmimic.home import Home
from chatmimic.text import shown, visible

if TYPE_CHECKING:
    from chatmimic.archive import Archive
    from chatmimic.importers import ImportOptions
    from chatmimic.privacy import Door


class ImportCommand(click.Command):
    """Ends its help with the formats that can be read; they are only loaded for that."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the formats, those of other packages too."""
        from chatmimic.importers import formats

        with formatter.section("Formats, found out by content (or given with --format)"):
            formatter.write_dl([(visible(f.name), visible(f.description)) for f in formats()])


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
    "--encoding",
    metavar="NAME",
    help="Encoding of text that is not UTF-8, as gb18030, shift_jis or windows-1251.",
)
@click.option(
    "--follow-nicks/--no-follow-nicks",
    default=True,
    help="Take nicks of IRC that changed into each other and back for one person.",
)
@click.option(
    "--owner", metavar="NAME", help="Whose export it is, where it does not say: you, in the chat."
)
@click.option(
    "--corpus",
    metavar="NAME",
    help="Read into this corpus, for `chatmimic pretrain`: other people's talk, kept apart.",
)
@click.option(
    "--redact", is_flag=True, help="Put [phone], [email], [card] … where such things were written."
)
@click.option(
    "--redact-report", is_flag=True, help="Show what --redact would replace, and import nothing."
)
@click.option(
    "--exclude",
    metavar="NAME",
    multiple=True,
    help="Leave this person's messages out (as often as needed); somebody who is there.",
)
@click.option(
    "--pseudonyms", is_flag=True, help="Give everybody an invented name, the same each time."
)
@click.option("--dry-run", is_flag=True, help="Read and tell, but leave the archive as it is.")
@click.option(
    "--report",
    "report_to",
    metavar="FILE.json",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write everything the import tells into this file too.",
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
    encoding: str | None,
    follow_nicks: bool,
    owner: str | None,
    corpus: str | None,
    redact: bool,
    redact_report: bool,
    exclude: tuple[str, ...],
    pseudonyms: bool,
    dry_run: bool,
    report_to: Path | None,
    as_json: bool,
    home: Home,
) -> None:
    """Read chat exports into the archive.

    PATH is what a service gave you: a file, a folder, a zip or a tar, also with archives in it.
    Its format is found out. The same export again, or a newer one that overlaps, adds only what
    is new. Each PATH is added whole or, if anything goes wrong, not at all.

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
        raise click.BadParameter("A corpus has a name.", param_hint="--corpus")
    if report_to is not None:
        check_report(report_to)
    from chatmimic.importers import ImportOptions

    redact, dry_run = redact or redact_report, dry_run or redact_report
    door = None
    if redact or exclude or pseudonyms:
        known = functools.partial(names_in, home, corpus) if exclude else tuple
        door = made_late((redact, exclude, pseudonyms), known, home, dry_run)
    options = ImportOptions(
        tz=tz,
        columns=_columns(columns),
        format=format_,
        allow_truncated=allow_truncated,
        owner=owner,
        follow_nicks=follow_nicks,
        date_order=date_order,
        encoding=encoding,
    )
    if door is not None and exclude and len(paths) > 1:
        look_over(paths, options, door)
    done: list[Outcome] = []
    failed: list[tuple[Path, ExportError]] = []
    with _opened_late(home, corpus, dry_run) as archive:
        for path in paths:
            try:
                outcome = _import(path, options, archive, door, dry_run)
            except ExportError as error:
                if len(paths) == 1:
                    raise
                failed.append((path, error))
                continue
            done.append(outcome)
            if not as_json:
                console().print(summary(outcome))
        told = facts(done, failed, archive() if done else None)
        if door and redact and done:
            told["redacted"] = redaction_facts(door())
        if report_to is not None:
            write_report(report_to, told)
        if as_json:
            print_json(told)
        elif done:
            if door and redact:
                console().print(redaction_table(door()))
            _next_step(archive(), home, corpus, dry_run)
    if failed:
        raise _some_failed(failed, len(paths), dry_run)


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
def _opened_late(home: Home, corpus: str | None, dry_run: bool) -> Iterator[Callable[[], Archive]]:
    """The archive or corpus, opened when it is first asked for: what is no export makes none.

    A dry run makes none either: where there is none yet it uses one that is gone afterwards.
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
    options: ImportOptions,
    archive: Callable[[], Archive],
    door: Callable[[], Door] | None,
    dry_run: bool,
) -> Outcome:
    from chatmimic.archive import Origin
    from chatmimic.importers import ImportReport, read_exports

    report = ImportReport()
    messages = read_exports(path, options, report)

    def origin() -> Origin:
        if door is None:
            return Origin.of(path, report.format, report.owner)
        return Origin.of(None, report.format, report.owner and door().pseudonym(report.owner))

    with progress(path, report):
        first = next(messages, None)  # a format nobody knows is said before anything is made
        rest = messages if first is None else chain([first], messages)
        if door is not None:
            again = functools.partial(read_exports, path, options, ImportReport())
            rest = door().let_in(rest, report, again)
        added = archive().add(rest, origin=origin, rehearse=dry_run)
    return Outcome(path, report, added, dry_run)


def _next_step(archive: Archive, home: Home, corpus: str | None, dry_run: bool) -> None:
    if dry_run:
        console().print("Nothing was imported. Without --dry-run or --redact-report it will be.")
        return
    talkers = [person for person in archive.people() if not person.is_bot]
    screen = console()
    if not talkers:
        screen.print("Nobody has said anything in the archive yet.")
        return
    what = (
        f"pretrain --corpus {quoted(corpus)}"
        if corpus
        else f"train --persona {quoted(talkers[0].name)}{option_that_works(home)}"
    )
    # Not wrapped: it is to be pasted.
    screen.print(shown(f"Next: chatmimic {what}{elsewhere(home)}"), soft_wrap=True)


def _some_failed(
    failed: Sequence[tuple[Path, ExportError]], total: int, dry_run: bool
) -> ExportError:
    reasons = " ".join(f"{path.name}: {error}" for path, error in failed)
    others = len(failed) < total and not dry_run
    return ExportError(
        f"{len(failed)} of {total} exports could not be imported. {reasons}",
        "The others are in the archive." if others else "",
    )

"""`chatmimic imports`: list imports, or remove one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.common import (
    ask_to_remove,
    console,
    count_messages,
    home_option,
    json_option,
    print_json,
)
from chatmimic.cli.display.dates import day, iso, minute
from chatmimic.cli.which_archive import corpus_option, opened
from chatmimic.errors import NotScrubbed
from chatmimic.home import Home
from chatmimic.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from chatmimic.archive import Archive, Import

_ROOMY, _MEDIUM = 100, 64  # terminal columns needed for the whole table, and for the date


@click.group("imports", invoke_without_command=True)
@corpus_option
@json_option
@home_option
@click.pass_context
def command(ctx: click.Context, corpus: str | None, as_json: bool, home: Home) -> None:
    """List imports, or remove one from the archive.

    A file that was imported again without anything new is listed only once.

    \b
    Example:
      chatmimic imports
      chatmimic imports remove 3
      chatmimic imports remove facebook-ada.zip
    """
    ctx.ensure_object(dict).update(home=str(home.path), corpus=corpus)
    if ctx.invoked_subcommand is not None:
        return
    with opened(home, corpus) as archive:
        found = archive.imports()
    if as_json:
        print_json([_facts(one) for one in found])
    elif found:
        console().print(_table(found))
    else:
        console().print("Nothing has been imported yet. To import: chatmimic import PATH")


def _facts(one: Import) -> dict[str, Any]:
    return {
        "number": one.number,
        "name": one.name,
        "format": one.format,
        "imported_at": iso(one.imported_at),
        "kept": one.kept,
        "new": one.new,
        "first_at": iso(one.first_at),
        "last_at": iso(one.last_at),
    }


def _table(imports: Sequence[Import]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    width = console().width
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("No.", justify="right")
    table.add_column("Import", overflow="fold")
    table.add_column("Kept", justify="right")
    table.add_column("New", justify="right")
    if width >= _MEDIUM:
        table.add_column("Imported", no_wrap=True)
    if width >= _ROOMY:
        table.add_column("Format", overflow="fold")
        table.add_column("First", min_width=10, no_wrap=True)
        table.add_column("Last", min_width=10, no_wrap=True)
    for one in imports:
        table.add_row(*map(shown, _cells(one)[: len(table.columns)]))
    return table


def _cells(one: Import) -> list[str]:
    return [
        str(one.number),
        "before imports were recorded" if one.imported_at is None else one.name or "–",
        f"{one.kept:,}",
        f"{one.new:,}",
        minute(one.imported_at),
        one.format or "–",
        day(one.first_at),
        day(one.last_at),
    ]


@command.command("remove")
@click.argument("name", metavar="NUMBER|NAME")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@corpus_option
@json_option
@home_option
@click.pass_context
def remove_command(
    ctx: click.Context, name: str, yes: bool, corpus: str | None, as_json: bool, home: Home
) -> None:
    """Permanently remove the messages of an import from the archive.

    Messages that are also in another import stay. The others are deleted from the archive and its
    search index, along with people and threads that have no messages left. The export itself is not
    touched.

    \b
    Example:
      chatmimic imports remove 3
      chatmimic imports remove facebook-ada.zip --yes
    """
    corpus = corpus or ctx.ensure_object(dict).get("corpus")
    with opened(home, corpus) as archive:
        one = archive.imported(name)
        alone = archive.held_alone(one.number)
        if alone and not corpus and not as_json and _was_trained(home):
            words = f"Existing mimics and runs in {home.path} may hold traces of it, and stay."
            console().print(shown(words))
        ask_to_remove(_what(one, alone), yes)
        gone, failure = _remove(archive, one)
    if as_json:
        facts = {"removed": one.number, "name": one.name, "messages": gone}
        print_json({**facts, "scrubbed": failure is None})
    else:
        said = f"Removed {count_messages(gone)} of {one.called} from the archive."
        console().print(shown(said))
    if failure is not None:
        raise failure


def _remove(archive: Archive, one: Import) -> tuple[int, NotScrubbed | None]:
    """The number of messages removed, and the error if the file could not be rewritten."""
    try:
        return archive.remove_import(one.number), None
    except NotScrubbed as error:
        return error.removed if isinstance(error.removed, int) else 0, error


def _was_trained(home: Home) -> bool:
    return any(f.is_dir() and any(f.iterdir()) for f in (home.mimics, home.runs))


def _what(one: Import, alone: int) -> str:
    """What is to be removed, in words for the question."""
    what = one.called
    if one.imported_at is not None:
        what += f", imported on {minute(one.imported_at)}"
    if not alone:
        return f"{what} (other imports have all of its messages, too)"
    return f"{what} ({count_messages(alone)} that no other import has)"

"""`chatmimic search`: search the messages in the archive."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.common import console, home_option, json_option, print_json
from chatmimic.cli.date_option import since_option, until_option
from chatmimic.cli.display.dates import iso
from chatmimic.cli.which_archive import corpus_option, opened
from chatmimic.home import Home

if TYPE_CHECKING:
    from chatmimic.archive import Found, Line

_LIMIT = 20


@click.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option("--person", metavar="NAME", help="Only messages of this person.")
@click.option("--thread", metavar="NAME", help="Only in this thread (see `chatmimic threads`).")
@since_option
@until_option
@click.option(
    "--context",
    metavar="N",
    type=click.IntRange(0, 10_000),
    default=0,
    show_default=True,
    help="Show N messages before and after each match.",
)
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1, 1_000_000),
    default=_LIMIT,
    show_default=True,
    help="Show the newest N matches.",
)
@corpus_option
@json_option
@home_option
def command(
    words: tuple[str, ...],
    person: str | None,
    thread: str | None,
    since: tuple[int | None, int | None],
    until: tuple[int | None, int | None],
    context: int,
    limit: int,
    corpus: str | None,
    as_json: bool,
    home: Home,
) -> None:
    """Search the messages in the archive.

    The newest come first. A message must contain all of the words, as whole words; case and accents
    make no difference. Words in quotation marks must follow each other.

    \b
    Example:
      chatmimic search tea garden
      chatmimic search "see you at five" --person "Ada Lovelace" --since 2019
      chatmimic search tea --thread "#repaircafe" --context 3
    """
    with opened(home, corpus) as archive, _waiting(as_json):
        found = archive.search(
            _query(words),
            limit + 1,  # one more, to know whether there are more
            person=person,
            thread=thread,
            since=since[0],
            until=until[1],
            context=context,
        )
    _print(found[:limit], as_json)
    if len(found) > limit and not as_json:
        console().print("There are more matches: --limit N shows the newest N.")


def _waiting(as_json: bool) -> contextlib.AbstractContextManager[object]:
    """A spinner on standard error: the first search after an import takes a while."""
    return contextlib.nullcontext() if as_json else console(stderr=True).status("Searching …")


def _query(words: Sequence[str]) -> str:
    """The query as typed, with the quotation marks that the shell removed."""
    return " ".join(f'"{word}"' if " " in word and '"' not in word else word for word in words)


def _print(found: Sequence[Found], as_json: bool) -> None:
    if as_json:
        print_json([_facts(one) for one in found])
    elif found:
        from chatmimic.cli.display.passages import print_passages

        print_passages(found)
    else:
        console().print("No matches.")


def _facts(found: Found) -> dict[str, Any]:
    return {
        **_line_facts(found.line),
        "marks": [list(mark) for mark in found.line.marks],
        "service": found.message.service,
        "thread": found.called,
        "thread_number": found.thread,
        "before": [_line_facts(line) for line in found.before],
        "after": [_line_facts(line) for line in found.after],
    }


def _line_facts(line: Line) -> dict[str, Any]:
    message = line.message
    return {"sender": message.sender, "text": message.text, "sent_at": iso(message.sent_at)}

"""`chatmimic search`: what was said, by its words."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from chatmimic.cli.archives import corpus_option, opened
from chatmimic.cli.common import console, home_option, json_option, print_json
from chatmimic.cli.when import iso
from chatmimic.dates import span_of
from chatmimic.home import Home

if TYPE_CHECKING:
    from chatmimic.archive import Found, Line

_LIMIT = 20


def _span(
    _: click.Context, __: click.Parameter, value: str | None
) -> tuple[int, int] | tuple[None, None]:
    if value is None:
        return None, None
    try:
        return span_of(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option("--person", metavar="NAME", help="Only what this person said.")
@click.option("--thread", metavar="NAME", help="Only in this thread (see `chatmimic threads`).")
@click.option("--since", metavar="DATE", callback=_span, help="Only from this date on (2019-05).")
@click.option("--until", metavar="DATE", callback=_span, help="Only until the end of this date.")
@click.option(
    "--context",
    metavar="N",
    type=click.IntRange(0, 10_000),
    default=0,
    help="Show N messages before and after each.",
)
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1, 1_000_000),
    default=_LIMIT,
    help=f"Show the newest N.  [default: {_LIMIT}]",
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
    """Find messages by their words.

    The newest come first. A message has to hold all the words, as whole words, in any case, with
    accents or without; words in one pair of quotation marks have to follow each other.

    \b
    Example:
      chatmimic search tea garden
      chatmimic search "see you at five" --person "Ada Lovelace" --since 2019
      chatmimic search tea --thread "#repaircafe" --context 3
    """
    with opened(home, corpus) as archive, _waiting(as_json):
        found = archive.search(
            _query(words),
            limit + 1,  # to see whether there are more
            person=person,
            thread=thread,
            since=since[0],
            until=until[1],
            context=context,
        )
    _print(found[:limit], as_json)
    if len(found) > limit and not as_json:
        console().print("More was found: --limit N shows the newest N.")


def _waiting(as_json: bool) -> contextlib.AbstractContextManager[object]:
    """A sign on a terminal's standard error: the first search after an import takes a while."""
    return contextlib.nullcontext() if as_json else console(stderr=True).status("Searching …")


def _query(words: Sequence[str]) -> str:
    """What was typed, with the quotation marks that the shell took."""
    return " ".join(f'"{word}"' if " " in word and '"' not in word else word for word in words)


def _print(found: Sequence[Found], as_json: bool) -> None:
    if as_json:
        print_json([_facts(one) for one in found])
    elif found:
        from chatmimic.cli.passages import print_passages

        print_passages(found)
    else:
        console().print("Nothing was found.")


def _facts(found: Found) -> dict[str, Any]:
    return {
        **_said(found.line),
        "marks": [list(mark) for mark in found.line.marks],
        "service": found.message.service,
        "thread": found.called,
        "thread_number": found.thread,
        "before": [_said(line) for line in found.before],
        "after": [_said(line) for line in found.after],
    }


def _said(line: Line) -> dict[str, Any]:
    message = line.message
    return {"sender": message.sender, "text": message.text, "sent_at": iso(message.sent_at)}

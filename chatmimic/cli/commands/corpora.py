"""`chatmimic corpora`: list or remove corpora, or forget a person in one."""

from __future__ import annotations

from typing import Any

import click

from chatmimic.cli.common import (
    console,
    home_option,
    json_option,
    print_json,
    print_table,
)
from chatmimic.cli.display.dates import iso
from chatmimic.cli.removing import remove_folder, yes_option
from chatmimic.corpora import Corpus, find_corpus, known_corpora
from chatmimic.files import folder_size, size_in_words
from chatmimic.home import Home


@click.group("corpora", invoke_without_command=True)
@json_option
@home_option
@click.pass_context
def command(ctx: click.Context, as_json: bool, home: Home) -> None:
    """List or remove corpora of public chats, or forget a person in one.

    `chatmimic import --corpus NAME` creates a corpus; `chatmimic pretrain` trains a base on it.

    \b
    Example:
      chatmimic corpora
      chatmimic corpora remove ubuntu
    """
    ctx.ensure_object(dict)["home"] = str(home.path)
    if ctx.invoked_subcommand is not None:
        return
    found = [to_json(find_corpus(home, name)) for name in known_corpora(home)]
    if as_json:
        print_json(found)
    elif found:
        print_table("Corpus", ("Messages", "People", "Threads", "Size"), map(_cells, found))
    else:
        console().print("There are no corpora yet. Make one: chatmimic import --corpus NAME PATH")


@command.command("remove")
@click.argument("name")
@yes_option
@json_option
@home_option
def remove_command(name: str, yes: bool, as_json: bool, home: Home) -> None:
    """Permanently remove a corpus.

    Bases, mimics and unfinished runs trained on it stay, and are listed.

    \b
    Example:
      chatmimic corpora remove ubuntu --yes
    """
    from chatmimic.upkeep.traces import readers_of_corpus

    corpus = find_corpus(home, name)
    readers = [f"{trace.kind} {trace.name}" for trace in readers_of_corpus(home, corpus.name)]
    after = f"What was trained on it stays: {', '.join(readers)}." if readers else ""
    remove_folder("corpus", corpus.path.parent, yes=yes, as_json=as_json, after=after)


@command.command("forget")
@click.argument("corpus")
@click.argument("name")
@yes_option
@json_option
@home_option
def forget_command(corpus: str, name: str, yes: bool, as_json: bool, home: Home) -> None:
    """Permanently remove a person's messages from a corpus.

    Copies and quotes of them are removed too, as is the person's name in notices and thread titles.
    Pretrainings, bases and mimics that may hold their words are listed for you to remove.

    \b
    Example:
      chatmimic corpora forget ubuntu mira_o
    """
    from chatmimic.cli.forgetting import forget_in_corpus

    forget_in_corpus(home, find_corpus(home, corpus), name, yes=yes, as_json=as_json)


def to_json(corpus: Corpus) -> dict[str, Any]:
    """The facts of a corpus that `--json` prints."""
    from chatmimic.archive import Archive

    with Archive.open(corpus.path, create=False) as archive:
        threads = archive.threads()
        people = len(archive.people())
    times = [t for thread in threads for t in (thread.first_at, thread.last_at) if t is not None]
    return {
        "name": corpus.name,
        "messages": sum(thread.messages for thread in threads),
        "people": people,
        "threads": len(threads),
        "first_at": iso(min(times)) if times else None,
        "last_at": iso(max(times)) if times else None,
        "bytes": folder_size(corpus.path.parent),
    }


def _cells(one: dict[str, Any]) -> list[str]:
    counts = [f"{one[key]:,}" for key in ("messages", "people", "threads")]
    return [one["name"], *counts, size_in_words(one["bytes"])]

"""`chatmimic corpora`: which corpora there are, and removing one."""

from __future__ import annotations

import shutil
from typing import Any

import click

from chatmimic.cli.common import (
    ask_to_remove,
    console,
    home_option,
    json_option,
    print_json,
    print_table,
)
from chatmimic.cli.when import iso
from chatmimic.corpora import Corpus, find_corpus, known_corpora
from chatmimic.files import size_in_words
from chatmimic.home import Home
from chatmimic.text import shown


@click.group("corpora", invoke_without_command=True)
@json_option
@home_option
@click.pass_context
def command(ctx: click.Context, as_json: bool, home: Home) -> None:
    """List or remove corpora of public talk.

    `chatmimic import --corpus NAME` makes one; `chatmimic pretrain` reads it.

    \b
    Example:
      chatmimic corpora
      chatmimic corpora remove ubuntu
    """
    ctx.ensure_object(dict)["home"] = str(home.path)
    if ctx.invoked_subcommand is not None:
        return
    found = [facts(find_corpus(home, name)) for name in known_corpora(home)]
    if as_json:
        print_json(found)
    elif found:
        print_table("Corpus", ("Messages", "People", "Threads", "Size"), map(_cells, found))
    else:
        console().print("There is no corpus yet. Make one: chatmimic import --corpus NAME PATH")


@command.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@home_option
def remove_command(name: str, yes: bool, as_json: bool, home: Home) -> None:
    """Remove a corpus for good.

    Bases that were made from it stay.

    \b
    Example:
      chatmimic corpora remove ubuntu --yes
    """
    corpus = find_corpus(home, name)
    ask_to_remove(f"the corpus {corpus.name}", yes)
    size = _size(corpus)
    shutil.rmtree(corpus.path.parent)
    if as_json:
        print_json({"removed": corpus.name, "bytes": size})
    else:
        console().print(shown(f"The corpus {corpus.name} is gone ({size_in_words(size)} freed)."))


def facts(corpus: Corpus) -> dict[str, Any]:
    """What `--json` prints of a corpus."""
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
        "bytes": _size(corpus),
    }


def _size(corpus: Corpus) -> int:
    return sum(file.stat().st_size for file in corpus.path.parent.iterdir())


def _cells(one: dict[str, Any]) -> list[str]:
    counts = [f"{one[key]:,}" for key in ("messages", "people", "threads")]
    return [one["name"], *counts, size_in_words(one["bytes"])]

"""Which archive a command uses: the user's own, or that of a corpus."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from chatmimic.home import Home

if TYPE_CHECKING:
    from chatmimic.archive import Archive

Command = TypeVar("Command", bound=Callable[..., Any])


def corpus_option(command: Command) -> Command:
    """Add `--corpus NAME`; the command's `corpus` argument is a name or None."""
    return click.option(
        "--corpus", metavar="NAME", help="Use this corpus instead of your archive."
    )(command)


def opened(home: Home, corpus: str | None) -> Archive:
    """Open the archive, or that of the corpus. Raises ArchiveError if there is none."""
    from chatmimic.archive import Archive

    if corpus is None:
        return Archive.open(home.archive, create=False)
    from chatmimic.corpora import find_corpus

    return Archive.open(find_corpus(home, corpus).path, create=False)

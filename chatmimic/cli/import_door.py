"""What `chatmimic import` keeps outside: the door, and whom it has to know first."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from chatmimic.cli.import_progress import progress
from chatmimic.errors import ExportError
from chatmimic.home import Home

if TYPE_CHECKING:
    from chatmimic.importers import ImportOptions
    from chatmimic.privacy import Door


def file_of(home: Home, corpus: str, dry_run: bool) -> Path:
    """The file of a corpus, whose folder is made unless nothing is to be imported."""
    from chatmimic.corpora import corpus_to_fill

    return corpus_to_fill(home, corpus, make=not dry_run)


def made_late(
    asked: tuple[bool, tuple[str, ...], bool],
    known: Callable[[], Iterable[str]],
    home: Home,
    dry_run: bool,
) -> Callable[[], Door]:
    """The door that messages go through, made when the first comes: its key is kept in the home.

    `asked` is what to redact, whom to exclude, and whether to rename. A dry run uses the key that
    is there and makes none. `known` are names that need not be met.
    """

    @functools.cache
    def door() -> Door:
        from chatmimic.privacy import Door, PrivacyOptions, has_key, key_of

        made = Door(PrivacyOptions(*asked), key_of(home) if not dry_run or has_key(home) else None)
        made.know(known())
        return made

    return door


def names_in(home: Home, corpus: str | None) -> set[str]:
    """Everybody's names and ids in the archive, or in the corpus, as it is before the import."""
    from chatmimic.archive import Archive
    from chatmimic.privacy import names_of

    where = home.archive if corpus is None else file_of(home, corpus, dry_run=True)
    if not where.exists():
        return set()
    with Archive.open(where, create=False) as archive:
        return names_of(archive.people())


def look_over(paths: Sequence[Path], options: ImportOptions, door: Callable[[], Door]) -> None:
    """See who is in several exports, so that nothing of any is imported where somebody is in none.

    Raises ExportError for who is to be excluded and is not there.
    """
    from chatmimic.importers import ImportReport, read_exports

    met = False
    for path in paths:
        report = ImportReport()
        # What is wrong with an export is told when it is imported.
        with contextlib.suppress(ExportError), progress(path, report):
            messages = read_exports(path, options, report)
            if (first := next(messages, None)) is not None:
                met = True
                door().look(chain([first], messages))
    if met:
        door().check()

"""The privacy filter of `chatmimic import`, and the names that it has to know beforehand."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from chatmimic.cli.display.import_progress import progress
from chatmimic.errors import ExportError
from chatmimic.home import Home

if TYPE_CHECKING:
    from chatmimic.importers import ImportOptions
    from chatmimic.privacy import PrivacyFilter, PrivacyOptions


def file_of(home: Home, corpus: str, dry_run: bool) -> Path:
    """The archive file of a corpus. Creates its folder, except in a dry run."""
    from chatmimic.corpora import corpus_to_fill

    return corpus_to_fill(home, corpus, make=not dry_run)


def lazy_filter(
    privacy: PrivacyOptions,
    known: Callable[[], Iterable[str]],
    home: Home,
    dry_run: bool,
) -> Callable[[], PrivacyFilter]:
    """A function that makes the privacy filter on its first call. Its key is kept in the home.

    A dry run uses an existing key and creates none. `known` gives the names in the archive, which
    need not occur in the export.
    """

    @functools.cache
    def privacy_filter() -> PrivacyFilter:
        from chatmimic.privacy import PrivacyFilter, has_key, key_of

        made = PrivacyFilter(privacy, key_of(home) if not dry_run or has_key(home) else None)
        made.add_known(known())
        return made

    return privacy_filter


def names_in(home: Home, corpus: str | None) -> set[str]:
    """The names and ids of everybody in the archive or corpus, before the import."""
    from chatmimic.archive import Archive
    from chatmimic.privacy import names_of

    where = home.archive if corpus is None else file_of(home, corpus, dry_run=True)
    if not where.exists():
        return set()
    with Archive.open(where, create=False) as archive:
        return names_of(archive.people())


def scan_exports(
    paths: Sequence[Path], options: ImportOptions, privacy_filter: Callable[[], PrivacyFilter]
) -> None:
    """Read all exports once, before any is imported, to see who occurs in them.

    Raises ExportError if somebody who is to be excluded occurs in none.
    """
    from chatmimic.importers import ImportReport, read_exports

    met = False
    for path in paths:
        report = ImportReport()
        # Errors of an export are reported when it is imported.
        with contextlib.suppress(ExportError), progress(path, report):
            messages = read_exports(path, options, report)
            if (first := next(messages, None)) is not None:
                met = True
                privacy_filter().scan(chain([first], messages))
    if met:
        privacy_filter().check()

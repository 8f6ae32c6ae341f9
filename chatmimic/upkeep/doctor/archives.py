"""Whether the archive and the corpora are whole, and hold no text that was deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from chatmimic.archive import Archive, faults_of
from chatmimic.corpora import known_corpora
from chatmimic.errors import ArchiveError
from chatmimic.home import Home
from chatmimic.upkeep.doctor.finding import Finding, Level


def check(home: Home) -> Iterator[Finding]:
    """Let SQLite check each file, and see whether deleted text is left in it."""
    if home.archive.exists():
        yield from _check("the archive", home.archive)
    for name in known_corpora(home):
        yield from _check(f"the corpus {name}", home.corpus(name))


def _check(what: str, path: Path) -> Iterator[Finding]:
    try:
        faults = faults_of(path)
        with Archive.open(path, create=False, wait_s=1) as archive:
            scrubbed = archive.is_scrubbed()
    except ArchiveError as error:
        yield Finding(Level.PROBLEM, error.what, error.hint, path)
        return
    if faults:
        says = f"{what} is damaged: {'; '.join(faults)}"
        yield Finding(Level.PROBLEM, says, "move its file away and import your exports again", path)
    elif not scrubbed:
        yield Finding(
            Level.PROBLEM,
            f"text of deleted messages may still be in unused parts of {what}'s file",
            "close other chatmimics, and see that the disk has room for a copy of the file",
            path,
            lambda: _scrub(path),
        )


def _scrub(path: Path) -> None:
    with Archive.open(path, create=False) as archive:
        archive.scrub()

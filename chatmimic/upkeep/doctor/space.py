"""Whether the disk has room for what the next commands write."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from chatmimic.files import size_in_words
from chatmimic.home import Home
from chatmimic.upkeep.doctor.finding import Finding, Level

_LEAST = 1_000_000_000  # bytes; a training of the starter takes about half of it


def check(home: Home) -> Iterator[Finding]:
    """Compare the free room with what a training, and rewriting the archive, need."""
    archive = home.archive.stat().st_size if home.archive.is_file() else 0
    here = next(p for p in (home.path, *home.path.parents) if p.is_dir())
    yield from _room(here, max(_LEAST, 2 * archive), "a training, and to rewrite the archive")
    if archive:
        yield from _room(Path(tempfile.gettempdir()), archive, "SQLite to rewrite the archive")


def _room(place: Path, needed: int, what: str) -> Iterator[Finding]:
    free = shutil.disk_usage(place).free
    if free < needed:
        yield Finding(
            Level.PROBLEM,
            f"{place} has {size_in_words(free)} free; {what} takes {size_in_words(needed)}",
            "free some space, or choose another place (--home; TMPDIR for temporary files)",
            place,
        )

"""Files that are made from an archive, and go when something in it is deleted."""

from __future__ import annotations

from pathlib import Path


def spans_file(archive: Path) -> Path:
    """Where the hashes of an archive's spans of words are kept: beside it."""
    return archive.with_suffix(".spans")


def remove_derived(archive: Path) -> None:
    """Remove what was made from messages that are there no more."""
    spans_file(archive).unlink(missing_ok=True)

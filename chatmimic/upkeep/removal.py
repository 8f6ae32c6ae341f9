"""Removal that leaves nothing half-removed: a folder loses its name first, then its content."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from chatmimic.files import folder_size

REMOVED = ".removed-"  # how the name of a folder begins while it is being removed
LEFT = (".partial-", ".old-", ".claim-", REMOVED)  # and those of what killed commands leave


def remove_folder(folder: Path) -> None:
    """Delete a folder, or only the link if it is one; also a file in the place of a folder.

    It is renamed first: what a kill leaves is not taken for a whole one, and `chatmimic doctor`
    finds it.
    """
    if folder.is_symlink() or not folder.is_dir():
        folder.unlink()
        return
    aside = folder.with_name(f"{REMOVED}{folder.name}")
    shutil.rmtree(aside, ignore_errors=True)
    os.rename(folder, aside)
    shutil.rmtree(aside)


def remove_with_leftovers(folder: Path) -> None:
    """Delete a folder, and what killed commands left beside it under its name.

    The leftovers go first: of an older version of it the next training would make the folder again.
    """
    for start in (".partial-", ".old-", REMOVED):
        shutil.rmtree(folder.with_name(f"{start}{folder.name}"), ignore_errors=True)
    if os.path.lexists(folder):
        remove_folder(folder)


def size_with_leftovers(folder: Path) -> int:
    """The size in bytes of a folder and of its leftovers; a link counts nothing."""
    beside = [folder.with_name(f"{start}{folder.name}") for start in (".partial-", ".old-")]
    return sum(folder_size(f) for f in (folder, *beside) if f.is_dir() and not f.is_symlink())

"""Where exports go: new files and folders, which replace nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from chatmimic.errors import ChatmimicError
from chatmimic.files import atomic_folder, check_writable, keep_files, write_atomically

_HINT = "Choose another place."
_ROOM = "Free some space there, or choose another place."


def check_new(path: Path) -> None:
    """Raise ChatmimicError if a file or folder cannot be made there, or exists already."""
    if os.path.lexists(path):
        raise ChatmimicError(f"{path} already exists.", _HINT)
    if not path.parent.is_dir():
        raise ChatmimicError(f"Cannot write {path}: there is no such folder.", _HINT)
    try:
        check_writable(path)
    except OSError as error:
        raise ChatmimicError(f"Cannot write {path}: {error.strerror or error}.", _HINT) from error


def write_new(path: Path, content: bytes) -> None:
    """Write a new file, readable by its owner only, completely or not at all."""
    check_new(path)
    try:
        write_atomically(path, content)
    except ChatmimicError as error:
        raise ChatmimicError(
            error.what, "Free some space there, or choose another place."
        ) from error


def write_new_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a new folder of files by their names, completely or not at all."""
    check_new(path)
    try:
        with atomic_folder(path) as partial:
            for name, content in files.items():
                (partial / name).write_bytes(content)
            keep_files(partial)
    except OSError as error:
        raise ChatmimicError(f"Cannot write {path}: {error.strerror or error}.", _ROOM) from error

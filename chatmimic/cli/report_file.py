"""The file of `chatmimic import --report`, which replaces nothing but an earlier report."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from chatmimic.errors import ChatmimicError
from chatmimic.files import write_atomically
from chatmimic.text import visible

_WAY_ON = "Choose another file for --report."
_OF_A_REPORT = {"format", "kept", "left_out"}
_LARGEST = 16 * 2**20  # bytes of what may be a report


def check_report(path: Path) -> None:
    """Announce that an earlier report will be replaced. ChatmimicError for any other file."""
    if not path.exists():
        return
    if not _is_report(path):
        raise ChatmimicError(f"{path} already exists and is not an import report.", _WAY_ON)
    print(visible(f"The earlier report {path} will be replaced."), file=sys.stderr)


def write_report(path: Path, told: Mapping[str, object]) -> None:
    """Write the report atomically. Raises ChatmimicError if the file cannot be written."""
    try:
        write_atomically(path, json.dumps(told, ensure_ascii=True, indent=2) + "\n")
    except OSError as error:
        why = error.strerror or str(error)
        raise ChatmimicError(f"Cannot write {path}: {why}.", _WAY_ON) from error


def _is_report(path: Path) -> bool:
    """Whether an import wrote the file; an empty one counts, too (from `mktemp`)."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        size = os.path.getsize(path)
        if size > _LARGEST:
            return False
        said = json.loads(path.read_text("utf-8")) if size else dict.fromkeys(_OF_A_REPORT)
        return isinstance(said, dict) and (said.keys() >= _OF_A_REPORT or "failed" in said)
    return False

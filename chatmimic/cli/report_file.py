"""The file of `chatmimic import --report`: nothing but an earlier report is ever replaced by it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from chatmimic.errors import ChatmimicError
from chatmimic.files import write_whole
from chatmimic.text import visible

_WAY_ON = "Give --report another file."
_OF_A_REPORT = {"format", "kept", "left_out"}
_LARGEST = 16 * 2**20  # bytes of what may be a report


def check_report(path: Path) -> None:
    """Say that a report which is there will be replaced. ChatmimicError for any other file."""
    if not path.exists():
        return
    if not _is_report(path):
        raise ChatmimicError(f"{path} is there already, and no report of an import.", _WAY_ON)
    print(visible(f"{path} is there already: this report replaces that one."), file=sys.stderr)


def write_report(path: Path, told: Mapping[str, object]) -> None:
    """Write what an import tells, whole. Raises ChatmimicError where that cannot be done."""
    try:
        write_whole(path, json.dumps(told, ensure_ascii=True, indent=2) + "\n")
    except OSError as error:
        why = error.strerror or str(error)
        raise ChatmimicError(f"Cannot write {path}: {why}.", _WAY_ON) from error


def _is_report(path: Path) -> bool:
    """Whether an import has written it; an empty file may be a `mktemp`'s."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        size = os.path.getsize(path)
        if size > _LARGEST:
            return False
        said = json.loads(path.read_text("utf-8")) if size else dict.fromkeys(_OF_A_REPORT)
        return isinstance(said, dict) and (said.keys() >= _OF_A_REPORT or "failed" in said)
    return False

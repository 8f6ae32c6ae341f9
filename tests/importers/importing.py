"""Reading an export in a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.records import Message


def read(path: Path, **options: Any) -> tuple[list[Message], ImportReport]:
    """Every message of an export, read with these options, and the report."""
    report = ImportReport()
    return list(read_exports(path, ImportOptions(**options), report)), report

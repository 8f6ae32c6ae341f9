"""Whether an archive's file is whole, by SQLite's own check."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from chatmimic.archive import schema
from chatmimic.archive.database import explained

_MOST = 3  # faults that are told


def faults_of(path: Path) -> list[str]:
    """The first faults that SQLite finds in a file; empty if it is whole. Changes nothing.

    Raises ArchiveError if it is not an archive, or cannot be opened.
    """
    with explained(path):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            schema.check(connection, str(path))
            rows = connection.execute(f"PRAGMA integrity_check({_MOST})").fetchall()
            strays = connection.execute("PRAGMA foreign_key_check").fetchmany(_MOST)
        finally:
            connection.close()
    found = [str(said) for (said,) in rows if said != "ok"]
    return [*found, *(f"row {row} of {table} refers to nothing" for table, row, *_ in strays)]

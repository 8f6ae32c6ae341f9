"""The rows an import touched, in a temporary table, so that counting needs no memory."""

from __future__ import annotations

import sqlite3

_TABLE = (
    "CREATE TEMP TABLE IF NOT EXISTS seen (what TEXT, number INTEGER, id INTEGER, "
    "PRIMARY KEY (what, number, id)) WITHOUT ROWID"
)


class Seen:
    """The distinct ids of one kind (`thread`, `alias`) that import `number` touched.

    The table lasts as long as the connection, so that several imports can be counted together.
    """

    def __init__(self, connection: sqlite3.Connection, what: str, number: int) -> None:
        self._db = connection
        self._what = what
        self.number = number
        connection.execute(_TABLE)

    def add(self, row_id: int) -> None:
        """Note an id; a repeated one counts once."""
        self._db.execute(
            "INSERT OR IGNORE INTO temp.seen VALUES (?, ?, ?)", (self._what, self.number, row_id)
        )

    def count(self) -> int:
        """The number of ids."""
        return int(
            self._db.execute(
                "SELECT count(*) FROM temp.seen WHERE what = ? AND number = ?",
                (self._what, self.number),
            ).fetchone()[0]
        )


def together(connection: sqlite3.Connection) -> tuple[int, int]:
    """The number of threads and people in all imports of this connection, each counted once."""
    connection.execute(_TABLE)
    ids = "(SELECT id FROM temp.seen WHERE what = ?)"
    threads = f"SELECT count(*) FROM thread WHERE id IN {ids}"
    people = f"SELECT count(DISTINCT person_id) FROM alias WHERE id IN {ids}"
    return (
        int(connection.execute(threads, ("thread",)).fetchone()[0]),
        int(connection.execute(people, ("alias",)).fetchone()[0]),
    )

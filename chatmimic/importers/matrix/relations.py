"""Relations between events: edits, reactions and redactions, by target."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from chatmimic.errors import ExportError


class About(StrEnum):
    """The types of relations."""

    EDIT = "edit"
    REACTION = "reaction"
    REDACTION = "redaction"


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of one event to another."""

    what: str  # an `About`
    id: str  # of the event itself
    sender: str
    body: str  # of an edit the new content, as JSON; of a reaction its emoji


class Relations:
    """The relations of a room. They follow their targets, so a room is read twice.

    They lie in a nameless file and not in memory: a room may have a million of them.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("")
        self._any = False
        self._do("PRAGMA journal_mode = OFF")  # the file goes when this does
        self._do("CREATE TABLE relation (target, what, id, sender, body)")

    def add(self, target: str, relation: Relation) -> None:
        """Add a relation, in the order of the room."""
        row = (target, relation.what, relation.id, relation.sender, relation.body)
        # A lone half of a character is no UTF-8.
        safe = [text.encode("utf-8", "surrogatepass") for text in row]
        self._do("INSERT INTO relation VALUES (?, ?, ?, ?, ?)", safe)
        self._any = True

    def sort(self) -> None:
        """Sort the relations, once all are added."""
        self._do("CREATE INDEX by_target ON relation (target)")

    def of(self, target: str) -> list[Relation]:
        """The final relations to an event, in order, without redacted ones."""
        if not self._any:
            return []
        rows = self._do(
            """SELECT what, id, sender, body FROM relation AS one WHERE target = ?
            AND NOT EXISTS (SELECT 1 FROM relation AS gone
                WHERE gone.target = one.id AND gone.what = ? AND one.id <> ?)
            ORDER BY one.rowid""",
            [target.encode("utf-8", "surrogatepass"), About.REDACTION.encode(), b""],
        )
        return [Relation(*(raw.decode("utf-8", "surrogatepass") for raw in row)) for row in rows]

    def close(self) -> None:
        """Close and delete the file."""
        self._db.close()

    def _do(self, statement: str, values: Sequence[bytes] = ()) -> sqlite3.Cursor:
        try:
            return self._db.execute(statement, values)
        except sqlite3.Error as error:  # the disk is full
            raise ExportError(
                f"The relations between events cannot be stored ({error}).",
                "Set TMPDIR to a folder with more room; the file is temporary.",
            ) from error

"""Imports: what was imported when, and which messages each import holds."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from chatmimic.archive.spans import Span, joined, of_ids
from chatmimic.errors import ArchiveError
from chatmimic.lookup import close, fold, suggestion
from chatmimic.names import COMMON, LEAST, PIECE
from chatmimic.quotes import Named
from chatmimic.text import clean

_IN_MEMORY = 1_000  # spans in memory before they are written


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an import comes from: name of the file or folder, its format, and its owner."""

    name: str = ""
    format: str = ""
    owner: str = ""  # the sender name of the owner's messages; empty if unknown

    @classmethod
    def of(cls, path: Path | None, format_: str, owner: str = "") -> Origin:
        """The origin of a path: its name, or the absolute path if it has none, as ".".

        None if the name must not be stored: files are often named after people.
        """
        if path is None:
            return cls(format=format_, owner=owner)
        return cls(str(path if path.name not in ("", "..") else path.resolve()), format_, owner)


@dataclass(frozen=True, slots=True)
class Import:
    """One import. Times are UTC milliseconds; messages are those with words.

    `imported_at` is None for everything from before imports were recorded; `name` is empty if it
    was not given or must not be stored.
    """

    number: int
    name: str
    format: str
    imported_at: int | None
    kept: int  # messages it brought, new ones and known ones
    new: int
    first_at: int | None
    last_at: int | None

    @property
    def called(self) -> str:
        """Its name in a sentence: `"ada.zip"`, `import 3`."""
        if self.imported_at is None:
            return "what was there before imports were recorded"
        return f'"{self.name}"' if self.name else f"import {self.number}"


class Holding:
    """Collects which messages an import holds while they are added, in bounded memory."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._spans: list[Span] = []
        self._anything_new = False
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS span (first INTEGER, last INTEGER)")
        connection.execute("DELETE FROM temp.span")

    def inserted(self, last: int, rows: int) -> None:
        """Note `count` new messages, the last of them in this row."""
        self._anything_new = True
        self._add(last - rows + 1, last)

    def met(self, threads: Sequence[object], identities: Sequence[object]) -> None:
        """Note messages that are in the archive now, new or not."""
        values: list[object] = [None] * (2 * len(threads))
        values[::2], values[1::2] = threads, identities
        found = self._db.execute(
            f"SELECT id FROM (VALUES {', '.join(['(?, ?)'] * len(threads))}) AS wanted "
            "CROSS JOIN message ON thread_id = wanted.column1 AND identity = wanted.column2",
            values,
        )
        ids = sorted({number for (number,) in found})
        together = ids[-1] - ids[0] + 1 == len(
            ids
        )  # as it is when an export comes again in its old order
        for span in [(ids[0], ids[-1])] if together else of_ids(ids):
            self._add(*span)

    def _add(self, first: int, last: int) -> None:
        if self._spans and self._spans[-1][0] <= first <= self._spans[-1][1] + 1:
            began, ended = self._spans[-1]
            self._spans[-1] = began, max(ended, last)
            return
        if len(self._spans) >= _IN_MEMORY:
            self._write()
        self._spans.append((first, last))

    def _write(self) -> None:
        self._db.executemany("INSERT INTO temp.span VALUES (?, ?)", self._spans)
        self._spans.clear()

    def record(self, origin: Origin, kept: int, new: int, *times: int | None) -> None:
        """Record the import, unless it is empty or repeats an earlier one."""
        self._write()
        row = (clean(origin.name), clean(origin.format), int(time.time() * 1000), kept, new, *times)
        number = self._db.execute(
            "INSERT INTO import (name, format, imported_at, kept, new, first_at, last_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            row,
        ).lastrowid
        spans = self._db.execute("SELECT first, last FROM temp.span ORDER BY first")
        self._db.executemany(
            "INSERT INTO held VALUES (?, ?, ?)", ((number, *span) for span in joined(spans))
        )
        self._db.execute("DELETE FROM temp.span")
        if not self._anything_new and (_is_empty(self._db, number) or _is_known(self._db, number)):
            _unrecord(self._db, number)
            # No other import can have started meanwhile, so that the number is free again.
            self._db.execute("UPDATE sqlite_sequence SET seq = seq - 1 WHERE name = 'import'")


def _is_empty(connection: sqlite3.Connection, number: int | None) -> bool:
    held = connection.execute("SELECT 1 FROM held WHERE import_id = ? LIMIT 1", (number,))
    return held.fetchone() is None


def _is_known(connection: sqlite3.Connection, number: int | None) -> bool:
    """Whether an earlier import of the same name holds the same messages."""
    spans = "SELECT first_id, last_id FROM held WHERE import_id = "
    return any(
        not connection.execute(f"{spans} ? EXCEPT {spans} ?", pair).fetchone()
        and not connection.execute(f"{spans} ? EXCEPT {spans} ?", pair[::-1]).fetchone()
        for pair in connection.execute(
            "SELECT before.id, now.id FROM import AS now JOIN import AS before "
            "ON before.name = now.name AND before.format = now.format AND before.id < now.id "
            "WHERE now.id = ? AND before.imported_at IS NOT NULL",
            (number,),
        ).fetchall()
    )


def _unrecord(connection: sqlite3.Connection, number: int | None) -> None:
    connection.execute("DELETE FROM held WHERE import_id = ?", (number,))
    connection.execute("DELETE FROM import WHERE id = ?", (number,))


def listed(connection: sqlite3.Connection) -> list[Import]:
    """All imports, the oldest first."""
    columns = "id, name, format, imported_at, kept, new, first_at, last_at"
    return [Import(*row) for row in connection.execute(f"SELECT {columns} FROM import ORDER BY id")]


def find(connection: sqlite3.Connection, name: str) -> Import:
    """The import of that number or name; the last part of a path is enough.

    Raises ArchiveError for none and for several.
    """
    known, wanted = listed(connection), clean(name).strip()
    found = [one for one in known if str(one.number) == wanted] or _called(known, wanted)
    if len(found) == 1:
        return found[0]
    if found:
        raise ArchiveError(
            f'"{name}" matches several imports.',
            f"Choose one by its number: {', '.join(map(_distinguished, found))}.",
        )
    names = [part(one.name) for part in (_last_part, _whole) for one in known]
    near = close(wanted, filter(None, names))
    raise ArchiveError(
        f'No import is called "{name}".',
        f"{suggestion(near)}`chatmimic imports` lists them all, with their numbers.",
    )


def _called(known: Sequence[Import], wanted: str) -> list[Import]:
    """Imports by exact name, else by the last part of it, else ignoring case."""
    for plain in (str, fold):
        for part in (_whole, _last_part):
            found = [one for one in known if one.name and plain(part(one.name)) == plain(wanted)]
            if found:
                return found
    return []


def _whole(name: str) -> str:
    return name


def _last_part(name: str) -> str:
    return PureWindowsPath(name).name  # knows both slashes


def _distinguished(one: Import) -> str:
    return f'{one.number} ("{one.name}", {one.kept:,} message{"" if one.kept == 1 else "s"})'


def settle(connection: sqlite3.Connection) -> None:
    """Update the records after messages were deleted.

    Removes imports of which nothing is left. Spans are cut at the last message, or they would hold
    the next one to come.
    """
    connection.execute(
        "DELETE FROM held WHERE NOT EXISTS "
        "(SELECT 1 FROM message WHERE id BETWEEN first_id AND last_id)"
    )
    connection.execute(
        "UPDATE held SET last_id = (SELECT max(id) FROM message) "
        "WHERE last_id > (SELECT max(id) FROM message)"
    )
    connection.execute("DELETE FROM import WHERE id NOT IN (SELECT import_id FROM held)")


def unname(connection: sqlite3.Connection, people: Collection[str]) -> None:
    """Forget the names of imports that contain a name of these people: "Chat with Eve.txt"."""
    named = Named(people)
    words = {word for name in people for word in PIECE.findall(fold(name))}
    telling = {word for word in words if len(word) >= LEAST and word not in COMMON}
    for one in listed(connection):
        if named.occurs_in(one.name) or telling.intersection(PIECE.findall(fold(one.name))):
            connection.execute("UPDATE import SET name = '' WHERE id = ?", (one.number,))

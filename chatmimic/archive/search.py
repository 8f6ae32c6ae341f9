"""Searching messages. The first search after an import fills the index.

Filling it during an import doubled the time, and many archives are never searched.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from chatmimic.archive import find_threads
from chatmimic.archive.reading import COLUMNS, WORDS, message_of
from chatmimic.archive.search_query import Mark, Wanted
from chatmimic.records import Message

_INDEXED = "(SELECT CAST(value AS INTEGER) FROM fact WHERE key = 'indexed')"
_LAST = "(SELECT coalesce(max(id), 0) FROM message)"


def is_behind(connection: sqlite3.Connection) -> bool:
    """Whether there are messages that are not in the index yet."""
    return bool(connection.execute(f"SELECT {_LAST} > {_INDEXED}").fetchone()[0])


def catch_up(connection: sqlite3.Connection) -> None:
    """Add all new messages to the index, in a write transaction of the caller."""
    connection.execute(
        "INSERT INTO message_text (rowid, text) "
        f"SELECT id, text FROM said WHERE id > {_INDEXED} ORDER BY id"
    )
    connection.execute(f"UPDATE fact SET value = {_LAST} WHERE key = 'indexed'")


def empty(connection: sqlite3.Connection) -> None:
    """Empty the index, deleted words included."""
    connection.execute("INSERT INTO message_text (message_text) VALUES ('delete-all')")
    connection.execute("UPDATE fact SET value = 0 WHERE key = 'indexed'")


@dataclass(frozen=True, slots=True)
class Within:
    """Where to search: rows of a person and a thread; UTC milliseconds, `until` exclusive."""

    person: int | None = None
    thread: int | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A message, its row, and the positions of the words in its text."""

    row: int
    message: Message
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A message that was found, with the messages before and after it.

    `thread` is the number of its thread, `called` the thread's name.
    """

    line: Line
    thread: int
    called: str
    before: tuple[Line, ...] = ()
    after: tuple[Line, ...] = ()

    @property
    def message(self) -> Message:
        """The message that was found."""
        return self.line.message


def search(
    connection: sqlite3.Connection,
    query: str,
    limit: int,
    within: Within | None = None,
    context: int = 0,
) -> list[Found]:
    """Messages that match all of `query`, newest first, with `context` before and after each."""
    wanted = Wanted.of(query)
    if not wanted:
        return []
    places = _places(connection, wanted, within or Within(), limit)
    threads = {thread for _, thread, _ in places}
    called = {thread: find_threads.called(connection, thread) for thread in threads}
    found = []
    for place in places:
        row, thread, _ = place
        ((_, message),) = _lines(connection, "message.id = ?", (row,))
        before, after = (_around(connection, place, order, context) for order in ("DESC", "ASC"))
        line = Line(row, message, wanted.marks(connection, row, message.text))
        found.append(Found(line, thread, called[thread], before[::-1], after))
    return found


_Place = tuple[int, int, int | None]  # of a message: row, thread, time


def _places(
    connection: sqlite3.Connection, wanted: Wanted, within: Within, limit: int
) -> list[_Place]:
    conditions: list[tuple[str, str | int | None]] = [
        ("message_text MATCH ?", wanted.match or None),
        *(("instr(message.text, ?)", piece) for piece in wanted.pieces),
        ("alias_id IN (SELECT id FROM alias WHERE person_id = ?)", within.person),
        ("thread_id = ?", within.thread),
        ("placed_at >= ?", within.since),
        ("placed_at < ?", within.until),
    ]
    where = [(condition, value) for condition, value in conditions if value is not None]
    indexed = "message_text CROSS JOIN message ON message.id = message_text.rowid"
    return connection.execute(
        f"SELECT message.id, thread_id, placed_at FROM {indexed if wanted.words else 'message'} "
        f"WHERE {' AND '.join([WORDS, *(condition for condition, _ in where)])} "
        "ORDER BY placed_at DESC, message.id DESC LIMIT ?",
        (*(value for _, value in where), limit),
    ).fetchall()


def _around(
    connection: sqlite3.Connection, place: _Place, order: str, context: int
) -> tuple[Line, ...]:
    """The messages next to one in its thread, the nearest first."""
    if not context:
        return ()
    row, thread, placed_at = place
    sign = "<" if order == "DESC" else ">"
    # Row values with NULL do not compare: a file without times is ordered by id alone.
    near = (
        f"(placed_at, message.id) {sign} (?, ?)"
        if placed_at is not None
        else (f"placed_at IS ? AND message.id {sign} ?")
    )
    rows = _lines(
        connection,
        f"thread_id = ? AND {WORDS} AND {near} "
        f"ORDER BY placed_at {order}, message.id {order} LIMIT ?",
        (thread, placed_at, row, context),
    )
    return tuple(Line(*one) for one in rows)


def _lines(
    connection: sqlite3.Connection, where: str, values: tuple[int | None, ...]
) -> list[tuple[int, Message]]:
    rows = connection.execute(
        f"""SELECT message.id, {COLUMNS} FROM message
            CROSS JOIN thread ON thread.id = message.thread_id
            CROSS JOIN alias ON alias.id = message.alias_id
            CROSS JOIN person ON person.id = alias.person_id WHERE {where}""",
        values,
    )
    return [(row, message_of(tuple(columns))) for row, *columns in rows]

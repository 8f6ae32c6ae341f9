"""Messages as plain rows, for statistics: faster than building a Message of each."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from chatmimic.archive.reading import WORDS

_AT_ONCE = 20_000  # rows
_FROM = "FROM message CROSS JOIN alias ON alias.id = alias_id"
# Row, person, thread, time sent, time it is ordered by (both UTC milliseconds), text.
Row: TypeAlias = tuple[int, int, int, int | None, int | None, str]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which messages to read: of a thread (by number), a service, a time range.

    Times are UTC milliseconds; `until` is exclusive.
    """

    thread: int | None = None
    service: str | None = None
    since: int | None = None
    until: int | None = None


def word_rows(connection: sqlite3.Connection, scope: Scope, texts: bool) -> Iterator[list[Row]]:
    """Messages with words in order of arrival, many at a time; texts are "" unless `texts`."""
    where, values = _where(scope)
    text = "text" if texts else "''"
    found = connection.execute(
        f"SELECT message.id, person_id, thread_id, sent_at, placed_at, {text} {_FROM} {where}",
        values,
    )
    while rows := found.fetchmany(_AT_ONCE):
        yield rows


def _where(scope: Scope) -> tuple[str, list[str | int]]:
    conditions = [
        ("thread_id = ?", scope.thread),
        ("thread_id IN (SELECT id FROM thread WHERE service = ?)", scope.service),
        ("placed_at >= ?", scope.since),
        ("placed_at < ?", scope.until),
    ]
    given = [(condition, value) for condition, value in conditions if value is not None]
    where = " AND ".join([WORDS, *(condition for condition, _ in given)])
    return f"WHERE {where}", [value for _, value in given]


def answers(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """The row of each message that is marked as a reply, and the person it replies to."""
    replies = connection.execute(
        "SELECT id, thread_id, reply_to FROM message WHERE reply_to <> ''"
    ).fetchall()
    senders = _senders(connection, {(thread, to) for _, thread, to in replies})
    pairs = ((row, senders.get((thread, to))) for row, thread, to in replies)
    return [(row, person) for row, person in pairs if person is not None]


def _senders(
    connection: sqlite3.Connection, wanted: Collection[tuple[int, str]]
) -> dict[tuple[int, str], int]:
    """The senders of these messages, given as thread and the service's message id."""
    if not wanted:
        return {}
    found = connection.execute(
        f"SELECT thread_id, message_id, person_id {_FROM} WHERE message_id <> ''"
    )
    return {(thread, own): who for thread, own, who in found if (thread, own) in wanted}


def names(connection: sqlite3.Connection) -> dict[int, str]:
    """The name of each person, by the number in the rows."""
    return dict(connection.execute("SELECT id, name FROM person").fetchall())

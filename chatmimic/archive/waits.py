"""How long people waited before they wrote, among the newest messages of the archive."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

_NEWEST = 50_000  # messages, in order of arrival
_LONGEST_MS = 3_600_000  # longer silences separate conversations more often than messages

_QUERY = """SELECT message.thread_id, person.name, message.sent_at FROM message
    JOIN alias ON alias.id = message.alias_id JOIN person ON person.id = alias.person_id
    WHERE message.id > (SELECT max(id) FROM message) - ? AND message.sent_at IS NOT NULL
    AND message.kind IN ('text', 'action')
    ORDER BY message.thread_id, message.placed_at, message.id"""

Waits = tuple[list[float], list[float]]  # before answers, and before more of the same turn


def waits_of(connection: sqlite3.Connection, people: Collection[str]) -> dict[str, Waits]:
    """Seconds that each of these people waited, up to an hour, in order; of those who did."""
    found: dict[str, Waits] = {}
    last = (-1, "", 0)
    for thread, person, at in connection.execute(_QUERY, (_NEWEST,)):
        before_thread, before, before_at = last
        if thread == before_thread and person in people and 0 < at - before_at <= _LONGEST_MS:
            again = person == before
            found.setdefault(person, ([], []))[again].append((at - before_at) / 1000)
        last = thread, person, at
    return found

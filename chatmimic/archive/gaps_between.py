"""How long people let pass before they write, among the newest messages of the archive."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection

_NEWEST = 50_000  # messages, in order of arrival
_LONGEST_MS = 3_600_000  # longer silences separate conversations more often than messages

_QUERY = """SELECT message.thread_id, person.name, message.sent_at FROM message
    JOIN alias ON alias.id = message.alias_id JOIN person ON person.id = alias.person_id
    WHERE message.id > (SELECT max(id) FROM message) - ? AND message.sent_at IS NOT NULL
    AND message.kind IN ('text', 'action')
    ORDER BY message.thread_id, message.placed_at, message.id"""


def gaps_between(
    connection: sqlite3.Connection, people: Collection[str]
) -> dict[tuple[str, bool], list[int]]:
    """Milliseconds before messages of these people, up to an hour, in order.

    The keys are the person, and whether they also sent the message before.
    """
    found: dict[tuple[str, bool], list[int]] = defaultdict(list)
    last = (-1, "", 0)
    for thread, person, at in connection.execute(_QUERY, (_NEWEST,)):
        before_thread, before, before_at = last
        if thread == before_thread and person in people and 0 < at - before_at <= _LONGEST_MS:
            found[person, person == before].append(at - before_at)
        last = thread, person, at
    return dict(found)

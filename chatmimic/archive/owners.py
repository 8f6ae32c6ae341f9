"""The owners of the imported exports: the people whose accounts these are."""

from __future__ import annotations

import json
import sqlite3

from chatmimic.archive.people import tidy_name
from chatmimic.records import OWNER

_KEY = "owners"  # of the fact that keeps their senders: [[service, sender_key], …]

# Every service names a chat of two after the other person: the owner is who is left.
_TALKS_OF_TWO = """
    WITH spoke AS (
        SELECT DISTINCT thread_id, person_id FROM message JOIN alias ON alias.id = alias_id
        WHERE kind IN ('text', 'action') AND NOT is_bot
    ), two AS (SELECT thread_id FROM spoke GROUP BY thread_id HAVING count(*) = 2)
    SELECT (SELECT name FROM person WHERE id = own.person_id), count(*)
    FROM two JOIN thread ON thread.id = two.thread_id
    JOIN spoke AS own ON own.thread_id = thread.id
    JOIN spoke AS other ON other.thread_id = thread.id AND other.person_id <> own.person_id
    WHERE EXISTS (SELECT 1 FROM alias WHERE person_id = other.person_id AND name = thread.title)
    AND NOT EXISTS (SELECT 1 FROM alias WHERE person_id = own.person_id AND name = thread.title)
    GROUP BY own.person_id ORDER BY count(*) DESC LIMIT 2"""


def note(connection: sqlite3.Connection, name: str, number: int) -> None:
    """Store the owner of import `number` of this connection, if a sender of it has that name."""
    rows = connection.execute(
        "SELECT service, sender_key, person_id FROM alias WHERE name = ? AND id IN "
        "(SELECT id FROM temp.seen WHERE what = 'alias' AND number = ?)",
        (tidy_name(name), number),
    ).fetchall()
    if name and len({person for _, _, person in rows}) == 1:
        known = _kept(connection)
        _keep(connection, [*known, *(row[:2] for row in rows if row[:2] not in known)])


def settle(connection: sqlite3.Connection) -> None:
    """Drop owners whose senders were deleted."""
    known = _kept(connection)
    there = "SELECT 1 FROM alias WHERE service = ? AND sender_key = ?"
    _keep(connection, [one for one in known if connection.execute(there, one).fetchone()])


def owners(connection: sqlite3.Connection) -> list[str]:
    """The people whose exports were imported, the most certain first.

    First who was named by an import, then who is only called "Me", then who has most chats of two
    that are named after the other person.
    """
    whose = (
        "SELECT person.name FROM person JOIN alias ON person_id = person.id "
        "WHERE service = ? AND sender_key = ?"
    )
    named = [row for one in _kept(connection) for row in connection.execute(whose, one)]
    nameless = connection.execute(
        "SELECT person.name FROM person JOIN alias ON person_id = person.id WHERE alias.name = ?",
        (OWNER,),
    ).fetchall()
    most = connection.execute(_TALKS_OF_TWO).fetchall()
    sure = most[:1] if len(most) == 1 or (most and most[0][1] > most[1][1]) else []
    return list(dict.fromkeys(str(row[0]) for row in (*named, *nameless, *sure)))


def _kept(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    row = connection.execute("SELECT value FROM fact WHERE key = ?", (_KEY,)).fetchone()
    return [(service, key) for service, key in json.loads(row[0])] if row else []


def _keep(connection: sqlite3.Connection, senders: list[tuple[str, str]]) -> None:
    connection.execute("DELETE FROM fact WHERE key = ?", (_KEY,))
    if senders:
        connection.execute("INSERT INTO fact VALUES (?, ?)", (_KEY, json.dumps(senders)))

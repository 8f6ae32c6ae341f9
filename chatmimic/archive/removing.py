"""Removing an import: what only it brought is deleted, as if it had never been made."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

from chatmimic.archive import imports, owners
from chatmimic.archive.forgetting import want_scrub
from chatmimic.archive.people import free_name
from chatmimic.archive.reading import WORDS
from chatmimic.archive.spans import Span, joined, without

_NUMBER = re.compile(r" \(\d+\)\Z")  # the number after a name that several people have


def count_alone(connection: sqlite3.Connection, number: int) -> int:
    """The number of messages with words that only this import holds."""
    count_words = f"SELECT count(*) FROM message WHERE id BETWEEN ? AND ? AND {WORDS}"
    return sum(
        connection.execute(count_words, span).fetchone()[0] for span in _alone(connection, number)
    )


def _alone(connection: sqlite3.Connection, number: int) -> Iterator[Span]:
    """The rows of messages that no other import holds."""
    spans = "SELECT first_id, last_id FROM held WHERE import_id {} ? ORDER BY first_id"
    own, others = (connection.execute(spans.format(sign), (number,)) for sign in ("=", "<>"))
    return without(joined(own), joined(others))


def remove(connection: sqlite3.Connection, number: int) -> int:
    """Delete an import and what only it holds, in a write transaction of the caller.

    Returns the number of deleted messages with words. Call `scrub` next.
    """
    gone = count_alone(connection, number)
    connection.executemany(
        "DELETE FROM message WHERE id BETWEEN ? AND ?", _alone(connection, number)
    )
    connection.execute("DELETE FROM held WHERE import_id = ?", (number,))
    connection.execute("DELETE FROM import WHERE id = ?", (number,))
    for table in ("thread", "alias"):
        connection.execute(
            f"DELETE FROM {table} WHERE NOT EXISTS "
            f"(SELECT 1 FROM message WHERE {table}_id = {table}.id)"
        )
    _drop_people(connection)
    imports.settle(connection)
    owners.settle(connection)
    want_scrub(connection)
    return gone


def _drop_people(connection: sqlite3.Connection) -> None:
    """Delete people without a sender, and rename people whose name only the import had.

    People merged into a deleted person stay merged with each other.
    """
    empty = "SELECT id FROM person WHERE id NOT IN (SELECT own_id FROM alias)"
    for (person,) in connection.execute(empty).fetchall():
        heir = _heir(connection, person)
        if heir is not None:
            merged = (heir, person)
            connection.execute("UPDATE alias SET person_id = ? WHERE person_id = ?", merged)
            connection.execute("UPDATE person SET part_of = ? WHERE part_of = ?", merged)
            connection.execute("UPDATE person SET part_of = NULL WHERE id = part_of")
        connection.execute("DELETE FROM person WHERE id = ?", (person,))
    for person, seen in _misnamed(connection):
        connection.execute(
            "UPDATE person SET name = ? WHERE id = ?", (free_name(connection, seen), person)
        )


def _heir(connection: sqlite3.Connection, person: int) -> int | None:
    """The person they were merged into, else the first who was merged into them."""
    found: tuple[int | None] = connection.execute(
        "SELECT coalesce(part_of, (SELECT min(id) FROM person AS part "
        "WHERE part.part_of = person.id)) FROM person WHERE id = ?",
        (person,),
    ).fetchone()
    return found[0]


def _misnamed(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    """People whose name none of their own senders has, each with the name first seen."""
    names: dict[tuple[int, str], list[str]] = {}
    for person, name, seen in connection.execute(
        "SELECT person.id, person.name, alias.name FROM person JOIN alias ON own_id = person.id "
        "ORDER BY alias.id"
    ):
        names.setdefault((person, name), []).append(seen)
    return [
        (person, seen[0])
        for (person, name), seen in names.items()
        if name not in seen and _NUMBER.sub("", name) not in seen
    ]

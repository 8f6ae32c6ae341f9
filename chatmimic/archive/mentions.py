"""What is left of a forgotten person in what others sent: copies of messages, and their name."""

from __future__ import annotations

import hmac
import secrets
import sqlite3
from collections.abc import Collection, Iterable, Iterator

from chatmimic.quotes import NAME, Named, Quotes
from chatmimic.records import Kind

_SLICE = 2_000  # messages at a time: an archive may hold millions
_LEAST_KEY = 4  # characters of a sender's key that is looked for inside other keys
_HIDDEN = "forgotten-"  # how a thread's key begins in the place of one with a name in it
_SERVICES_OWN = "kind NOT IN ('text', 'action', 'forwarded')"  # texts that a service wrote


class Copies:
    """Copies and quotes of a person's messages by others; made before these are deleted."""

    def __init__(self, connection: sqlite3.Connection, person: int, names: Collection[str]) -> None:
        self._db = connection
        self._quotes = Quotes(names)
        for text, at in connection.execute(
            "SELECT text, sent_at FROM message WHERE kind IN ('text', 'action', 'forwarded') "
            "AND alias_id IN (SELECT id FROM alias WHERE person_id = ?)",
            (person,),
        ):
            self._quotes.add(text, at)

    def remove(self) -> int:
        """Remove them from the remaining messages. Returns the number of messages changed."""
        changed = 0
        for rows in _slices(self._db, "kind IN ('text', 'action', 'forwarded')"):
            for row, kind, text, at in rows:
                left = self._quotes.without(text, Kind(kind), at)
                if left != text:
                    changed += 1
                    _put(self._db, row, left)
        return changed


def _put(connection: sqlite3.Connection, row: int, text: str | None) -> None:
    if text is None:
        connection.execute("DELETE FROM message WHERE id = ?", (row,))
    else:
        connection.execute("UPDATE message SET text = ? WHERE id = ?", (text, row))


def _slices(
    connection: sqlite3.Connection, where: str
) -> Iterator[list[tuple[int, str, str, int | None]]]:
    last = 0
    while rows := connection.execute(
        f"SELECT id, kind, text, sent_at FROM message WHERE id > ? AND text <> '' AND {where} "
        "ORDER BY id LIMIT ?",
        (last, _SLICE),
    ).fetchall():
        last = rows[-1][0]
        yield rows


def unname(connection: sqlite3.Connection, names: Iterable[str], senders: Iterable[str]) -> int:
    """Remove names from notices, and from titles, keys and ids. Returns how many were changed.

    `senders` are the keys under which services know the person.
    """
    named = Named(names)
    keys = Named(key for key in senders if len(key) >= _LEAST_KEY)
    changed = 0
    for rows in _slices(connection, _SERVICES_OWN):
        for row, _, text, _ in rows:
            left = named.without(text)
            if left != text:
                changed += 1
                _put(connection, row, left)
    return changed + _unname_threads(connection, named, keys) + _unname_ids(connection, named, keys)


def _unname_threads(connection: sqlite3.Connection, named: Named, keys: Named) -> int:
    changed = 0
    threads = connection.execute("SELECT id, service, key, title FROM thread").fetchall()
    for row, service, key, title in threads:
        untitled = "" if (left := named.without(title)) == NAME else left
        hidden = named.occurs_in(key) or keys.occurs_in(key)
        if not hidden and untitled == title:
            continue
        connection.execute(
            "UPDATE thread SET key = ?, title = ? WHERE id = ?",
            (hidden_key(connection, service, key) if hidden else key, untitled, row),
        )
        changed += 1
    return changed


def _unname_ids(connection: sqlite3.Connection, named: Named, keys: Named) -> int:
    """Replace ids of messages that have a name in them; answers still find their messages."""
    secret = secret_of(connection)
    connection.create_function("is_named", 1, lambda id: named.occurs_in(id) or keys.occurs_in(id))
    connection.create_function("hidden", 1, lambda id: _hidden(secret, "id", id))
    changed, _ = (
        connection.execute(  # once through the table: the columns have no index
            f"UPDATE message SET {column} = hidden({column}) "
            f"WHERE {column} <> '' AND is_named({column})"
        ).rowcount
        for column in ("message_id", "reply_to")
    )
    return changed


def hidden_key(connection: sqlite3.Connection, service: str, key: str) -> str:
    """What stands for a key with a name in it: the same each time, and it reveals nothing.

    So an import of the same export finds its thread again.
    """
    return _hidden(secret_of(connection), service, key)


def _hidden(secret: bytes, service: str, key: str) -> str:
    return _HIDDEN + hmac.digest(secret, f"{service}\x1f{key}".encode(), "sha256").hex()[:16]


def has_hidden_keys(connection: sqlite3.Connection) -> bool:
    """Whether a thread has such a key."""
    found = connection.execute("SELECT 1 FROM thread WHERE key GLOB ? LIMIT 1", (f"{_HIDDEN}*",))
    return found.fetchone() is not None


def secret_of(connection: sqlite3.Connection) -> bytes:
    """The random bytes of this archive that hashes of names depend on.

    Made at the first call, which needs a write transaction of the caller.
    """
    row = connection.execute("SELECT value FROM fact WHERE key = 'secret'").fetchone()
    if row is None:
        row = (secrets.token_hex(32),)
        connection.execute("INSERT INTO fact VALUES ('secret', ?)", row)
    return bytes.fromhex(row[0])

"""Searching what people said. The index is filled by the first search after an import.

Filling it while importing took as long as everything else of an import together, and many an
archive is never searched.
"""

from __future__ import annotations

import re
import sqlite3

from chatmimic.archive.reading import COLUMNS, FROM, WORDS, message_of
from chatmimic.records import Message
from chatmimic.text import clean

_INDEXED = "(SELECT CAST(value AS INTEGER) FROM fact WHERE key = 'indexed')"
_LAST = "(SELECT coalesce(max(id), 0) FROM message)"


def is_behind(connection: sqlite3.Connection) -> bool:
    """Whether there are messages that the index does not know."""
    return bool(connection.execute(f"SELECT {_LAST} > {_INDEXED}").fetchone()[0])


def catch_up(connection: sqlite3.Connection) -> None:
    """Put every message into the index. The caller holds the write transaction."""
    connection.execute(
        "INSERT INTO message_text (rowid, text) "
        f"SELECT id, text FROM said WHERE id > {_INDEXED} ORDER BY id"
    )
    connection.execute(f"UPDATE fact SET value = {_LAST} WHERE key = 'indexed'")


def empty(connection: sqlite3.Connection) -> None:
    """Forget the whole index, deleted words included."""
    connection.execute("INSERT INTO message_text (message_text) VALUES ('delete-all')")
    connection.execute("UPDATE fact SET value = 0 WHERE key = 'indexed'")


def search(connection: sqlite3.Connection, query: str, limit: int) -> list[Message]:
    """Messages with all the words of `query`, the best first."""
    wanted = clean(query).strip()
    if not wanted:
        return []
    match = _match(wanted)
    if match:
        found = (
            f"SELECT {COLUMNS} FROM message_text "
            "JOIN message ON message.id = message_text.rowid "
            "JOIN thread ON thread.id = message.thread_id "
            "JOIN alias ON alias.id = message.alias_id "
            "JOIN person ON person.id = alias.person_id "
            "WHERE message_text MATCH ? ORDER BY message_text.rank, message.id LIMIT ?"
        )
        rows = connection.execute(found, (match, limit))
    else:  # emoji and signs are not words, and in no index
        rows = connection.execute(
            f"SELECT {COLUMNS} {FROM} WHERE {WORDS} AND instr(message.text, ?) LIMIT ?",
            (wanted, limit),
        )
    return [message_of(row) for row in rows]


def _match(query: str) -> str:
    """The query in FTS5's language, each word or "phrase" quoted: no sign is an operator."""
    parts = []
    for phrase, word in re.findall(r'"([^"]*)"|([^\s"]+)', query):
        text = phrase or word
        if any(character.isalnum() for character in text):
            parts.append(f'"{text}"*' if word.endswith("*") else f'"{text}"')
    return " ".join(parts)

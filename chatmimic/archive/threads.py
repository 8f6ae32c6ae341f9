"""Threads: finding the row of a message's thread while adding, and listing them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from chatmimic.archive import mentions
from chatmimic.archive.touched import Seen
from chatmimic.records import Message
from chatmimic.text import clean

_REMEMBERED = 20_000  # threads held in memory while adding


@dataclass(slots=True)
class ThreadEntry:
    """A thread while messages are added to it: its row and the time of its latest arrival."""

    id: int
    last_at: int | None = None


class ThreadBook:
    """Finds or creates the thread of a message."""

    def __init__(self, connection: sqlite3.Connection, number: int) -> None:
        self._db = connection
        self._known: dict[tuple[str, str], ThreadEntry] = {}
        self._latest: tuple[str, str, ThreadEntry | None] = ("", "", None)
        self._seen = Seen(connection, "thread", number)
        self._hidden = mentions.has_hidden_keys(connection)
        self.changed = False

    def of(self, message: Message) -> ThreadEntry:
        """The entry of its thread, created if it is new."""
        service, thread, entry = self._latest
        if entry is not None and message.thread == thread and message.service == service:
            return entry
        entry = self._known.get((message.service, message.thread))
        if entry is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            entry = ThreadEntry(self._row(message))
            self._known[message.service, message.thread] = entry
        self._latest = message.service, message.thread, entry
        return entry

    def seen(self) -> int:
        """The number of threads in this import."""
        return self._seen.count()

    def _row(self, message: Message) -> int:
        key = (clean(message.service), clean(message.thread))
        title = clean(message.thread_title)
        row = self._find(*key)
        if row is None:
            made = self._db.execute(
                "INSERT INTO thread (service, key, title) VALUES (?, ?, ?)", (*key, title)
            )
            row = int(made.lastrowid or 0), title
        elif title and not row[1]:  # the first title stays: an older export must not undo it
            self._db.execute("UPDATE thread SET title = ? WHERE id = ?", (title, row[0]))
            self.changed = True
        self._seen.add(row[0])
        return int(row[0])

    def _find(self, service: str, key: str) -> tuple[int, str] | None:
        """The thread's row and title, also if its key was hidden because of somebody's name."""
        keys = [key, *([mentions.hidden_key(self._db, service, key)] if self._hidden else ())]
        for one in keys:
            found: tuple[int, str] | None = self._db.execute(
                "SELECT id, title FROM thread WHERE service = ? AND key = ?", (service, one)
            ).fetchone()
            if found:
                return found
        return None

"""The key that recognises a message: one number, unique among the messages of its thread.

It is made from the service's message id or, without one, from time, sender, text and how often
these three occurred before in the file. So equal messages of one instant are both kept (IRC
timestamps are minutes), importing an export again adds nothing, and overlapping files or exports
add only what is new.
"""

from __future__ import annotations

import sqlite3
from hashlib import blake2b
from itertools import islice
from struct import Struct

from chatmimic.records import OWNER, Message

_OWNERS = f"{OWNER}/"
_NUMBER = Struct(">Q")  # half the time of int.from_bytes
_HOUR_MS = 3_600_000
_LAST_MS = _HOUR_MS << 20  # since 1970: until 2089
_HELD = 50_000  # messages of a file that are compared; equal ones lie close together
_IN_MEMORY = 50_000  # messages without a time that are counted in memory


def identity_of(
    message_id: str, sent_at: int | None, sender: str, text: str, again: int = 1
) -> int:
    """The key of a message, a number of 63 bits; `again` is its occurrence, from 1.

    Keys of one hour are adjacent, so that the index grows at its end: messages come in order of
    time. The 43 bits that differ within an hour of a thread are enough: 10,000 messages collide
    once in 180,000 times. Without a time all 63 bits depend on the text.
    """
    if message_id:
        number = len(message_id) < 19 and message_id.isascii() and message_id.isdigit()
        if number and message_id[0] != "0":
            return int(message_id)
        parts = f"id\x1f{message_id}"
        sent_at = None
    else:  # "\x1f" cannot be in a part: clean() takes it out.
        parts = f"{sent_at}\x1f{sender}\x1f{text}\x1f{again if again > 1 else ''}"
    # A name that comes straight from Python may hold a lone surrogate; importers clean theirs.
    data = parts.encode("utf-8", "surrogatepass")
    (digest,) = _NUMBER.unpack(blake2b(data, digest_size=8).digest())
    if sent_at is None or not 0 <= sent_at < _LAST_MS:
        return int(digest >> 1)
    return (sent_at // _HOUR_MS) << 43 | digest >> 21


class Occurrences:
    """Counts how often each identity occurred in the current file of an import.

    Messages with a time are counted in memory. Those without one may repeat anywhere in the file,
    and are counted on disk once there are many.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._file = ""
        self._counts: dict[tuple[int, int], int] = {}
        self._timeless: dict[tuple[str, int, int], int] = {}
        self._on_disk = False
        connection.execute(
            "CREATE TEMP TABLE IF NOT EXISTS occurrence (file TEXT, thread_id INTEGER, "
            "base INTEGER, n INTEGER, PRIMARY KEY (file, thread_id, base)) WITHOUT ROWID"
        )
        self.forget()

    def forget(self) -> None:
        """Reset all counts."""
        self._counts.clear()
        self._timeless.clear()
        self._on_disk = False
        self._db.execute("DELETE FROM temp.occurrence")

    def identity(self, thread_id: int, message: Message, sent_at: int | None, text: str) -> int:
        """The identity of a message without an id, counting it as the next occurrence."""
        sender = message.sender_key or message.sender
        if sender.startswith(_OWNERS):  # its name may be new since the previous import
            sender = OWNER
        base = identity_of("", sent_at, sender, text)
        file = message.source.rpartition(":")[0]
        if sent_at is None:
            again = self._timeless_again((file, thread_id, base))
        else:
            if file != self._file:
                self._counts.clear()
                self._file = file
            counts, key = self._counts, (thread_id, base)
            again = counts[key] = counts.get(key, 0) + 1
            if again == 1 and len(counts) >= _HELD:
                for old in list(islice(counts, _HELD // 2)):  # the older half
                    del counts[old]
        return base if again == 1 else identity_of("", sent_at, sender, text, again)

    def _timeless_again(self, key: tuple[str, int, int]) -> int:
        counts = self._timeless
        if not self._on_disk:
            again = counts[key] = counts.get(key, 0) + 1
            if len(counts) >= _IN_MEMORY:
                rows = ((*one, count) for one, count in counts.items())
                self._db.executemany("INSERT INTO temp.occurrence VALUES (?, ?, ?, ?)", rows)
                counts.clear()
                self._on_disk = True
            return again
        found = self._db.execute(
            "INSERT INTO temp.occurrence VALUES (?, ?, ?, 1) "
            "ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n",
            key,
        )
        return int(found.fetchone()[0])

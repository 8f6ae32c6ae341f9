"""By what a message is known again: one number, that of its thread's messages only one has.

The service's message id where there is one; else time, sender and text, and which occurrence of
these three it is within its file. So two equal messages of one instant both stay (IRC stamps are
minutes), the same export again adds nothing, and files or exports that overlap add what is new.
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
_HELD = 50_000  # messages of a file among which equal ones are looked for; they lie close together
_IN_MEMORY = 50_000  # messages without a time that are counted in memory


def identity_of(
    message_id: str, sent_at: int | None, sender: str, text: str, again: int = 1
) -> int:
    """A number of 63 bits for what is said here; `again` is the occurrence, from 1.

    Numbers of one hour lie together, so that the index grows at its end: messages come in order of
    time. The 43 bits that tell them apart within a thread's hour are enough: of 10,000 messages two
    are taken for one once in 180,000 times. Without a time all 63 bits are of the text.
    """
    if message_id:
        number = len(message_id) < 19 and message_id.isascii() and message_id.isdigit()
        if number and message_id[0] != "0":
            return int(message_id)
        parts = f"id\x1f{message_id}"
        sent_at = None
    else:  # "\x1f" cannot be in a part: clean() takes it out.
        parts = f"{sent_at}\x1f{sender}\x1f{text}\x1f{again if again > 1 else ''}"
    (digest,) = _NUMBER.unpack(blake2b(parts.encode(), digest_size=8).digest())
    if sent_at is None or not 0 <= sent_at < _LAST_MS:
        return int(digest >> 1)
    return (sent_at // _HOUR_MS) << 43 | digest >> 21


class Occurrences:
    """How often each identity came in the file at hand, of one import.

    Messages with a time are counted in memory; those without one, which may repeat anywhere in a
    file as long as the import, on disk once there are many.
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
        """Forget what was counted."""
        self._counts.clear()
        self._timeless.clear()
        self._on_disk = False
        self._db.execute("DELETE FROM temp.occurrence")

    def identity(self, thread_id: int, message: Message, sent_at: int | None, text: str) -> int:
        """The identity of a message without an id, the next of its like."""
        sender = message.sender_key or message.sender
        if sender.startswith(_OWNERS):  # named now, and perhaps not in the import before
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

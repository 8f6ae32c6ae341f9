"""Reading the archive: messages in order, threads, search, tables."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from chatmimic.archive.adding import unpack_reactions
from chatmimic.records import Kind, Message

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread of the archive. `messages` counts those with words; times are UTC milliseconds.

    Users can refer to it by its `number`; `names` are its people, if they were requested.
    """

    service: str
    key: str
    title: str
    messages: int
    people: int
    first_at: int | None
    last_at: int | None
    number: int = field(default=0, compare=False)
    names: tuple[str, ...] = field(default=(), compare=False)

    @property
    def called(self) -> str:
        """Its title on one line, else its people, else its key."""
        more = self.people - len(self.names) if self.people > 2 else 0
        people = ", ".join(self.names) + (f" and {more:,} more" if more and self.names else "")
        return " ".join(self.title.split()) or people or self.key


# thread is walked by its unique (service, key), message by (thread_id, placed_at, id): SQLite
# neither sorts nor buffers. CROSS JOIN fixes this order.
FROM = """
    FROM thread CROSS JOIN message ON message.thread_id = thread.id
    CROSS JOIN alias ON alias.id = message.alias_id
    CROSS JOIN person ON person.id = alias.person_id"""
_ORDER = "ORDER BY thread.service, thread.key, message.placed_at, message.id"
COLUMNS = """person.name, message.text, message.sent_at, message.kind, thread.service, thread.key,
    thread.title, alias.sender_key, message.message_id, message.reply_to, message.reactions,
    alias.is_bot"""
WORDS = "message.kind IN ('text', 'action')"
_AT_ONCE = 1_000  # rows


def stream(
    connection: sqlite3.Connection, service: str | None, thread: str | None, since: int | None
) -> Iterator[Message]:
    """Messages with words, by thread and time, one at a time."""
    where, values = _narrowed([WORDS], {"thread.service": service, "thread.key": thread})
    if since is not None:
        where, values = f"{where} AND message.placed_at >= ?", [*values, since]
    for row in connection.execute(f"SELECT {COLUMNS} {FROM} {where} {_ORDER}", values):
        yield message_of(row)


def _narrowed(conditions: list[str], columns: dict[str, Any]) -> tuple[str, list[Any]]:
    given = {column: value for column, value in columns.items() if value is not None}
    every = [*conditions, *(f"{column} = ?" for column in given)]
    return (f"WHERE {' AND '.join(every)}" if every else ""), list(given.values())


def message_of(row: tuple[Any, ...]) -> Message:
    """A row of `COLUMNS` as a message."""
    sender, text, sent_at, kind, service, thread, title, key, own_id, reply, reactions, bot = row
    return Message(
        sender=sender,
        text=text,
        sent_at=sent_at,
        kind=Kind(kind),
        service=service,
        thread=thread,
        thread_title=title,
        sender_key=key,
        message_id=own_id,
        reply_to=reply,
        reactions=unpack_reactions(reactions),
        is_bot=bool(bot),
    )


def place_of_newest(
    connection: sqlite3.Connection, person_id: int | None, count: int
) -> tuple[int, int] | None:
    """Where the `count` newest messages of a person (None: of everybody) begin in `stream`.

    The time to stream from, in UTC ms, and the number of the first of them in that stream. None:
    there are no more, or the first has no time.
    """
    whose = (
        "" if person_id is None else "AND alias_id IN (SELECT id FROM alias WHERE person_id = ?)"
    )
    found = connection.execute(
        f"""SELECT placed_at, message.id, service, key FROM message
            JOIN thread ON thread.id = thread_id WHERE {WORDS} {whose}
            ORDER BY placed_at DESC, service DESC, key DESC, message.id DESC LIMIT 1 OFFSET ?""",
        (*(() if person_id is None else (person_id,)), count - 1),
    ).fetchone()
    if found is None or found[0] is None:
        return None
    at, row, service, key = found
    (number,) = connection.execute(
        f"""SELECT count(*) FROM thread CROSS JOIN message ON thread_id = thread.id
            WHERE {WORDS} AND placed_at >= ? AND (
                (service, key) < (?, ?)
                OR (service, key) = (?, ?) AND placed_at = ? AND message.id < ?)""",
        (at, service, key, service, key, at, row),
    ).fetchone()
    return at, number


# The same as "\x1f".join(map(str, row)), which takes Python three times as long. The separators
# cannot be in a field: clean() takes them out.
_JOINED = " || char(31) || ".join(
    "coalesce(message.sent_at, 'None')" if column == "message.sent_at" else column
    for column in COLUMNS.replace("\n", " ").replace(" ", "").split(",")
)


def digest(connection: sqlite3.Connection) -> str:
    """The SHA-256, in hex, of everything that `stream` yields, in its order."""
    whole = sha256()
    rows = connection.execute(f"SELECT {_JOINED} {FROM} WHERE {WORDS} {_ORDER}")
    while some := rows.fetchmany(_AT_ONCE):
        whole.update(("\x1e".join(text for (text,) in some) + "\x1e").encode())
    return whole.hexdigest()


def threads(
    connection: sqlite3.Connection, *, numbers: Collection[int] | None = None
) -> list[Thread]:
    """All threads, or those of these numbers, in the order of `stream`, without `names`."""
    some = "" if numbers is None else "WHERE thread.id IN (SELECT value FROM json_each(?))"
    rows = connection.execute(
        f"""SELECT thread.service, thread.key, thread.title, count(message.id),
                   count(DISTINCT alias.person_id), min(sent_at), max(sent_at), thread.id
            FROM thread
            LEFT JOIN message ON message.thread_id = thread.id AND {WORDS}
            LEFT JOIN alias ON alias.id = message.alias_id
            {some} GROUP BY thread.id ORDER BY thread.service, thread.key""",
        () if numbers is None else (json.dumps(list(numbers)),),
    )
    return [Thread(*row) for row in rows]


def table(
    connection: sqlite3.Connection,
    person_id: int | None,
    service: str | None,
    thread: str | None,
) -> pd.DataFrame:
    """Messages of every kind as a DataFrame; `sent_at` is a UTC time, NaT if unknown."""
    import pandas as pd

    where, values = _narrowed(
        [], {"person.id": person_id, "thread.service": service, "thread.key": thread}
    )
    names = ["sender", "text", "sent_at", "kind", "service", "thread", "thread_title"]
    names += ["sender_key", "message_id", "reply_to", "reactions", "is_bot"]
    rows = connection.execute(f"SELECT {COLUMNS} {FROM} {where} {_ORDER}", values).fetchall()
    frame = pd.DataFrame(rows, columns=names)
    frame["sent_at"] = _times([row[2] for row in rows])
    frame["is_bot"] = frame["is_bot"].astype(bool)
    frame["reactions"] = pd.Series([unpack_reactions(row[10]) for row in rows], dtype=object)
    return frame


def _times(milliseconds: list[int | None]) -> pd.Series:
    import numpy as np
    import pandas as pd

    nothing = np.iinfo(np.int64).min  # NumPy's NaT
    raw = np.array([nothing if at is None else at for at in milliseconds], dtype=np.int64)
    # In milliseconds, not pandas' nanoseconds: those end in 2262, and a broken stamp may not.
    return pd.Series(raw.view("datetime64[ms]")).dt.tz_localize("UTC")

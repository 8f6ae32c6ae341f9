"""Discord History Tracker's SQLite database, `.dht`, with all servers and channels."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from chatmimic.errors import DamagedExport
from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.discord.authors import sender_key
from chatmimic.importers.discord.channels import Channel, titled
from chatmimic.importers.discord.mentions import readable
from chatmimic.importers.parsing.dates.times import as_milliseconds
from chatmimic.importers.parsing.sqlite_copies import open_copy, tolerating_damage
from chatmimic.importers.parsing.sqlite_tables import MAGIC, has_tables
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_PROGRAM = "Discord History Tracker"
# Tables were renamed over the years; older ones have the second name.
_REPLIES = ("message_replied_to", "replied_to")
_ATTACHED = ("message_attachments", "attachments")
_EMBEDS = ("message_embeds", "embeds")


class TrackerDatabase(Importer):
    """Reads `.dht` databases."""

    name = "dht"
    title = _PROGRAM
    description = "the .dht database of Discord History Tracker (its JSON is discord's)"
    magic = MAGIC

    def knows(self, head: Head) -> bool:
        """A SQLite file with the tracker's tables."""
        return has_tables(head, "messages", "channels", "servers", "users", "metadata")

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Yield all messages of all files, each id once."""
        for member in members:
            context.report.variants["database"] += 1
            yield from _read(member, context)


def _read(member: Member, context: Context) -> Iterator[Message]:
    with tolerating_damage(context), open_copy(member, context, _PROGRAM) as connection:
        yield from _Tracked(connection, member, context).messages()


class _Tracked:
    """One database."""

    def __init__(self, connection: sqlite3.Connection, member: Member, context: Context) -> None:
        self._db = connection
        self._report = context.report
        self._file = member.name
        self._people = self._names("users", "display_name", "name")
        servers = self._names("servers", "name")
        self._names_of_channels = self._names("channels", "name")
        self._channels = {
            str(row): Channel(str(row), titled(servers.get(str(server), ""), name) or str(row))
            for row, server in connection.execute("SELECT id, server FROM channels")
            for name in [self._names_of_channels.get(str(row), "")]
        }

    def messages(self) -> Iterator[Message]:
        """Yield all messages in the order they were sent."""
        replies, reply = self._table(_REPLIES), "NULL"
        if replies:
            reply = f"(SELECT replied_to_id FROM {replies} AS r WHERE r.message_id = m.message_id)"
        there = [table for table in map(self._table, (_ATTACHED, _EMBEDS)) if table]
        hangs = " OR ".join(
            f"EXISTS (SELECT 1 FROM {table} AS a WHERE a.message_id = m.message_id)"
            for table in there
        )
        query = (
            f"SELECT message_id, sender_id, channel_id, text, timestamp, {reply}, {hangs or 0} "
            "FROM messages AS m ORDER BY message_id"
        )
        last = -(1 << 63)
        with closing(self._db.execute(query)) as rows:
            for row, *values in rows:
                # The tree of a table that leads back to where it was would never end.
                if not isinstance(row, int) or row <= last:
                    raise DamagedExport(f"{self._file} is damaged: its messages are in no order.")
                last = row
                yield self._message(row, *values)

    def _message(
        self, row: int, user: Any, channel: Any, text: Any, at: Any, reply: Any, attached: Any
    ) -> Message:
        place = self._channels.get(str(channel)) or Channel(str(channel), str(channel))
        words = text if isinstance(text, str) else ""
        words = readable(words, self._people, self._report, self._names_of_channels)
        name = self._people.get(str(user), "")
        kind = Kind.MEDIA if attached and not words.strip() else Kind.TEXT
        return Message(
            name,
            words,
            as_milliseconds(at, self._report),
            kind if name else Kind.OTHER,
            "discord",
            place.key,
            place.title,
            sender_key(str(user), name, place.key),
            str(row),
            "" if reply is None else str(reply),
            source=f"{self._file}:{row}",
        )

    def _table(self, names: tuple[str, str]) -> str:
        """Which of these tables the database has; "" for none."""
        return next((name for name in names if "message_id" in self._columns(name)), "")

    def _columns(self, table: str) -> set[str]:
        return {row[1] for row in self._db.execute(f"PRAGMA table_info({table})")}

    def _names(self, table: str, *columns: str) -> dict[str, str]:
        """Names by id, from the first of these columns that is not empty."""
        chosen = [name for name in columns if name in self._columns(table)]
        rows = self._db.execute(f"SELECT id, {', '.join(chosen) or 'NULL'} FROM {table}")
        found = {str(row): [n for n in names if isinstance(n, str) and n] for row, *names in rows}
        return {key: names[0] for key, names in found.items() if names}

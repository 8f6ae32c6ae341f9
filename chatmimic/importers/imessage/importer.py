"""Messages of macOS and iOS: the database `chat.db` or, on an iPhone, `sms.db`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.imessage.database import Database
from chatmimic.importers.imessage.messages import Reader
from chatmimic.importers.parsing.sqlite_copies import open_copy, tolerating_damage
from chatmimic.importers.parsing.sqlite_tables import MAGIC, has_tables
from chatmimic.importers.streams import Member
from chatmimic.records import Message


class IMessage(Importer):
    """Reads the SQLite file with all chats, iMessage and SMS."""

    name = "imessage"
    title = "iMessage"
    description = "chat.db of Messages on a Mac, or sms.db of an iPhone's backup"
    magic = MAGIC

    def knows(self, head: Head) -> bool:
        """Whether it is a SQLite file with the tables of Messages."""
        return has_tables(head, "message", "handle", "chat", "chat_message_join")

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all files."""
        for member in members:
            context.report.variants["database"] += 1
            yield from _read(member, context)


def _read(member: Member, context: Context) -> Iterator[Message]:
    with tolerating_damage(context), open_copy(member, context, "Messages") as connection:
        database = Database(connection, member.label)
        yield from Reader(database, member.name, context.report).messages()

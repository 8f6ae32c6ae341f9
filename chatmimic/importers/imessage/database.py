"""Reads the tables of `chat.db`, of any version of macOS or iOS."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from chatmimic.errors import DamagedExport

# Columns of `message`; old versions lack some, which are None then.
_COLUMNS = (
    "guid", "text", "attributedBody", "handle_id", "date", "is_from_me", "item_type",
    "group_title", "associated_message_type", "thread_originator_guid", "date_edited",
    "date_retracted", "cache_has_attachments", "balloon_bundle_id", "is_forward", "is_auto_reply",
    "is_system_message", "is_service_message",
)  # fmt: skip
_GROUP = 43  # the style of a chat of several; 45 is one of two
# "p:0/GUID" of a part of a message, "bp:GUID" of a whole one, or the GUID by itself.
_TARGET = """CASE
    WHEN instr(tap.associated_message_guid, '/') > 0
        THEN substr(tap.associated_message_guid, instr(tap.associated_message_guid, '/') + 1)
    WHEN tap.associated_message_guid LIKE 'bp:%' THEN substr(tap.associated_message_guid, 4)
    ELSE tap.associated_message_guid END"""


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat of two or of a group."""

    key: str
    title: str
    other: str  # in a chat of two, the handle of the other


@dataclass(frozen=True, slots=True)
class Tapback:
    """A reaction, or its removal."""

    kind: int  # 2000 and on; 3000 and on take it back
    emoji: str
    handle: int
    own: bool
    part: str  # of the message it is for


class Row:
    """A row of `message`; a missing column is None."""

    def __init__(self, rowid: int, values: dict[str, Any]) -> None:
        self.rowid = rowid
        self._values = values

    def text(self, name: str) -> str:
        """A column that should be text; "" for anything else."""
        value = self._values.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> float:
        """A column that should be a number; 0 for anything else."""
        value = self._values.get(name)
        return value if isinstance(value, int | float) else 0

    def data(self, name: str) -> bytes:
        """A column that should be bytes; b"" for anything else."""
        value = self._values.get(name)
        return value if isinstance(value, bytes) else b""


class Database:
    """The queries of the importer. Large results are streamed."""

    def __init__(self, connection: sqlite3.Connection, label: str) -> None:
        self._db = connection
        self._label = label

    def handles(self) -> dict[int, str]:
        """Phone numbers and addresses of people, by row id."""
        rows = self._db.execute("SELECT ROWID, id FROM handle")
        return {row: text for row, text in rows if isinstance(text, str)}

    def chats(self, handles: dict[int, str]) -> dict[int, Chat]:
        """The chats, by row id."""
        has = self._columns("chat")
        wanted = [
            name if name in has else "NULL"
            for name in ("guid", "chat_identifier", "display_name", "style")
        ]
        members = self._members(handles)
        rows = self._db.execute(f"SELECT ROWID, {', '.join(wanted)} FROM chat")
        return {
            row: _chat(guid, identifier, name, style, members.get(row, []))
            for row, guid, identifier, name, style in rows
        }

    def messages(self) -> Iterator[Row]:
        """The rows of `message`, in order. Raises DamagedExport if they have no order."""
        has = self._columns("message")
        names = [name for name in _COLUMNS if name in has]
        chosen = ", ".join(["ROWID", *names])
        last = -(1 << 63)
        for rowid, *values in self._db.execute(f"SELECT {chosen} FROM message ORDER BY ROWID"):
            # The tree of a table that leads back to where it was would never end.
            if not isinstance(rowid, int) or rowid <= last:
                raise DamagedExport(
                    f"{self._label} is damaged: its messages are in no order.",
                    "Copy the file once more, and import the copy.",
                )
            last = rowid
            yield Row(rowid, dict(zip(names, values, strict=True)))

    def chats_of_messages(self) -> Beside:
        """Row ids of chats, and whether the message is in the bin, for each of `messages`."""
        query = "SELECT message_id, chat_id, 0 FROM chat_message_join"
        if self._columns("chat_recoverable_message_join"):
            query += " UNION ALL SELECT message_id, chat_id, 1 FROM chat_recoverable_message_join"
        return Beside(self._db.execute(f"{query} ORDER BY 1, 3"))

    def tapbacks_of_messages(self) -> Beside:
        """The fields of `Tapback`, for each of `messages`."""
        has = self._columns("message")
        if not {"associated_message_type", "associated_message_guid"} <= has:
            return Beside([])
        emoji = "associated_message_emoji" if "associated_message_emoji" in has else "NULL"
        query = f"""
            SELECT message.ROWID, tap.associated_message_type, tap.{emoji}, tap.handle_id,
                tap.is_from_me, tap.associated_message_guid
            FROM message AS tap JOIN message ON message.guid = {_TARGET}
            WHERE tap.associated_message_type BETWEEN 2000 AND 3999
            ORDER BY message.ROWID, tap.ROWID"""
        return Beside(self._db.execute(query.replace("tap.NULL", "NULL")))

    def _columns(self, table: str) -> set[str]:
        return {row[1] for row in self._db.execute(f"PRAGMA table_info({table})")}

    def _members(self, handles: dict[int, str]) -> dict[int, list[str]]:
        """The members of each chat without a name."""
        found: dict[int, list[str]] = {}
        if self._columns("chat_handle_join"):
            for chat, handle in self._db.execute("SELECT chat_id, handle_id FROM chat_handle_join"):
                if handle in handles:
                    found.setdefault(chat, []).append(handles[handle])
        return found


class Beside:
    """Rows that belong to messages, streamed in parallel with them."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._rows = iter(rows)
        self._next = next(self._rows, None)

    def of(self, rowid: int) -> list[tuple[Any, ...]]:
        """The rows of a message, without its id. Call in the order of ids."""
        found = []
        while self._next is not None and not _after(self._next[0], rowid):
            if self._next[0] == rowid:
                found.append(self._next[1:])
            self._next = next(self._rows, None)
        return found


def _after(value: Any, rowid: int) -> bool:
    """Whether a value comes after a row id in SQLite's order: null, numbers, all else."""
    return value > rowid if isinstance(value, int | float) else value is not None


def _chat(guid: Any, identifier: Any, name: Any, style: Any, members: list[str]) -> Chat:
    """A chat. iMessage and SMS with the same number are one, as in Messages."""
    key = identifier if isinstance(identifier, str) and identifier else guid
    key = key if isinstance(key, str) else ""
    group = style == _GROUP or (style is None and key.startswith("chat"))
    title = name if isinstance(name, str) else ""
    return Chat(
        key, title or (", ".join(members[:8]) if group else "") or key, "" if group else key
    )

"""Builds `chat.db` as Messages does, for tests that read it back."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE handle (ROWID INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, id TEXT NOT NULL,
    country TEXT, service TEXT NOT NULL, uncanonicalized_id TEXT, UNIQUE (id, service));
CREATE TABLE chat (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL,
    style INTEGER, state INTEGER, account_id TEXT, chat_identifier TEXT, service_name TEXT,
    display_name TEXT);
CREATE TABLE chat_handle_join (chat_id INTEGER, handle_id INTEGER);
CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER, message_date INTEGER,
    PRIMARY KEY (chat_id, message_id));
CREATE TABLE chat_recoverable_message_join (chat_id INTEGER, message_id INTEGER);
CREATE TABLE message (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL,
    text TEXT, service TEXT, handle_id INTEGER DEFAULT 0, attributedBody BLOB, date INTEGER,
    is_from_me INTEGER DEFAULT 0, item_type INTEGER DEFAULT 0, group_title TEXT,
    associated_message_guid TEXT, associated_message_type INTEGER DEFAULT 0,
    associated_message_emoji TEXT, thread_originator_guid TEXT, date_edited INTEGER DEFAULT 0,
    date_retracted INTEGER DEFAULT 0, cache_has_attachments INTEGER DEFAULT 0,
    balloon_bundle_id TEXT, is_forward INTEGER DEFAULT 0, is_auto_reply INTEGER DEFAULT 0,
    is_system_message INTEGER DEFAULT 0, is_service_message INTEGER DEFAULT 0);
"""
# As macOS 10.8 had it: whole seconds, no replies, no edits, and the text always in its column.
OLD_SCHEMA = """
CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT NOT NULL, service TEXT NOT NULL);
CREATE TABLE chat (ROWID INTEGER PRIMARY KEY, guid TEXT UNIQUE NOT NULL, style INTEGER,
    chat_identifier TEXT, service_name TEXT);
CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER,
    PRIMARY KEY (chat_id, message_id));
CREATE TABLE message (ROWID INTEGER PRIMARY KEY, guid TEXT UNIQUE NOT NULL, text TEXT,
    handle_id INTEGER DEFAULT 0, date INTEGER, is_from_me INTEGER DEFAULT 0,
    cache_has_attachments INTEGER DEFAULT 0);
"""
ZERO = 978_307_200  # 2001-01-01 in seconds since 1970
CHATS = (
    (1, "iMessage;-;+15550100", 45, "+15550100", None),
    (2, "SMS;-;+15550100", 45, "+15550100", ""),
    (3, "iMessage;+;chat7", 43, "chat7", "Engines"),
    (4, "iMessage;+;chat8", 43, "chat8", ""),
)
HANDLES = ((1, "+15550100"), (2, "ada@example.org"), (3, "+15550100"))


def typedstream(text: str, name: bytes = b"NSAttributedString") -> bytes:
    """An archived attributed string, its attributes left out."""
    raw = text.encode()
    if len(raw) < 0x80:
        length = bytes([len(raw)])
    elif len(raw) < 1 << 16:
        length = b"\x81" + len(raw).to_bytes(2, "little")
    else:
        length = b"\x82" + len(raw).to_bytes(4, "little")
    before = (
        b"\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84\x12" + name + b"\x00\x84\x84\x08"
    )
    return (
        before
        + b"NSObject\x00\x85\x92\x84\x84\x84\x08NSString\x01\x94\x84\x01+"
        + length
        + raw
        + (b"\x86\x84\x02iI\x01\x05\x92\x84\x84\x84\x0cNSDictionary\x00\x94\x84\x01i\x01")
    )


def chat_db(
    path: Path, rows: Sequence[Mapping[str, Any]], schema: str = SCHEMA, **more: Any
) -> Path:
    """A database of these messages; `chat` says in which chat each is (1 by itself)."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.executescript(f"BEGIN; {more.get('before', '')}{schema} COMMIT;")
        columns = "ROWID, guid, style, chat_identifier" + ", display_name" * (schema == SCHEMA)
        for chat in more.get("chats", CHATS):
            values = chat[: columns.count(",") + 1]
            marks = ", ".join("?" * len(values))
            db.execute(f"INSERT INTO chat ({columns}) VALUES ({marks})", values)
        for row, name in more.get("handles", HANDLES):
            service = "SMS" if row == 3 else "iMessage"
            db.execute(
                "INSERT INTO handle (ROWID, id, service) VALUES (?, ?, ?)", (row, name, service)
            )
        if schema == SCHEMA:
            db.executemany("INSERT INTO chat_handle_join VALUES (?, ?)", [(4, 1), (4, 2)])
        for number, row in enumerate(rows, 1):
            _insert(db, number, dict(row))
        db.commit()
    return path


TRACKER = """
    CREATE TABLE metadata (key TEXT PRIMARY KEY, value TEXT);
    CREATE TABLE users (id INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL, display_name TEXT,
        avatar_url TEXT, discriminator TEXT);
    CREATE TABLE servers (id INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL);
    CREATE TABLE channels (id INTEGER PRIMARY KEY NOT NULL, server INTEGER NOT NULL,
        name TEXT NOT NULL, parent_id INTEGER, position INTEGER, topic TEXT, nsfw INTEGER);
    CREATE TABLE messages (message_id INTEGER PRIMARY KEY NOT NULL, sender_id INTEGER NOT NULL,
        channel_id INTEGER NOT NULL, text TEXT NOT NULL, timestamp INTEGER NOT NULL);
    CREATE TABLE message_replied_to (message_id INTEGER PRIMARY KEY NOT NULL,
        replied_to_id INTEGER NOT NULL);
    CREATE TABLE message_attachments (message_id INTEGER NOT NULL, attachment_id INTEGER NOT NULL,
        PRIMARY KEY (message_id, attachment_id));
    CREATE TABLE message_embeds (message_id INTEGER NOT NULL, json TEXT NOT NULL);
    CREATE INDEX embeds_message_ix ON message_embeds (message_id);
    INSERT INTO metadata VALUES ('version', '9');
    INSERT INTO users (id, name, display_name) VALUES
        (1, 'ada', 'Ada L.'), (2, 'charles', NULL), (456226577798135808, 'Deleted User', NULL);
    INSERT INTO servers VALUES (7, 'Analytical Society', 'SERVER'), (8, 'ada', 'DM');
    INSERT INTO channels (id, server, name) VALUES (70, 7, 'engines'), (80, 8, 'ada');
"""
# As the first versions had them.
OLD_TRACKER = (
    TRACKER.replace("display_name TEXT,", "").replace(", display_name)", ")")
    .replace("'ada', 'Ada L.'", "'ada'").replace("'charles', NULL", "'charles'")
    .replace("'Deleted User', NULL", "'Deleted User'")
    .replace("message_replied_to", "replied_to").replace("message_embeds", "embeds")
    .replace("message_attachments", "attachments")
)  # fmt: skip


def tracker_db(path: Path, rows: Sequence[Sequence[Any]], schema: str = TRACKER) -> Path:
    """A database of the tracker: (id, sender, channel, text, time, answered, attached) each."""
    old = "message_" if schema == TRACKER else ""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"PRAGMA synchronous = OFF; BEGIN; {schema} COMMIT;")
        for number, sender, channel, text, at, answered, attached in rows:
            db.execute(
                "INSERT INTO messages VALUES (?,?,?,?,?)", (number, sender, channel, text, at)
            )
            if answered:
                db.execute(f"INSERT INTO {old}replied_to VALUES (?, ?)", (number, answered))
            if attached:
                db.execute(f"INSERT INTO {old}attachments VALUES (?, 5)", (number,))
        db.commit()
    return path


def _insert(db: sqlite3.Connection, number: int, row: dict[str, Any]) -> None:
    chat, binned = row.pop("chat", 1), row.pop("binned", False)
    row = {"ROWID": number, "guid": f"G{number}", **row}
    marks = ", ".join("?" * len(row))
    db.execute(f"INSERT INTO message ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    table = "chat_recoverable_message_join" if binned else "chat_message_join"
    if chat:
        db.execute(f"INSERT INTO {table} (chat_id, message_id) VALUES (?, ?)", (chat, row["ROWID"]))

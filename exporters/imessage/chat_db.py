#!/usr/bin/env python3
"""Write the messages of macOS's chat.db as JSON lines, with nothing but Python's own library.

    python3 chat_db.py messages.jsonl
    python3 chat_db.py --db ~/Desktop/chat.db --me "Ada Lovelace" messages.jsonl

The file has a message on each line (time, sender, text, thread, id, reply_to, kind);
`chatmimic import messages.jsonl` reads it as a table. The database is only read. The terminal
needs Full Disk Access: System Settings, Privacy & Security, Full Disk Access.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Optional

HOME = Path.home() / "Library" / "Messages" / "chat.db"
EPOCH = datetime(2001, 1, 1, tzinfo=timezone.utc)  # noqa: UP017  (macOS brings Python 3.9)
NANOSECONDS_FROM = 10**12  # until macOS 10.13 times were seconds
COLUMNS = (
    "ROWID", "guid", "text", "attributedBody", "handle_id", "date", "is_from_me", "item_type",
    "associated_message_type", "thread_originator_guid", "date_edited", "date_retracted",
    "cache_has_attachments", "balloon_bundle_id",
)  # fmt: skip
LINK = "com.apple.messages.URLBalloonProvider"  # the text of such a one is the sender's own


def main() -> int:
    """Read the arguments, and write the file."""
    parser = argparse.ArgumentParser(description="Write macOS's chat.db as JSON lines.")
    parser.add_argument("out", type=Path, help="the file to write, as messages.jsonl")
    parser.add_argument("--db", type=Path, default=HOME, help=f"the database ({HOME})")
    parser.add_argument("--me", default="Me", help='what to call you ("Me")')
    given = parser.parse_args()
    if given.out.exists():
        print(f"{given.out} is there already. Name another file, or move it away.", file=sys.stderr)
        return 1
    try:
        with closing(opened(given.db)) as db:
            written = write(given.out, records(db, given.me))
    except (sqlite3.Error, OSError) as error:
        print(f"Cannot read {given.db} or write {given.out}: {error}.", file=sys.stderr)
        print(
            "If it is there, allow your terminal to read it: System Settings, Privacy & Security, "
            "Full Disk Access; then close and open the terminal.",
            file=sys.stderr,
        )
        return 1
    print(f"{written:,} messages are in {given.out}; now: chatmimic import {given.out}")
    return 0


def opened(path: Path) -> sqlite3.Connection:
    """The database, opened so that nothing in it can be changed."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    connection.row_factory = sqlite3.Row
    return connection


def write(path: Path, rows: Iterator[dict[str, Any]]) -> int:
    """Write the rows into a new file, whole, that only you can read; give how many there were."""
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    count = 0
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        os.chmod(part, 0o600)  # also one that was left behind
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    os.replace(part, path)
    return count


def records(db: sqlite3.Connection, me: str) -> Iterator[dict[str, Any]]:
    """Every message but the reactions, in the order of the database."""
    handles = dict(db.execute("SELECT ROWID, id FROM handle").fetchall())
    chats = {row["ROWID"]: row for row in db.execute("SELECT * FROM chat")}
    has = {row["name"] for row in db.execute("PRAGMA table_info(message)")}
    columns = ", ".join(
        f"m.{name}" if name in has | {"ROWID"} else f"NULL AS {name}" for name in COLUMNS
    )
    query = f"""SELECT {columns}, j.chat_id FROM message AS m
        LEFT JOIN (SELECT message_id, min(chat_id) AS chat_id FROM chat_message_join
                   GROUP BY message_id) AS j ON j.message_id = m.ROWID
        ORDER BY m.ROWID"""
    for row in db.execute(query):
        if 2000 <= (row["associated_message_type"] or 0) < 4000:
            continue  # a reaction, or its end
        sender = me if row["is_from_me"] else handles.get(row["handle_id"], "")
        thread = thread_of(chats.get(row["chat_id"]), sender)
        kind, text = kind_and_text(row)
        yield {
            "time": time_of(row["date"]),
            "sender": sender or ("" if kind == "system" else thread),
            "text": text,
            "thread": thread,
            "id": row["guid"],
            "reply_to": row["thread_originator_guid"] or "",
            "kind": kind,
        }


def thread_of(chat: Optional[sqlite3.Row], sender: str) -> str:  # noqa: UP045
    """A name that no other chat has; of a message without a chat, its sender's."""
    if chat is None:
        return sender
    key = chat["chat_identifier"] or chat["guid"] or ""
    name = chat["display_name"] if "display_name" in chat.keys() else ""  # noqa: SIM118
    return f"{name} ({key})" if name else key


def time_of(date: Optional[int]) -> str:  # noqa: UP045
    """A time of Apple's in ISO 8601; "" where there is none."""
    if not date:
        return ""
    seconds = date / 1e9 if abs(date) > NANOSECONDS_FROM else date
    return (EPOCH + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def kind_and_text(row: sqlite3.Row) -> tuple[str, str]:
    """What a message is, in the words of `chatmimic import`, and its text."""
    if row["item_type"]:
        return "system", ""
    if row["date_retracted"]:
        return "deleted", ""
    text = row["text"] or archived_text(row["attributedBody"] or b"")
    text = text.replace("\ufffc", "").strip() if "\ufffc" in text else text
    app = row["balloon_bundle_id"]
    if app and app != LINK:
        return "media", text
    if text.strip():
        return "text", text
    if row["cache_has_attachments"]:
        return "media", ""
    return ("deleted" if row["date_edited"] else "media"), ""


def archived_text(archived: bytes) -> str:
    """The string in an archived NSAttributedString (typedstream); "" where there is none."""
    start = archived.find(b"\x84\x01+", max(0, archived.find(b"NSString")))
    if start < 0 or b"NSString" not in archived or start + 3 >= len(archived):
        return ""
    at = start + 4
    length, wide = archived[start + 3], {0x81: 2, 0x82: 4}.get(archived[start + 3], 0)
    if wide:
        length = int.from_bytes(archived[at : at + wide], "little")
    return archived[at + wide : at + wide + length].decode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main())

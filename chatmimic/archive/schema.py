"""The tables, and the migrations of older archives."""

from __future__ import annotations

import sqlite3

from chatmimic.archive.dedup_key import identity_of
from chatmimic.errors import ArchiveError

# "Chat" in ASCII: distinguishes our files from other programs' SQLite files.
APPLICATION_ID = 0x43686174

_FIRST = (
    # revision: counts changes that a reader can see; fingerprint: "revision:digest";
    # scrub: forgotten text may still be in the file, see forgetting.scrub
    "CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "INSERT INTO fact VALUES ('revision', '0')",
    "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    # One row for each name a sender has been seen under. All rows of one (service, sender_key)
    # belong to one person.
    """CREATE TABLE alias (
        id INTEGER PRIMARY KEY,
        service TEXT NOT NULL,
        sender_key TEXT NOT NULL,
        name TEXT NOT NULL,
        is_bot INTEGER NOT NULL,
        person_id INTEGER NOT NULL REFERENCES person (id),
        UNIQUE (service, sender_key, name)
    )""",
    "CREATE INDEX alias_of_name ON alias (name)",
    "CREATE INDEX alias_of_person ON alias (person_id)",
    """CREATE TABLE thread (
        id INTEGER PRIMARY KEY,
        service TEXT NOT NULL,
        key TEXT NOT NULL,
        title TEXT NOT NULL,
        UNIQUE (service, key)
    )""",
    # id is the order of arrival. placed_at is sent_at, or for a message without a time that of
    # the message before it, so that it keeps its place in the file. identity: dedup_key.py.
    """CREATE TABLE message (
        id INTEGER PRIMARY KEY,
        thread_id INTEGER NOT NULL REFERENCES thread (id),
        alias_id INTEGER NOT NULL REFERENCES alias (id),
        sent_at INTEGER,
        placed_at INTEGER,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        message_id TEXT NOT NULL,
        reply_to TEXT NOT NULL,
        reactions TEXT NOT NULL,
        identity BLOB NOT NULL
    )""",
    "CREATE UNIQUE INDEX message_identity ON message (thread_id, identity)",
    "CREATE INDEX message_place ON message (thread_id, placed_at)",
    "CREATE INDEX message_of_alias ON message (alias_id, kind, sent_at)",
    # Search: an index over what people said; the text is stored once.
    "CREATE VIEW said AS SELECT id, text FROM message WHERE kind IN ('text', 'action')",
    """CREATE VIRTUAL TABLE message_text USING fts5 (
        text, content = 'said', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
    )""",
    """CREATE TRIGGER message_added AFTER INSERT ON message
        WHEN new.kind IN ('text', 'action') BEGIN
        INSERT INTO message_text (rowid, text) VALUES (new.id, new.text);
    END""",
    """CREATE TRIGGER message_removed AFTER DELETE ON message
        WHEN old.kind IN ('text', 'action') BEGIN
        INSERT INTO message_text (message_text, rowid, text) VALUES ('delete', old.id, old.text);
    END""",
    """CREATE TRIGGER message_reworded AFTER UPDATE OF text ON message
        WHEN old.kind IN ('text', 'action') BEGIN
        INSERT INTO message_text (message_text, rowid, text) VALUES ('delete', old.id, old.text);
        INSERT INTO message_text (rowid, text) VALUES (new.id, new.text);
    END""",
)

_INDEXED = "old.id <= (SELECT CAST(value AS INTEGER) FROM fact WHERE key = 'indexed')"

# Identities are numbers (dedup_key.py), and the search index is filled when somebody searches
# (search.py): both took half of the time of an import.
_SECOND = (
    "DROP TRIGGER message_added",
    "DROP TRIGGER message_removed",
    "DROP TRIGGER message_reworded",
    "INSERT INTO fact SELECT 'indexed', coalesce(max(id), 0) FROM message",
    f"""CREATE TRIGGER message_removed AFTER DELETE ON message
        WHEN old.kind IN ('text', 'action') AND {_INDEXED} BEGIN
        INSERT INTO message_text (message_text, rowid, text) VALUES ('delete', old.id, old.text);
    END""",
    f"""CREATE TRIGGER message_reworded AFTER UPDATE OF text ON message
        WHEN old.kind IN ('text', 'action') AND {_INDEXED} BEGIN
        INSERT INTO message_text (message_text, rowid, text) VALUES ('delete', old.id, old.text);
        INSERT INTO message_text (rowid, text) VALUES (new.id, new.text);
    END""",
    "DROP INDEX message_identity",
    """UPDATE message SET identity = identity_of(message_id, sent_at, sender, text, again) FROM (
        SELECT message.id AS row, sender_key AS sender, row_number() OVER (
            PARTITION BY thread_id, sent_at, sender_key, text ORDER BY message.id) AS again
        FROM message JOIN alias ON alias.id = alias_id) WHERE row = message.id""",
    "CREATE UNIQUE INDEX message_identity ON message (thread_id, identity)",
)

# A merge can be split again: `part_of` is the person that one was merged into, `own_id` the person
# of an alias without merges, and `person_id` its person now.
_THIRD = (
    "ALTER TABLE person ADD COLUMN part_of INTEGER REFERENCES person (id)",
    "ALTER TABLE alias ADD COLUMN own_id INTEGER REFERENCES person (id)",
    "UPDATE alias SET own_id = person_id",
    "CREATE INDEX alias_of_own ON alias (own_id)",
    "CREATE INDEX person_of_part ON person (part_of)",
)

# Which messages each import holds, as ranges of ids: a message may be in several. Everything
# imported before counts as one import without a time.
_FOURTH = (
    """CREATE TABLE import (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        format TEXT NOT NULL,
        imported_at INTEGER,
        kept INTEGER NOT NULL,
        new INTEGER NOT NULL,
        first_at INTEGER,
        last_at INTEGER
    )""",
    """CREATE TABLE held (
        import_id INTEGER NOT NULL REFERENCES import (id),
        first_id INTEGER NOT NULL,
        last_id INTEGER NOT NULL,
        PRIMARY KEY (import_id, first_id)
    ) WITHOUT ROWID""",
    """INSERT INTO import (name, format, kept, new, first_at, last_at)
        SELECT '', '', n, n, first, last FROM (
            SELECT count(*) AS n, min(sent_at) AS first, max(sent_at) AS last
            FROM message WHERE kind IN ('text', 'action'))
        WHERE EXISTS (SELECT 1 FROM message)""",
    """INSERT INTO held SELECT import.id, 1, (SELECT max(id) FROM message) FROM import""",
)

# The n-th entry migrates an archive from version n-1 to version n. Entries are never edited.
MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _SECOND, _THIRD, _FOURTH)

VERSION = len(MIGRATIONS)


def version_of(connection: sqlite3.Connection) -> int:
    """The schema version of the file; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check(connection: sqlite3.Connection, where: str) -> None:
    """Raise ArchiveError for a database of another program or of a newer chatmimic.

    In a transaction of the caller: another process may be making the tables.
    """
    if version_of(connection) > VERSION:
        raise ArchiveError(
            f"{where} was written by a newer chatmimic (archive version "
            f"{version_of(connection)}; this one knows up to {VERSION}).",
            "Update chatmimic, or choose another place with --home.",
        )
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    filled = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if filled and owner != APPLICATION_ID:
        raise ArchiveError(
            f"{where} is a database of another program, not a chatmimic archive.",
            "Choose another place with --home.",
        )


def migrate(connection: sqlite3.Connection) -> None:
    """Migrate the schema to the current version, in a write transaction of the caller."""
    connection.create_function("identity_of", 5, identity_of, deterministic=True)
    for number, statements in enumerate(MIGRATIONS, start=1):
        if number > version_of(connection):
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number:d}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")

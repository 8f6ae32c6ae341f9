"""Forgetting a person, so that nothing they wrote is left in the file."""

from __future__ import annotations

import sqlite3

from chatmimic.archive import find_people, imports, merging, owners, people, search
from chatmimic.archive.adding import pack_reactions, unpack_reactions
from chatmimic.archive.database import Database, explained, is_busy
from chatmimic.archive.derived import remove_derived
from chatmimic.errors import ArchiveBusy

_THEIRS = "(SELECT id FROM alias WHERE person_id = ?)"


def forget(connection: sqlite3.Connection, name: str) -> int:
    """Delete a person, their messages and reactions, in a write transaction of the caller.

    Returns the number of deleted messages with words. Raises NoSuchPerson. Call `scrub` next.
    """
    person = find_people.find(connection, name)
    names = set(people.names_of(connection, person))
    count = connection.execute(
        f"SELECT count(*) FROM message WHERE kind IN ('text', 'action') AND alias_id IN {_THEIRS}",
        (person,),
    ).fetchone()[0]
    connection.execute(f"DELETE FROM message WHERE alias_id IN {_THEIRS}", (person,))
    connection.execute("DELETE FROM alias WHERE person_id = ?", (person,))
    connection.execute(f"DELETE FROM person WHERE id IN ({merging.PARTS})", {"person": person})
    connection.execute(  # a thread's title is often the person's name
        "DELETE FROM thread WHERE NOT EXISTS (SELECT 1 FROM message WHERE thread_id = thread.id)"
    )
    _drop_reactions(connection, names)
    imports.settle(connection)
    owners.settle(connection)
    imports.unname(connection, names)
    want_scrub(connection)
    return int(count)


def want_scrub(connection: sqlite3.Connection) -> None:
    """Record that deleted text is still in the file: each opening retries until `scrub` is done."""
    connection.execute("INSERT OR REPLACE INTO fact VALUES ('scrub', 'wanted')")


def _drop_reactions(connection: sqlite3.Connection, names: set[str]) -> None:
    last = 0
    while True:  # in slices: an archive may hold millions
        rows = connection.execute(
            "SELECT id, reactions FROM message WHERE id > ? AND reactions <> '' "
            "ORDER BY id LIMIT 1000",
            (last,),
        ).fetchall()
        if not rows:
            return
        for row_id, stored in rows:
            kept = pack_reactions(r for r in unpack_reactions(stored) if r.sender not in names)
            if kept != stored:
                connection.execute("UPDATE message SET reactions = ? WHERE id = ?", (kept, row_id))
        last = rows[-1][0]


def scrub(database: Database) -> None:
    """Rewrite the file so that neither its pages, its search index nor its log hold deleted text.

    What was made from it goes first. Raises ArchiveBusy while another process has the archive open;
    the next opening retries.
    """
    remove_derived(database.path)
    with database.writing() as connection:
        # The search index keeps deleted words in its older segments; the next search rebuilds it.
        search.empty(connection)
    with explained(database.path):
        try:
            connection.execute("VACUUM")
            in_use, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError as error:
            if is_busy(error):
                raise _still_open(database) from error
            raise
    if in_use:  # a reader still needs the log, which holds the old pages
        raise _still_open(database)
    with database.writing() as connection:
        connection.execute("DELETE FROM fact WHERE key = 'scrub'")


def scrub_if_wanted(database: Database) -> None:
    """Finish a scrub that failed when somebody was forgotten."""
    with database.reading() as connection:
        wanted = connection.execute("SELECT 1 FROM fact WHERE key = 'scrub'").fetchone()
    if wanted:  # no waiting: the user asked for something else
        scrub(Database(database.path, database.connection, wait_s=0))


def _still_open(database: Database) -> ArchiveBusy:
    return ArchiveBusy(
        f"The messages are deleted, but another chatmimic has {database.path} open, so their text "
        "may still be in the file.",
        "Close the other one and run `chatmimic people`: it finishes the work.",
    )

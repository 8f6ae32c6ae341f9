"""Forgetting a person, so that nothing they wrote is left in the file."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from chatmimic.archive import find_people, imports, mentions, merging, owners, people, search
from chatmimic.archive.adding import pack_reactions, unpack_reactions
from chatmimic.archive.database import Database, explained
from chatmimic.archive.derived import remove_derived
from chatmimic.errors import ArchiveBusy, ArchiveError, NotScrubbed
from chatmimic.files import size_in_words

_THEIRS = "(SELECT id FROM alias WHERE person_id = ?)"


@dataclass(frozen=True)
class Forgotten:
    """What was deleted of a person: messages with words, and of them in what others wrote."""

    messages: int
    copies: int = 0  # forwarded copies and quotes
    notices: int = 0  # notices, titles and keys of threads that had the name
    names: tuple[str, ...] = ()  # all that they were called


def forget(connection: sqlite3.Connection, name: str) -> Forgotten:
    """Delete a person, their messages, reactions, and copies of their messages by others.

    In a write transaction of the caller. Raises NoSuchPerson. Call `scrub` next.
    """
    person = find_people.find(connection, name)
    senders = _senders(connection, person)
    called = people.one(connection, person).names
    count = connection.execute(
        f"SELECT count(*) FROM message WHERE kind IN ('text', 'action') AND alias_id IN {_THEIRS}",
        (person,),
    ).fetchone()[0]
    copies = mentions.Copies(connection, person, called)
    connection.execute(f"DELETE FROM message WHERE alias_id IN {_THEIRS}", (person,))
    connection.execute("DELETE FROM alias WHERE person_id = ?", (person,))
    connection.execute(f"DELETE FROM person WHERE id IN ({merging.PARTS})", {"person": person})
    removed = copies.remove()
    connection.execute(
        "DELETE FROM thread WHERE NOT EXISTS (SELECT 1 FROM message WHERE thread_id = thread.id)"
    )
    _drop_reactions(connection, set(called))
    notices = mentions.unname(connection, called, senders)
    imports.settle(connection)
    owners.settle(connection)
    imports.unname(connection, called)
    want_scrub(connection)
    return Forgotten(int(count), removed, notices, called)


def _senders(connection: sqlite3.Connection, person: int) -> set[str]:
    """The keys under which services know a person."""
    rows = connection.execute("SELECT sender_key FROM alias WHERE person_id = ?", (person,))
    return {str(key) for (key,) in rows}


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

    What was made from it goes first. Raises NotScrubbed if the file cannot be rewritten now, such
    as while another process reads it; the next opening retries.
    """
    try:
        remove_derived(database.path)
        with database.writing() as connection:
            # The search index keeps deleted words in its older segments; a search rebuilds it.
            search.empty(connection)
        _rewrite(database)
        with database.writing() as connection:
            connection.execute("DELETE FROM fact WHERE key = 'scrub'")
    except (ArchiveError, OSError) as error:
        raise _not_scrubbed(database.path, error) from error


def _rewrite(database: Database) -> None:
    connection = database.connection
    with explained(database.path):
        try:
            connection.execute("VACUUM")
        finally:  # without room for the rest, at least the log goes, which holds the old pages
            in_use, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if in_use:
        raise ArchiveBusy(f"Another process reads {database.path}.")


def is_scrubbed(connection: sqlite3.Connection) -> bool:
    """Whether no deleted text is left in the file."""
    return connection.execute("SELECT 1 FROM fact WHERE key = 'scrub'").fetchone() is None


def scrub_if_wanted(database: Database) -> None:
    """Finish a scrub that failed when somebody was forgotten."""
    with database.reading() as connection:
        done = is_scrubbed(connection)
    if not done:  # no waiting: the user asked for something else
        scrub(Database(database.path, database.connection, wait_s=0))


def _not_scrubbed(path: Path, error: ArchiveError | OSError) -> NotScrubbed:
    cause = error.__cause__
    if isinstance(error, ArchiveBusy):
        why, first = "another chatmimic has it open", "Close the other one"
    else:
        why = str(cause or error)
        room = size_in_words(2 * path.stat().st_size) if path.exists() else "some space"
        first = f"See that the disk has {room} free and the file can be written"
    return NotScrubbed(
        f"The messages are deleted, but their text may still be in unused parts of {path}, which "
        f"could not be rewritten: {why}.",
        f"{first} and run `chatmimic people`, or any command that opens the archive: it finishes "
        "the work.",
    )

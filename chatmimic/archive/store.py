"""The Archive class, the only access to the file. Its work is in the modules beside it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from chatmimic.archive import (
    find_people,
    find_threads,
    forgetting,
    imports,
    mentions,
    merging,
    owners,
    people,
    reading,
    recalling,
    removing,
    search,
    touched,
    waits,
)
from chatmimic.archive.adding import Added, Adding
from chatmimic.archive.database import Database, explained
from chatmimic.archive.forgetting import Forgotten
from chatmimic.archive.imports import Import, Origin
from chatmimic.archive.reading import Thread
from chatmimic.archive.recalling import Recollection
from chatmimic.archive.rows import Row, Scope, answers, names, word_rows
from chatmimic.archive.search import Found
from chatmimic.errors import ArchiveBusy, ArchiveError, NotScrubbed
from chatmimic.records import Message, Person

if TYPE_CHECKING:
    import pandas as pd


class _Rehearsed(Exception):
    """Raised to roll back a dry run."""


class Archive:
    """All messages and people of one user, in one SQLite file. Use it in a `with` statement.

    Every method raises ArchiveError if the file cannot be read or written, and ArchiveBusy if
    another process writes for longer than `wait_s`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._imports = 0

    @classmethod
    def open(cls, path: Path, *, create: bool = True, wait_s: float = 60.0) -> Archive:
        """Open the archive at `path`; create it, readable by its owner only, unless `create` is
        False.

        `wait_s`: seconds to wait while another process writes.
        """
        archive = cls(Database.open(Path(path), create=create, wait_s=wait_s))
        with contextlib.suppress(ArchiveError):  # the next opening retries
            forgetting.scrub_if_wanted(archive._database)
        return archive

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.connection.close()

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self._database.path

    def add(
        self,
        messages: Iterable[Message],
        *,
        origin: Callable[[], Origin] | None = None,
        rehearse: bool = False,
    ) -> Added:
        """Add messages that are not there yet: all of them, or none if anything fails.

        Uses constant memory. `origin`, called when all are read, says what to record about the
        import. `rehearse` reports what would be added and rolls it back.
        """
        self._imports += 1
        with contextlib.suppress(_Rehearsed), self._database.writing() as connection:
            adding = Adding(connection, self._imports)
            added = adding.run(messages, origin)
            if added.new or adding.changed:
                _revise(connection)
            if rehearse:
                raise _Rehearsed
        return added

    def touched(self) -> tuple[int, int]:
        """The number of threads and people in all imports since opening, each counted once."""
        return touched.together(self._database.connection)

    def people(self) -> list[Person]:
        """Everybody who has sent a message, the most talkative first."""
        with self._database.reading() as connection:
            return people.everybody(connection)

    def person(self, name: str) -> Person:
        """The person of that name, or with a sender of that name, ignoring case and accents.

        `Alex (discord)` is the Alex of a service, an account, or a number. Raises NoSuchPerson,
        with suggestions, for no match or several.
        """
        with self._database.reading() as connection:
            return people.one(connection, find_people.find(connection, name))

    def owners(self) -> list[str]:
        """The people whose exports were imported, as far as known, the most certain first."""
        with self._database.reading() as connection:
            return owners.owners(connection)

    def namesakes(self) -> tuple[tuple[Person, ...], ...]:
        """Groups of people whose names are equal except for the number after them."""
        with self._database.reading() as connection:
            return find_people.namesakes(connection)

    def activity(self, spans: int) -> dict[str, list[int]]:
        """Messages per person in each of `spans` equal parts of the archive's time range."""
        with self._database.reading() as connection:
            return people.activity(connection, spans)

    def merge(self, keep: str, other: str) -> Person:
        """Merge `other` into `keep`, whose name stays, also for later imports. `split` undoes it.

        Raises NoSuchPerson, and ArchiveError if both are one person already.
        """
        with self._database.writing() as connection:
            kept = merging.merge(connection, keep, other)
            _revise(connection)
            return people.one(connection, kept)

    def split(self, name: str, which: str | None = None) -> tuple[Person, Person]:
        """Split `which` off a person. Returns the person and the one who was split off.

        `which` is a name from before a merge, a service or an account; without it, the only merged
        person. Afterwards both are as if never merged, later imports included. Raises NoSuchPerson,
        and ArchiveError if it is not clear what to split off.
        """
        with self._database.writing() as connection:
            rows = merging.split(connection, name, which)
            _revise(connection)
            kept, apart = (people.one(connection, row) for row in rows)
        return kept, apart

    def forget(self, name: str) -> Forgotten:
        """Delete a person, their messages and reactions, from every page of the file.

        Also deleted are forwarded copies and quotes of their messages, and their name in notices
        and in the titles and keys of threads; what others wrote about them stays. Raises
        NoSuchPerson, and NotScrubbed if they were deleted but the file could not be rewritten.
        """
        with self._database.writing() as connection:
            forgotten = forgetting.forget(connection, name)
            _revise(connection)
        self._scrub_after(forgotten)
        return forgotten

    def _scrub_after(self, removed: object) -> None:
        try:
            forgetting.scrub(self._database)
        except NotScrubbed as error:
            error.removed = removed
            raise

    def is_scrubbed(self) -> bool:
        """Whether no deleted text is left in unused parts of the file."""
        with self._database.reading() as connection:
            return forgetting.is_scrubbed(connection)

    def scrub(self) -> None:
        """Rewrite the file so that no deleted text is left. Raises NotScrubbed if that fails."""
        forgetting.scrub(self._database)

    def secret(self) -> bytes:
        """Random bytes of this archive, which hashes of its people's names depend on."""
        with self._database.writing() as connection:
            return mentions.secret_of(connection)

    def names_of_each(self) -> dict[str, tuple[str, ...]]:
        """All names that each person has been seen under, by the name of the person."""
        with self._database.reading() as connection:
            return people.names_of_each(connection)

    def imports(self) -> list[Import]:
        """All imports, the oldest first."""
        with self._database.reading() as connection:
            return imports.listed(connection)

    def imported(self, name: str) -> Import:
        """The import of that number or name. Raises ArchiveError for no match or several."""
        with self._database.reading() as connection:
            return imports.find(connection, name)

    def held_alone(self, number: int) -> int:
        """The number of messages with words that only the import of that number holds."""
        with self._database.reading() as connection:
            return removing.count_alone(connection, number)

    def remove_import(self, number: int) -> int:
        """Delete an import and what only it holds, from every page of the file.

        What another import holds too stays. Returns the number of deleted messages with words.
        Raises NotScrubbed if they were deleted but the file could not be rewritten.
        """
        with self._database.writing() as connection:
            gone = removing.remove(connection, number)
            _revise(connection)
        self._scrub_after(gone)
        return gone

    def threads(self, *, service: str | None = None, person: str | None = None) -> list[Thread]:
        """All threads with their counts, or those of a service, or those with a person.

        Raises ArchiveError if nothing is from the service, and NoSuchPerson.
        """
        with self._database.reading() as connection:
            theirs = None
            if person is not None:
                theirs = find_threads.of_person(connection, find_people.find(connection, person))
            found = reading.threads(connection, numbers=theirs)
            if service is None:
                return found
            meant = find_threads.service(connection, service)
            return [thread for thread in found if thread.service == meant]

    def service(self, typed: str) -> str:
        """The service of that name, ignoring case. Raises ArchiveError if nothing is from it."""
        with self._database.reading() as connection:
            return find_threads.service(connection, typed)

    def with_names(self, threads: Iterable[Thread]) -> list[Thread]:
        """The threads with their people filled in (`Thread.names`)."""
        with self._database.reading() as connection:
            return find_threads.with_names(connection, threads)

    def thread_activity(self, threads: Iterable[Thread], spans: int) -> dict[int, list[int]]:
        """Messages per thread number in each of `spans` equal parts of the archive's time range."""
        with self._database.reading() as connection:
            return find_threads.activity(connection, [t.number for t in threads], spans)

    def thread(self, name: str) -> Thread:
        """The thread of that title, with that person, or of that number, with `names` filled in.

        Ignores case and accents; `Tea (irc)` is the Tea of a service. Raises NoSuchThread, with
        suggestions, for no match or several.
        """
        with self._database.reading() as connection:
            return find_threads.find(connection, name)

    def search(
        self,
        query: str,
        limit: int = 20,
        *,
        person: str | None = None,
        thread: str | None = None,
        since: int | None = None,
        until: int | None = None,
        context: int = 0,
    ) -> list[Found]:
        """Messages that contain every word or "phrase", the newest first, at most `limit`.

        Optionally of a person, in a thread (by title), sent at `since` or later and before `until`
        (UTC milliseconds), with `context` messages before and after each. The first search after an
        import adds its messages to the index. Raises NoSuchPerson and NoSuchThread.
        """
        with self._database.reading() as connection:
            whose = None if person is None else find_people.find(connection, person)
            where = None if thread is None else find_threads.find(connection, thread).number
        self._fill_index()
        within = search.Within(whose, where, since, until)
        with self._database.reading() as connection:
            return search.search(connection, query, limit, within, context)

    def recall(
        self, person: str, texts: Sequence[str], before: int, most: int
    ) -> list[Recollection]:
        """What a person said before a time (UTC ms) about the matter of `texts`, best first.

        At most `most` exchanges. Messages without a time are never found. The first call after an
        import adds its messages to the index. Raises NoSuchPerson.
        """
        with self._database.reading() as connection:
            whose = find_people.find(connection, person)
        self._fill_index()
        with self._database.reading() as connection:
            return recalling.recall(connection, whose, texts, before, most)

    def _fill_index(self) -> None:
        with self._database.reading() as connection:
            behind = search.is_behind(connection)
        if behind:
            with self._database.writing() as connection:
                search.catch_up(connection)

    def messages(
        self, *, person: str | None = None, service: str | None = None, thread: str | None = None
    ) -> pd.DataFrame:
        """Messages of every kind as a DataFrame; `sent_at` is a UTC time. Raises NoSuchPerson."""
        with self._database.reading() as connection:
            found = None if person is None else find_people.find(connection, person)
            return reading.table(connection, found, service, thread)

    def rows(self, scope: Scope, *, texts: bool) -> Iterator[list[Row]]:
        """Messages with words as rows, many at a time, in order of arrival.

        Uses constant memory. A row is its number, those of its person and thread, the time it was
        sent, the time it is ordered by (UTC milliseconds, or None), and its text, "" unless
        `texts`.
        """
        with explained(self.path):
            yield from word_rows(self._database.connection, scope, texts)

    def answers(self) -> list[tuple[int, int]]:
        """The row of each message marked as a reply, and the person it answers."""
        with self._database.reading() as connection:
            return answers(connection)

    def names(self) -> dict[int, str]:
        """The name of each person, by the number in `rows`."""
        with self._database.reading() as connection:
            return names(connection)

    def thread_names(self, numbers: Iterable[int]) -> dict[int, str]:
        """The names of the threads of these numbers."""
        with self._database.reading() as connection:
            return {number: find_threads.called(connection, number) for number in numbers}

    def stream(
        self, *, service: str | None = None, thread: str | None = None, since: int | None = None
    ) -> Iterator[Message]:
        """Messages with words, ordered by service, thread, time and arrival, in constant memory.

        `sender` is the person's name. A message without a time keeps its place in its file.
        `source` is not kept. `since` is the time, in UTC ms, of the earliest.
        """
        with explained(self.path):
            yield from reading.stream(self._database.connection, service, thread, since)

    def place_of_newest(self, name: str | None, count: int) -> tuple[int, int] | None:
        """Where the `count` newest messages of a person (None: of everybody) begin.

        The time to `stream` from, in UTC ms, and the number of the first of them in that stream.
        None: there are no more, or the first has no time. Raises NoSuchPerson.
        """
        with self._database.reading() as connection:
            who = None if name is None else find_people.find(connection, name)
            return reading.place_of_newest(connection, who, count)

    def waits_of(self, people: Collection[str]) -> dict[str, waits.Waits]:
        """Seconds that each of these people waited before they wrote, in the newest messages.

        Before answers, and before one more message of the same turn.
        """
        with self._database.reading() as connection:
            return waits.waits_of(connection, people)

    def fingerprint(self) -> str:
        """Hex digits that change exactly when the result of `stream` changes."""
        with self._database.reading() as connection:
            revision, kept = _fact(connection, "revision"), _fact(connection, "fingerprint")
            if kept.startswith(f"{revision}:"):
                return kept.partition(":")[2]
            digest = reading.digest(connection)
        # Only a cache: the fingerprint of an archive that cannot be written now is still right.
        with contextlib.suppress(ArchiveBusy), self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO fact VALUES ('fingerprint', ?)", (f"{revision}:{digest}",)
            )
        return digest


def _fact(connection: sqlite3.Connection, key: str) -> str:
    row = connection.execute("SELECT value FROM fact WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else ""


def _revise(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE fact SET value = value + 1 WHERE key = 'revision'")

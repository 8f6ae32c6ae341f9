"""The Archive: the one door to the file. What it does stands in the modules beside it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from chatmimic.archive import (
    forgetting,
    imports,
    joining,
    named,
    named_threads,
    owners,
    people,
    reading,
    removing,
    searching,
    seen,
)
from chatmimic.archive.adding import Added, Adding
from chatmimic.archive.database import Database, explained
from chatmimic.archive.imports import Import, Origin
from chatmimic.archive.reading import Thread
from chatmimic.archive.searching import Found
from chatmimic.errors import ArchiveBusy, ArchiveError
from chatmimic.records import Message, Person

if TYPE_CHECKING:
    import pandas as pd


class _Rehearsed(Exception):
    """What was written is to be undone."""


class Archive:
    """All messages and people of one user, in one SQLite file. Use it in a `with` statement.

    Every method raises ArchiveError where the file cannot be read or written, and ArchiveBusy
    where another process writes for longer than `wait_s`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._imports = 0

    @classmethod
    def open(cls, path: Path, *, create: bool = True, wait_s: float = 60.0) -> Archive:
        """Open the archive at `path`; make it, for its owner only, unless `create` is False.

        `wait_s`: seconds to wait while another process writes.
        """
        archive = cls(Database.open(Path(path), create=create, wait_s=wait_s))
        with contextlib.suppress(ArchiveError):  # then the next opening tries again
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
        """Let go of the file."""
        self._database.connection.close()

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._database.path

    def add(
        self,
        messages: Iterable[Message],
        *,
        origin: Callable[[], Origin] | None = None,
        rehearse: bool = False,
    ) -> Added:
        """Add what is not there yet: all of it, or nothing if anything goes wrong on the way.

        Memory does not grow with the number of messages. `origin` tells, once all are read, what
        the import is to be remembered as. `rehearse` tells what adding them would do, and then
        undoes it.
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
        """How many threads and people all imports of this opening touched, each counted once."""
        return seen.together(self._database.connection)

    def people(self) -> list[Person]:
        """Everybody who has said something, the most talkative first."""
        with self._database.reading() as connection:
            return people.everybody(connection)

    def person(self, name: str) -> Person:
        """The person of that name, or any of their senders' names; case and accents aside.

        `Alex (discord)` is the Alex of a service, of an account, or with a number. Raises
        NoSuchPerson, with suggestions, for nobody and where several may be meant.
        """
        with self._database.reading() as connection:
            return people.one(connection, named.find(connection, name))

    def owners(self) -> list[str]:
        """The people whose exports were imported, as far as that is known, the surest first."""
        with self._database.reading() as connection:
            return owners.owners(connection)

    def namesakes(self) -> tuple[tuple[Person, ...], ...]:
        """People who share a name but for the number that tells them apart, group by group."""
        with self._database.reading() as connection:
            return named.namesakes(connection)

    def activity(self, spans: int) -> dict[str, list[int]]:
        """Messages of each person in each of `spans` equal stretches of the archive's time."""
        with self._database.reading() as connection:
            return people.activity(connection, spans)

    def merge(self, keep: str, other: str) -> Person:
        """Join `other` into `keep`, whose name stays; later imports keep to it. `split` undoes it.

        Raises NoSuchPerson, and ArchiveError when both are one person already.
        """
        with self._database.writing() as connection:
            kept = joining.merge(connection, keep, other)
            _revise(connection)
            return people.one(connection, kept)

    def split(self, name: str, which: str | None = None) -> tuple[Person, Person]:
        """Take `which` off a person again: the person, and who is one of their own now.

        `which` is what somebody was called before a merge, or a service or an account; without it,
        the only one who was joined. After a merge both are exactly as they were, with what later
        imports brought of either. Raises NoSuchPerson, and ArchiveError where it is not clear.
        """
        with self._database.writing() as connection:
            rows = joining.split(connection, name, which)
            _revise(connection)
            kept, apart = (people.one(connection, row) for row in rows)
        return kept, apart

    def forget(self, name: str) -> int:
        """Remove a person, their messages and their reactions, from every page of the file.

        What others wrote about them stays. Gives how many messages with words went. Raises
        NoSuchPerson; ArchiveBusy when the messages are gone but the file could not be rewritten.
        """
        with self._database.writing() as connection:
            gone = forgetting.forget(connection, name)
            _revise(connection)
        forgetting.scrub(self._database)
        return gone

    def imports(self) -> list[Import]:
        """What was imported, the first import first."""
        with self._database.reading() as connection:
            return imports.listed(connection)

    def imported(self, name: str) -> Import:
        """The import of that number or name. Raises ArchiveError for none and for several."""
        with self._database.reading() as connection:
            return imports.find(connection, name)

    def held_alone(self, number: int) -> int:
        """How many messages with words the import of that number has and no other one."""
        with self._database.reading() as connection:
            return removing.count_alone(connection, number)

    def remove_import(self, number: int) -> int:
        """Remove an import and what it alone brought, from every page of the file.

        What another import has too stays. Gives how many messages with words went. Raises
        ArchiveBusy when they are gone but the file could not be rewritten.
        """
        with self._database.writing() as connection:
            gone = removing.remove(connection, number)
            _revise(connection)
        forgetting.scrub(self._database)
        return gone

    def threads(self, *, service: str | None = None, person: str | None = None) -> list[Thread]:
        """Every thread with how much was said in it; of a service, or in which a person spoke.

        Raises ArchiveError where nothing is from the service, and NoSuchPerson.
        """
        with self._database.reading() as connection:
            theirs = None
            if person is not None:
                theirs = named_threads.of_person(connection, named.find(connection, person))
            found = reading.threads(connection, numbers=theirs)
            if service is None:
                return found
            meant = named_threads.service(connection, service)
            return [thread for thread in found if thread.service == meant]

    def service(self, typed: str) -> str:
        """The service that is meant, in any case. Raises ArchiveError where nothing is from it."""
        with self._database.reading() as connection:
            return named_threads.service(connection, typed)

    def with_names(self, threads: Iterable[Thread]) -> list[Thread]:
        """The threads with whom they are with (`Thread.names`)."""
        with self._database.reading() as connection:
            return named_threads.with_names(connection, threads)

    def thread_activity(self, threads: Iterable[Thread], spans: int) -> dict[int, list[int]]:
        """Messages of threads, by number, in each of `spans` stretches of the archive's time."""
        with self._database.reading() as connection:
            return named_threads.activity(connection, [t.number for t in threads], spans)

    def thread(self, name: str) -> Thread:
        """The thread of that title, or with that person, or of that number; `names` are filled.

        Case and accents aside; `Tea (irc)` is the Tea of a service. Raises NoSuchThread, with
        suggestions, for none and where several may be meant.
        """
        with self._database.reading() as connection:
            return named_threads.find(connection, name)

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
        """Messages that hold every word or "phrase", the newest first, at most `limit`.

        Of a person, in a thread (by what it is called), sent at `since` or later and before `until`
        (UTC milliseconds); with `context` messages before and after each. The first search after an
        import puts its messages into the index. Raises NoSuchPerson and NoSuchThread.
        """
        with self._database.reading() as connection:
            behind = searching.is_behind(connection)
            whose = None if person is None else named.find(connection, person)
            where = None if thread is None else named_threads.find(connection, thread).number
        if behind:
            with self._database.writing() as connection:
                searching.catch_up(connection)
        within = searching.Within(whose, where, since, until)
        with self._database.reading() as connection:
            return searching.search(connection, query, limit, within, context)

    def messages(
        self, *, person: str | None = None, service: str | None = None, thread: str | None = None
    ) -> pd.DataFrame:
        """Messages of every kind as a table; `sent_at` is a UTC time. Raises NoSuchPerson."""
        with self._database.reading() as connection:
            found = None if person is None else named.find(connection, person)
            return reading.table(connection, found, service, thread)

    def stream(self, *, service: str | None = None, thread: str | None = None) -> Iterator[Message]:
        """Messages with words, by (service, thread, time, arrival), in constant memory.

        `sender` is the person's name. A message without a time keeps its place in its file.
        `source` is not kept.
        """
        with explained(self.path):
            yield from reading.stream(self._database.connection, service, thread)

    def fingerprint(self) -> str:
        """Hex digits that change exactly when what `stream` gives changes."""
        with self._database.reading() as connection:
            revision, kept = _fact(connection, "revision"), _fact(connection, "fingerprint")
            if kept.startswith(f"{revision}:"):
                return kept.partition(":")[2]
            digest = reading.digest(connection)
        # Only to save time: an archive that cannot be written now has its fingerprint all the same.
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

"""The SQLite connection: opening, transactions, and its errors in plain words."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from chatmimic.archive import schema
from chatmimic.errors import ArchiveBusy, ArchiveError
from chatmimic.files import private_file, private_folder

# The longest wait inside one SQLite call, because Ctrl-C cannot interrupt it.
_ONE_WAIT_S = 0.2

_SETTINGS = (
    "PRAGMA synchronous = FULL",  # a commit survives a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # freed pages are zeroed
    "PRAGMA cache_size = -32768",  # 32 MiB: an import's indexes stay in memory, and no more
    "PRAGMA journal_size_limit = 16777216",  # a big import does not leave a big -wal behind
)


class Database:
    """One connection to the archive file. `wait_s`: seconds to wait for another writer."""

    def __init__(self, path: Path, connection: sqlite3.Connection, wait_s: float) -> None:
        self.path = path
        self.connection = connection
        self.wait_s = wait_s

    @classmethod
    def open(cls, path: Path, *, create: bool, wait_s: float) -> Database:
        """Open the file, create it as private if it is new, and migrate its schema.

        Raises ArchiveError if the file is not a chatmimic archive or cannot be opened.
        """
        _make_ready(path, create)
        with explained(path):
            connection = sqlite3.connect(path, timeout=_ONE_WAIT_S, isolation_level=None)
        database = cls(path, connection, wait_s)
        try:
            database._prepare()
        except BaseException:  # Ctrl-C too: the file is closed in any case
            connection.close()
            raise
        return database

    def _prepare(self) -> None:
        with explained(self.path):
            self._patiently(
                "PRAGMA schema_version"
            )  # the first access: fails if the file is not SQLite
            with self.reading() as connection:
                schema.check(connection, str(self.path))
            self._patiently("PRAGMA journal_mode = WAL")
            for setting in _SETTINGS:
                self._patiently(setting)
            version = schema.version_of(self.connection)
        if version < schema.VERSION:
            with self.writing() as connection:
                schema.migrate(connection)

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: all of it is committed, or nothing.

        Raises ArchiveBusy if another process writes for longer than `wait_s`.
        """
        with explained(self.path):
            self._patiently("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self._patiently("COMMIT")
            except BaseException:  # Ctrl-C too: half an import is never committed
                self._roll_back()
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A read transaction: all reads in it see the same state of the archive."""
        with explained(self.path):
            outermost = not self.connection.in_transaction
            if outermost:
                self._patiently("BEGIN")
            try:
                yield self.connection
            finally:
                if outermost:
                    self._roll_back()

    def _roll_back(self) -> None:
        if self.connection.in_transaction:  # a full disk makes SQLite roll back by itself
            self.connection.execute("ROLLBACK")

    def _patiently(self, statement: str) -> None:
        until = time.monotonic() + self.wait_s
        while True:
            try:
                self.connection.execute(statement)
                return
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() >= until:
                    raise
                time.sleep(0.01)  # some locks are refused at once, without SQLite's own wait


def _make_ready(path: Path, create: bool) -> None:
    try:
        if not path.exists():
            if not create:
                raise ArchiveError(
                    f"There is no archive at {path} yet.",
                    "`chatmimic import PATH` makes one; --home says where.",
                )
            private_folder(path.parent)
            private_file(path)
    except OSError as error:
        raise ArchiveError(
            f"Cannot open or create the archive {path}: {error.strerror or error}.",
            "Choose a place you can write to with --home.",
        ) from error


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another process's lock caused the error."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _code(error: sqlite3.Error) -> int:
    # The low byte is the primary code; errors that Python's module raises itself have none.
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ArchiveError, with a sentence and a hint."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _explain(path, error) from error


def _explain(path: Path, error: sqlite3.DatabaseError) -> ArchiveError:
    code = _code(error)
    if is_busy(error):
        return ArchiveBusy(
            f"Another chatmimic is writing to {path}.",
            "Wait until it is done, then run the same command again; nothing was changed.",
        )
    if code == sqlite3.SQLITE_FULL:
        return ArchiveError(
            f"There is no space left for the archive {path}; it is as it was before.",
            "Free some space there and run the same command again.",
        )
    if code == sqlite3.SQLITE_NOTADB:
        return ArchiveError(
            f"{path} is not a chatmimic archive (not an SQLite file).",
            "Move it away, or choose another place with --home.",
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return ArchiveError(
            f"Cannot write to the archive {path} or its folder: {error}.",
            "Make both writable for you, or choose another place with --home.",
        )
    if code == sqlite3.SQLITE_CORRUPT:
        return ArchiveError(
            f"The archive {path} is damaged: {error}.",
            "Move it away and import your exports again.",
        )
    return ArchiveError(
        f"The archive {path} could not be read or written ({error}); it is as it was before.",
        "Is there space left, the disk healthy and the folder still there? Then try again.",
    )

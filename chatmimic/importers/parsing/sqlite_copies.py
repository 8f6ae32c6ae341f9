"""Opens a private copy of a SQLite file: the original is neither changed nor locked."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from chatmimic.errors import DamagedExport, ExportError, UnsafeExport
from chatmimic.files import size_in_words
from chatmimic.importers.base import Context
from chatmimic.importers.packed import open_loose
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member, Stream

LARGEST = 16 << 30  # bytes; the largest known have some three
_LONGEST = 64 << 20  # bytes of one row
_CHUNK = 1 << 20
# What SQLite may compute for a file: some hundred steps a row are usual. Tables that lead in
# circles would go on for ever.
_STEPS_EACH_BYTE = 10
_STEPS_ANYWAY = 100_000_000
_LOOK_EVERY = 1_000_000  # steps


@contextmanager
def open_copy(member: Member, context: Context, owner: str) -> Iterator[sqlite3.Connection]:
    """Connect to a temporary copy, which includes the -wal file beside the original.

    `owner` is the program that writes such files, named where one is damaged. Raises ExportError:
    too large, no room, or damaged (then also while it is read).
    """
    with tempfile.TemporaryDirectory(prefix="chatmimic-") as folder:  # 0700
        path = Path(folder, "copy.db")
        _copied(context.raw(member), member, path)
        # A -shm file is only an index of the -wal one, which SQLite makes anew.
        for ending in ("-wal", "-journal"):
            beside = _beside(member, ending, context)
            if beside is not None:
                _copied(context.raw(beside, ahead=True), beside, Path(folder, f"copy.db{ending}"))
        with _note_damage(member.label, owner), closing(sqlite3.connect(path)) as connection:
            _restrict(connection, path.stat().st_size)
            connection.text_factory = partial(_decoded, report=context.report)
            yield connection


def _decoded(raw: bytes, report: ImportReport) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        report.repairs["not UTF-8"] += 1
        return raw.decode("utf-8", "replace")


def _beside(member: Member, ending: str, context: Context) -> Member | None:
    """The file with the same name and this suffix, in the export or on the disk."""
    where = member.where + ending
    for other in context.source.members:
        if other.where == where:
            return other
    path = Path(where)
    if not path.is_file() or path.is_symlink():
        return None
    return Member(member.name + ending, where, path.stat().st_size, lambda: open_loose(path))


def _copied(opened: Stream, member: Member, path: Path) -> None:
    size = 0
    with opened as stream, _note_missing_space(member, path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            while data := stream.read(_CHUNK):
                size += len(data)
                if size > LARGEST:
                    raise UnsafeExport(
                        f"{member.label} is larger than {LARGEST >> 30} GiB, too large for a "
                        "message history.",
                        "Check that it is the right file.",
                    )
                out.write(data)


@contextmanager
def tolerating_damage(context: Context) -> Iterator[None]:
    """With --allow-truncated, damage ends the file, with a note; else it ends the import."""
    try:
        yield
    except DamagedExport as damage:
        if not context.options.allow_truncated:
            raise
        context.report.note(f"{damage.what} What follows is lost.")


@contextmanager
def _note_missing_space(member: Member, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        free = shutil.disk_usage(path.parent).free
        raise ExportError(
            f"{member.label} cannot be copied to {path.parent.parent} "
            f"({error.strerror or error}; {size_in_words(free)} are free there).",
            "Set TMPDIR to a folder with more room; the copy is temporary.",
        ) from error


@contextmanager
def _note_damage(label: str, owner: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, UnicodeError) as error:  # what it says of damage may be damaged
        raise DamagedExport(
            f"{label} is damaged: {error}.",
            f"Quit {owner}, copy {label} and {label}-wal together once more, and import the copy.",
        ) from error


def _restrict(connection: sqlite3.Connection, size: int) -> None:
    """Limit what the file can compute: its contents are untrusted."""
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    left = (_STEPS_ANYWAY + _STEPS_EACH_BYTE * size) // _LOOK_EVERY

    def stop() -> int:
        nonlocal left
        left -= 1
        return int(left < 0)

    connection.set_progress_handler(stop, _LOOK_EVERY)

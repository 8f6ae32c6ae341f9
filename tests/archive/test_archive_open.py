"""Opening: private, ours, of a version we know; and what is said when it is not."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from chatmimic.archive import Archive, schema
from chatmimic.errors import ArchiveError
from chatmimic.records import Message

POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX modes")


@POSIX
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_its_owner_can_read_it(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with Archive.open(tmp_path / "deep" / "home" / "archive.sqlite") as archive:
            archive.add([Message("Ada", "psst", 1)])
            modes = {
                path.name: stat.S_IMODE(path.stat().st_mode)
                for path in (tmp_path / "deep").rglob("*")
            }
    finally:
        os.umask(before)
    assert modes.pop("home") == 0o700
    assert {"archive.sqlite", "archive.sqlite-wal"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_it_is_kept_safe_from_power_cuts(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "a") as archive:
        asked = ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        connection = archive._database.connection
        found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in asked]
    assert found == ["wal", 2, 1, 1]


def test_where_there_is_none_and_none_is_to_be_made(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"no archive at .* yet.*chatmimic import"):
        Archive.open(tmp_path / "no" / "archive.sqlite", create=False)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_an_archive_to_be(tmp_path: Path) -> None:
    (tmp_path / "a").touch()  # what a kill between making and filling leaves
    with Archive.open(tmp_path / "a", create=False) as archive:
        assert archive.people() == []


def make_text(path: Path) -> None:
    path.write_text("This is no database. " * 100)


def make_foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmark (url)")
    connection.close()


def make_newer(path: Path) -> None:
    Archive.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def make_damaged(path: Path) -> None:
    with Archive.open(path) as archive:
        archive.add(Message(f"P{n}", "x" * 500, n) for n in range(2_000))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def read_all(path: Path) -> None:
    with Archive.open(path) as archive:
        list(archive.stream())
        archive.people()


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (make_text, "is not a chatmimic archive .*--home"),
        (make_foreign, "another program.*--home"),
        (make_newer, "newer chatmimic .archive version 99.*Update"),
        (make_damaged, "is damaged.*import your exports again"),
        (Path.mkdir, "Cannot write to the archive|could not be read"),
    ],
)
def test_what_is_no_archive_of_ours_is_refused_and_left_alone(
    tmp_path: Path, make: object, complaint: str
) -> None:
    path = tmp_path / "archive.sqlite"
    make(path)
    before = None if path.is_dir() else path.read_bytes()
    with pytest.raises(ArchiveError, match=complaint):
        read_all(path)
    assert (None if path.is_dir() else path.read_bytes()) == before


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match=r"Cannot open or create the archive .*--home"):
        Archive.open(tmp_path / "file" / "home" / "archive.sqlite")


AS_NOBODY = """
import os, sys
from pathlib import Path
from chatmimic.archive import Archive
from chatmimic.errors import ArchiveError
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
try:
    Archive.open(Path(sys.argv[1])).people()
except ArchiveError as error:
    print(error)
"""


@POSIX
@pytest.mark.parametrize("mode", [0o500, 0o555, 0o000])
@pytest.mark.parametrize("there", [True, False], ids=["archive", "no archive"])
def test_a_home_that_may_not_be_written(tmp_path: Path, mode: int, there: bool) -> None:
    home = tmp_path / "home"
    home.mkdir()
    if there:
        Archive.open(home / "archive.sqlite").close()
        (home / "archive.sqlite").chmod(0o444)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o711)
    home.chmod(mode)
    try:
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(home / "archive.sqlite")],
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        home.chmod(0o700)
    assert done.stderr == ""
    assert done.stdout.startswith("Cannot ")
    assert "--home" in done.stdout


def test_an_older_archive_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Archive.open(tmp_path / "a") as archive:
        archive.add([Message("Ada", "still here", 1)])
    step = ("ALTER TABLE thread ADD COLUMN topic TEXT NOT NULL DEFAULT ''",)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    with Archive.open(tmp_path / "a") as archive:
        assert [m.text for m in archive.stream()] == ["still here"]
        assert schema.version_of(archive._database.connection) == schema.VERSION
        archive._database.connection.execute("SELECT topic FROM thread")


def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Archive.open(tmp_path / "a").close()
    step = ("ALTER TABLE thread ADD COLUMN topic TEXT", "CREATE TABLE thread (again)")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    with monkeypatch.context() as newer:
        newer.setattr(schema, "VERSION", schema.VERSION + 1)
        with pytest.raises(ArchiveError):
            Archive.open(tmp_path / "a")
    monkeypatch.undo()
    with Archive.open(tmp_path / "a") as archive:
        assert schema.version_of(archive._database.connection) == schema.VERSION

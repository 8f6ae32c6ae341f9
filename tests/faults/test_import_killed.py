"""An import that is killed, meets a full disk or another import: whole or not at all."""

import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from chatmimic.archive import Archive, search
from chatmimic.errors import ArchiveBusy, ArchiveError
from chatmimic.records import Kind, Message

POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
MESSAGES = 40_000
KILLS = 8
NO_TABLES = "killed while the archive was made"

IMPORT = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_import_killed import MESSAGES, many
from chatmimic.archive import Archive
dies_at = int(sys.argv[3])
def given():
    for n, message in enumerate(many(MESSAGES)):
        if n == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        yield message
with Archive.open(Path(sys.argv[1])) as archive:
    print("started", flush=True)
    added = archive.add(given())
    print(added.new, added.known)
"""


def many(count: int) -> Iterator[Message]:
    """A history with all there is: several threads, equal messages, all kinds, no times."""
    chance = random.Random(11)
    kinds = [Kind.TEXT] * 8 + list(Kind)
    for n in range(count):
        yield Message(
            f"P{chance.randrange(40)}",
            chance.choice(["ok", "hm", f"number {n} and some more words"]),
            None if n % 50 == 0 else n // 4 * 60_000,
            chance.choice(kinds),
            "irc",
            f"#{chance.randrange(6)}",
            message_id=f"id{n}" if n % 3 == 0 else "",
        )


def state(path: Path) -> str:
    """A digest of every row of every table, after SQLite itself has found no fault."""
    digest = sha256()
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
            return NO_TABLES
        search.catch_up(connection)  # for the check; it is not kept
        connection.execute(
            "INSERT INTO message_text (message_text, rank) VALUES ('integrity-check', 1)"
        )
        for table in ("person", "alias", "thread", "message", "fact", "held"):
            for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1"):
                digest.update(repr(row).encode())
    finally:
        connection.close()
    return digest.hexdigest()


def start(path: Path, dies_at: int = -1) -> subprocess.Popen[str]:
    """An import in a process of its own, which kills itself when it has read so many messages."""
    return subprocess.Popen(
        [sys.executable, "-c", IMPORT, str(path), str(Path(__file__).parent), str(dies_at)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@POSIX
def test_killed_at_any_moment_it_can_be_run_again(tmp_path: Path) -> None:
    began = time.monotonic()
    clean = start(tmp_path / "clean")
    assert clean.stdout is not None
    clean.stdout.readline()
    opened = time.monotonic()
    assert clean.communicate()[0] == run_result(tmp_path / "clean", new=True)
    seconds = time.monotonic() - opened
    expected = state(tmp_path / "clean")
    empty = tmp_path / "empty"
    Archive.open(empty).close()
    untouched = state(empty)

    chance = random.Random(began)
    path = tmp_path / "killed"
    found = NO_TABLES
    for trial in range(KILLS):
        # By turns at a message, which is before the end on any machine, and at an instant, which
        # may be anywhere: before the archive is open, while it is committed, or after the end.
        at_a_message = trial % 2 == 0
        process = start(path, chance.randrange(MESSAGES) if at_a_message else -1)
        assert process.stdout is not None
        if trial != 1:
            process.stdout.readline()
        if not at_a_message:
            time.sleep(chance.uniform(0, seconds))
            process.send_signal(signal.SIGKILL)
        process.communicate()
        if at_a_message:
            assert process.returncode == -signal.SIGKILL
        before, found = found, state(path) if path.exists() and path.stat().st_size else NO_TABLES
        if at_a_message:
            assert found in {before, untouched}
        assert found in (NO_TABLES, untouched, expected)
        if path.exists() and (found == expected or trial % 3 == 2):
            path.unlink()  # a fresh start, and what the kill left beside it
            for beside in tmp_path.glob("killed-*"):
                beside.unlink()
            found = NO_TABLES
    with Archive.open(path) as archive:
        archive.add(many(MESSAGES))
    assert state(path) == expected


def run_result(path: Path, *, new: bool) -> str:
    words = sum(message.kind.has_words for message in many(MESSAGES))
    return f"{words} 0\n" if new else f"0 {words}\n"


def test_two_at_once_add_everything_once(tmp_path: Path) -> None:
    path = tmp_path / "archive.sqlite"
    both = [start(path), start(path)]
    results = [process.communicate() for process in both]
    assert [err for _, err in results] == ["", ""]
    told = sorted(out.partition("\n")[2] for out, _ in results)
    assert told == sorted([run_result(path, new=True), run_result(path, new=False)])
    with Archive.open(tmp_path / "clean") as clean:
        clean.add(many(MESSAGES))
    assert state(path) == state(tmp_path / "clean")


def test_reading_goes_on_while_another_writes(tmp_path: Path) -> None:
    path = tmp_path / "archive.sqlite"
    with Archive.open(path) as writer, Archive.open(path, wait_s=0) as reader:
        writer.add(many(10))
        before = list(reader.stream())

        def watched() -> Iterator[Message]:
            yield from many(3_000)
            assert list(reader.stream()) == before
            assert reader.fingerprint()

        writer.add(watched())
        assert len(list(reader.stream())) > len(before)


def test_a_second_writer_waits_and_then_says_so(tmp_path: Path) -> None:
    path = tmp_path / "archive.sqlite"
    with Archive.open(path) as writer, Archive.open(path, wait_s=0.3) as second:

        def watched() -> Iterator[Message]:
            yield from many(100)
            began = time.monotonic()
            with pytest.raises(ArchiveBusy, match=r"Another chatmimic is writing to .*again"):
                second.add(many(5))
            assert 0.3 <= time.monotonic() - began < 5

        writer.add(watched())
        assert second.add(many(100)).new == 0


@pytest.mark.parametrize("pages", range(30, 500, 58))
def test_a_full_disk_keeps_what_was_there(tmp_path: Path, pages: int) -> None:
    path = tmp_path / "archive.sqlite"
    with Archive.open(path) as archive:
        archive.add(many(100))
        before = state(path)
        archive._database.connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(ArchiveError, match=r"no space left for the archive .*Free some space"):
            archive.add(many(20_000))
        assert state(path) == before
        archive._database.connection.execute("PRAGMA max_page_count = 1073741823")
        archive.add(many(2_000))
    with Archive.open(tmp_path / "clean") as clean:
        clean.add(many(100))
        clean.add(many(2_000))
    assert state(path) == state(tmp_path / "clean")


FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
from chatmimic.cli import main
main(["import", sys.argv[1]])
"""


@POSIX
@pytest.mark.parametrize("limit", [20_000, 300_000, 2_000_000])
def test_the_command_says_so_in_one_sentence(tmp_path: Path, home: Path, limit: int) -> None:
    """A file that may not grow any more is what a quota or a full disk looks like."""
    export = tmp_path / "chat.csv"
    with export.open("w") as file:
        file.write("time,sender,text\n")
        file.writelines(f"2018-06-01T10:00:00Z,P{n % 9},line {n}\n" for n in range(60_000))
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(export), str(limit)], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.match("Error: (The archive|There is no space left)", done.stderr)
    assert done.stderr.count("\n") == 1
    with Archive.open(home / "archive.sqlite") as archive:
        assert archive.people() == []

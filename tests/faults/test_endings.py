"""How commands end: without a reader, with closed streams, in others' folders, four at once."""

from __future__ import annotations

import io
import os
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tests_support import write_chat

from chatmimic.archive import Archive, schema
from chatmimic.cli import main
from chatmimic.cli.common import console
from chatmimic.errors import SettingsError
from chatmimic.files import typed_path
from chatmimic.home import Home
from chatmimic.records import Message

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX pipes, users and descriptors")
COMMAND = [sys.executable, "-m", "chatmimic"]
NOBODY = 65534


def ended(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, and what it said."""
    options = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, **options}
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, check=False, text=True, timeout=120, **options)


def without_reader(*arguments: str, both: bool = False) -> subprocess.CompletedProcess[str]:
    """The same with a standard output (and error) that nobody reads any more."""
    read, write = os.pipe()
    os.close(read)
    try:
        return ended(*arguments, stdout=write, stderr=write if both else subprocess.PIPE)
    finally:
        os.close(write)


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    return write_chat(tmp_path / "chat.csv", {"Ada": "tea {}", "Ben": "why {}"}, 40)


@posix
@pytest.mark.parametrize(
    "arguments", [["--help"], ["people", "--help"], ["people"], ["people", "--json"], ["stats"]]
)
def test_a_reader_who_leaves_is_no_error(home: Path, chat: Path, arguments: list[str]) -> None:
    with Archive.open(Home.find().archive) as archive:
        archive.add([Message("Ada", "tea", 1_600_000_000_000)])
    done = without_reader(*arguments)
    assert (done.returncode, done.stderr) == (0, "")


@posix
def test_work_goes_on_without_a_reader(home: Path, chat: Path) -> None:
    assert without_reader("import", str(chat), both=True).returncode == 0
    with Archive.open(Home.find().archive) as archive:
        assert sum(person.messages for person in archive.people()) == 40


@posix
def test_progress_that_nobody_reads_does_not_cost_the_result(capfd, monkeypatch) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    screen = console(stderr=True)
    screen.file = Gone()
    monkeypatch.setattr("chatmimic.cli.common.discard", lambda number: None)  # pytest's own
    screen.print("progress")
    screen.print("more of it")
    print("the result")
    assert capfd.readouterr().out == "the result\n"


@posix
@pytest.mark.parametrize(
    ("closed", "arguments", "status"),
    [
        ("<&-", ["reply"], 2),
        ("<&-", ["mimics", "remove", "ada"], 1),
        ("<&-", ["score"], 2),
        ("<&- >&- 2>&-", ["mimics", "--json"], 0),
        ("<&- >&- 2>&-", ["chat"], 1),
    ],
)
def test_closed_streams_are_no_bug(home, closed: str, arguments: list[str], status: int) -> None:
    shell = ["sh", "-c", f'exec "$0" "$@" {closed}', *COMMAND, *arguments]
    done = subprocess.run(
        shell, check=False, text=True, timeout=120, capture_output=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == status
    assert "Unexpected" not in done.stderr
    assert "Traceback" not in done.stderr


def test_the_first_file_does_not_become_a_closed_stream(tmp_path: Path) -> None:
    words = (
        "from chatmimic.cli.standard_streams import make_usable; make_usable();"
        f"file = open({str(tmp_path / 'x')!r}, 'w'); print('what is printed'); file.write('x')"
    )
    shell = ["sh", "-c", 'exec "$0" "$@" <&- >&-', sys.executable, "-c", words]
    subprocess.run(shell, check=True, timeout=120)
    assert (tmp_path / "x").read_text() == "x"


@pytest.mark.parametrize("typed", ["~nosuch", "~nosuch/x"])
def test_the_home_of_nobody_is_a_sentence(typed: str, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as over:
        main(["--home", typed, "mimics"])
    assert over.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("Error: ~nosuch is no home folder: there is no such user here.")
    assert not (tmp_path / "~nosuch").exists()


def test_a_user_without_a_home_has_to_name_one(monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("CHATMIMIC_HOME")
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: Path("~/.local/share/x"))
    with pytest.raises(SettingsError, match=r"no home folder.*--home"):
        Home.find()
    assert Home(tmp_path).option == f" --home {shlex.quote(str(tmp_path))}"
    assert typed_path("~").is_absolute()


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root has others")
def test_the_home_of_another_user_is_a_sentence() -> None:
    words = f"""
import os, sys, tempfile
home = tempfile.mkdtemp()
for folder in ("mimics", "bases", "corpora", "runs"):
    os.mkdir(os.path.join(home, folder))
from chatmimic.cli import main
from chatmimic.cli.commands import corpora, imports, mimics, people
os.seteuid({NOBODY})
try:
    for arguments in (["people"], ["imports"], ["mimics"], ["corpora"]):
        try:
            main(["--home", home, *arguments])
        except SystemExit as over:
            print(over.code)
finally:
    os.seteuid(0)
    import shutil
    shutil.rmtree(home)
"""
    done = subprocess.run(
        [sys.executable, "-c", words], check=False, text=True, timeout=120, capture_output=True
    )
    assert done.stdout.split() == ["1"] * 4
    said = done.stderr.splitlines()
    assert [line.startswith("Error: Cannot ") for line in said] == [True] * 4, said
    assert all("Permission denied" in line and "--home" in line for line in said)


class Interrupted(sqlite3.Connection):
    """A connection to a new archive, which another process fills between two of its statements."""

    other: Path | None = None

    def execute(self, statement: str, *given: object) -> sqlite3.Cursor:
        cursor = super().execute(statement, *given)
        if "user_version" in statement and self.other is not None:
            path, self.other = self.other, None
            Archive.open(path).close()
        return cursor


def test_another_import_may_make_the_archive_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "archive.sqlite"
    connection = sqlite3.connect(path, factory=Interrupted, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.other = path
    connection.execute("BEGIN")
    schema.check(connection, str(path))
    connection.close()


def test_four_imports_at_once_into_a_new_home(home: Path, chat: Path) -> None:
    running = [
        subprocess.Popen(
            [*COMMAND, "import", str(chat)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    said = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 4, said
    with Archive.open(Home.find().archive) as archive:
        assert sum(person.messages for person in archive.people()) == 40

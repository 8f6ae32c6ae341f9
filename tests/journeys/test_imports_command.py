"""`chatmimic imports`, as a user types it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import chatmimic
from chatmimic.archive import Archive, Origin
from chatmimic.cli import cli, main
from chatmimic.records import Message


def run(*args: object, code: int = 0, **more: Any) -> Result:
    result = CliRunner().invoke(cli, [str(a) for a in args], **more)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def facts(*args: object) -> Any:
    return json.loads(run(*args, "--json").stdout)


def table(path: Path, *rows: tuple[str, str, int]) -> Path:
    """Chat as a table: sender, text and the minute of the day."""
    lines = [f"2024-05-01T12:{at:02}:00Z,{sender},{text}" for sender, text, at in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["time,sender,text", *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return table(tmp_path / "old" / "chat.csv", ("Ada", "tea?", 1), ("Bob", "yes", 2))


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return table(tmp_path / "new" / "chat.csv", ("Bob", "yes", 2), ("Cleo", "me too", 3))


@pytest.fixture
def both(old: Path, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    run("import", "--format", "columns", old)
    run("import", "--format", "columns", new)


def texts(home: Path) -> list[str]:
    with Archive.open(home / "archive.sqlite", create=False) as archive:
        return sorted(m.text for m in archive.stream())


def test_what_was_imported_is_listed(both: None, old: Path, new: Path) -> None:
    one, two = facts("imports")
    assert (one["number"], one["name"], one["kept"], one["new"]) == (1, str(old), 2, 2)
    assert (two["number"], two["name"], two["kept"], two["new"]) == (2, str(new), 2, 1)
    assert (two["first_at"], two["last_at"]) == (
        "2024-05-01T12:02:00.000+00:00",
        "2024-05-01T12:03:00.000+00:00",
    )
    assert one["imported_at"] <= two["imported_at"]
    assert (
        one["format"] == run("import", "--json", old).stdout.split('"format": "')[1].split('"')[0]
    )
    shown = run("imports", env={"COLUMNS": "300"}).stdout
    assert str(old) in shown
    assert "2024-05-01" in shown


@pytest.mark.parametrize("columns", [30, 50, 64, 80, 100, 120])
def test_the_list_fits_the_terminal(both: None, columns: int) -> None:
    shown = run("imports", env={"COLUMNS": str(columns)}).stdout
    assert all(len(line) <= columns for line in shown.splitlines())
    assert ("Imported" in shown) is (columns >= 64)
    assert ("Format" in shown) is (columns >= 100)


def test_the_same_again_is_listed_once(both: None, old: Path) -> None:
    run("import", "--format", "columns", old)
    assert len(facts("imports")) == 2


def test_a_dry_run_is_not_listed(both: None, tmp_path: Path) -> None:
    more = table(tmp_path / "more.csv", ("Di", "hi", 9))
    run("import", "--dry-run", "--format", "columns", more)
    assert len(facts("imports")) == 2


def test_an_archive_without_imports_says_so(home: Path) -> None:
    Archive.open(home / "archive.sqlite").close()
    assert "Nothing has been imported yet." in run("imports").stdout
    assert facts("imports") == []


def test_without_an_archive_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["imports"])
    assert ended.value.code == 1
    assert "There is no archive" in capsys.readouterr().err


def test_a_name_is_not_obeyed(home: Path) -> None:
    with Archive.open(home / "archive.sqlite") as archive:
        archive.add([Message("Ada", "hi", 1)], origin=lambda: Origin("a\u202eb[red].zip\nx", "y"))
    shown = run("imports", env={"COLUMNS": "120"}).stdout
    assert "\u202e" not in shown
    assert "[red].zip" in shown


def test_a_folder_is_remembered_by_a_name_that_says_something(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(old.parent)
    run("import", ".")
    assert facts("imports")[0]["name"] == str(old.parent.resolve())


@pytest.mark.parametrize(
    "private", [["--redact"], ["--exclude", "Zoe"], ["--pseudonyms"]], ids=lambda p: p[0]
)
def test_where_something_is_to_stay_outside_the_name_does_too(
    tmp_path: Path, home: Path, private: list[str]
) -> None:
    chat = table(tmp_path / "Chat with Zelda.csv", ("Ada", "tea?", 1), ("Zoe", "no", 2))
    run("import", *private, chat)
    assert [one["name"] for one in facts("imports")] == [""]
    if private == ["--pseudonyms"]:  # the thread is named after the file too
        assert not any(b"Zelda" in f.read_bytes() for f in home.rglob("*") if f.is_file())


def test_python_remembers_as_the_command_does(old: Path, home: Path) -> None:
    from chatmimic.privacy import PrivacyOptions

    chatmimic.import_exports(old)
    chatmimic.import_exports(old, privacy=PrivacyOptions(exclude=("Bob",)))
    with chatmimic.open_archive() as archive:
        assert [(one.name, one.kept) for one in archive.imports()] == [(str(old), 2), ("", 1)]
        assert all(one.format for one in archive.imports())


# -- removing ------------------------------------------------------------------------------------


def test_what_the_import_alone_brought_goes(both: None, home: Path, old: Path) -> None:
    assert facts("imports", "remove", "1", "--yes") == {
        "removed": 1,
        "name": str(old),
        "messages": 1,
        "scrubbed": True,
    }
    assert texts(home) == ["me too", "yes"]
    out = run("imports", "remove", "new/chat.csv" if os.sep == "/" else "2", "--yes", code=1)
    assert "No import is called" in str(out.exception)
    out = run("imports", "remove", "CHAT.csv", "--yes").stdout
    assert " ".join(out.split()).endswith("from the archive.")
    assert texts(home) == []
    assert facts("people") == []


def test_a_name_that_two_have_is_not_enough(both: None, home: Path) -> None:
    refused = run("imports", "remove", "chat.csv", "--yes", code=1)
    assert "Choose one by its number: 1 (" in str(refused.exception)
    assert len(texts(home)) == 3


def test_in_a_script_it_wants_yes(both: None, home: Path) -> None:
    refused = run("imports", "remove", "1", code=2)
    assert "--yes" in refused.output
    assert len(texts(home)) == 3


def test_traces_in_mimics_are_told(both: None, home: Path) -> None:
    (home / "mimics" / "ada").mkdir(parents=True)
    told = run("imports", "remove", "1", "--yes").stdout
    assert "may hold traces" in " ".join(told.split())


def test_what_was_there_before_is_told(both: None, home: Path) -> None:
    with Archive.open(home / "archive.sqlite") as archive:
        archive._database.connection.execute("UPDATE import SET imported_at = NULL WHERE id = 1")
    assert "before imports were recorded" in run("imports").stdout
    out = run("imports", "remove", "1", "--yes").stdout
    assert "1 message of what was there before imports were recorded from the archive" in " ".join(
        out.split()
    )


def test_a_corpus_remembers_its_imports(old: Path, new: Path, home: Path) -> None:
    run("import", "--corpus", "public", "--format", "columns", old)
    run("import", "--corpus", "public", "--format", "columns", new)
    assert [one["new"] for one in facts("imports", "--corpus", "public")] == [2, 1]
    assert facts("imports", "--corpus", "public", "remove", "2", "--yes")["messages"] == 1
    assert facts("imports", "remove", "1", "--corpus", "public", "--yes")["messages"] == 2
    assert not (home / "archive.sqlite").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("answer", "left"), [("n", 3), ("y", 2)])
def test_at_a_terminal_it_asks(both: None, home: Path, answer: str, left: int) -> None:
    from terminal import Terminal

    command = [sys.executable, "-m", "chatmimic", "imports", "remove", "1"]
    with Terminal(command, columns=300, env={"CHATMIMIC_HOME": str(home)}) as terminal:
        terminal.wait_for("(1 message that no other import has)?")
        terminal.enter(answer)
        assert terminal.status() == (0 if answer == "y" else 130)
    assert len(texts(home)) == left

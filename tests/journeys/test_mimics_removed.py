"""`chatmimic mimics remove`: what it removes is one mimic, the one that was meant."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from training_support import typed

from chatmimic.home import Home
from chatmimic.mimic import list_mimics, write_manifest

CHATMIMIC = [sys.executable, "-m", "chatmimic"]


@pytest.fixture
def house(home: Path) -> Home:
    """Two mimics of Mira Okafor, one of mira, and one that is called as a person is."""
    made = Home(home).make()
    for name, called, persona in (
        ("mira-okafor", "Mira Okafor", "Mira Okafor"),
        ("mira-okafor-2", "mira-okafor-2", "Mira Okafor"),
        ("mira", "mira", "mira"),
        ("bob", "Bob", "Bob"),
        ("cleo", "Bob", "Cleo"),
    ):
        folder = made.mimics / name
        folder.mkdir(parents=True)
        facts = {"persona": persona, "people": [persona], "form": "tokens", "called": called}
        write_manifest(folder, {**facts, "made_at": "2026-11-29T10:00:00+00:00"})
    return made


def names(home: Home) -> set[str]:
    return {mimic.name for mimic in list_mimics(home)}


@pytest.mark.parametrize("name", ["Mira Okafor", "MIRA OKAFOR"])
@pytest.mark.parametrize("yes", [[], ["--yes"]])
def test_of_a_person_with_several_none_is_removed(house: Home, name: str, yes: list[str]) -> None:
    status, out, err = typed("mimics", "remove", name, *yes)
    assert (status, out) == (1, "")
    assert err == (
        f'Error: "{name}" matches 2 mimics; none was removed. Choose one: '
        "mira-okafor-2 (of Mira Okafor, made 2026-11-29), "
        "mira-okafor (of Mira Okafor, made 2026-11-29).\n"
    )
    assert len(names(house)) == 5


@pytest.mark.parametrize(
    ("asked", "gone"),
    [
        ("mira-okafor", "mira-okafor"),
        ("mira-okafor-2", "mira-okafor-2"),
        ("mira", "mira"),
        ("MIRA", "mira"),
        ("bob", "bob"),
        ("Cleo", "cleo"),
    ],
)
def test_what_is_clear_is_removed(house: Home, asked: str, gone: str) -> None:
    before = names(house)
    status, out, err = typed("mimics", "remove", asked, "--yes", "--json")
    assert status == 0, err
    assert json.loads(out)["removed"] == gone
    assert names(house) == before - {gone}


def test_what_one_is_called_and_another_is_of_is_not_clear(house: Home) -> None:
    status, _, err = typed("mimics", "remove", "Bob", "--yes")
    assert status == 1
    assert err.startswith('Error: "Bob" matches 2 mimics; none was removed.')


def test_what_there_is_none_of_gets_a_suggestion(house: Home) -> None:
    status, _, err = typed("mimics", "remove", "Mira Okafr", "--yes")
    assert status == 1
    assert 'Did you mean "Mira Okafor"' in err


def test_nobody_to_ask_needs_yes(house: Home) -> None:
    done = subprocess.run(
        [*CHATMIMIC, "mimics", "remove", "cleo"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "add --yes" in done.stderr
    assert "cleo" in names(house)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_is_asked_and_enter_removes_nothing(house: Home) -> None:
    from terminal import Terminal

    with Terminal([*CHATMIMIC, "mimics", "remove", "Cleo"]) as terminal:
        terminal.wait_for("Remove the mimic cleo of Cleo? This cannot be undone. [y/N]")
        terminal.enter("")
        assert terminal.status() == 130
    with Terminal([*CHATMIMIC, "mimics", "remove", "Mira Okafor"]) as terminal:
        assert terminal.status() == 1
        assert "[y/N]" not in terminal.text
    assert len(names(house)) == 5

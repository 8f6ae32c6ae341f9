"""`chatmimic people merge` and `split`, as typed in scripts and at a terminal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from training_support import typed

from chatmimic.archive import Archive
from chatmimic.home import Home
from chatmimic.records import Message

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
CHATMIMIC = [sys.executable, "-m", "chatmimic"]
DAY = 86_400_000
T0 = 1_546_300_800_000  # 2019-01-01


def said(sender: str, service: str, key: str, day: int) -> Message:
    at = T0 + day * DAY
    return Message(sender, f"on day {day}", at, service=service, sender_key=key, thread="#a")


@pytest.fixture
def full(home: Path) -> Home:
    """Ada Lovelace of Messenger, ada_l of Discord, and Bob."""
    made = Home(home).make()
    with Archive.open(made.archive) as archive:
        archive.add(said("Ada Lovelace", "messenger", "", day) for day in range(3))
        archive.add([said("ada_l", "discord", "17", 40), said("Bob", "messenger", "", 5)])
    return made


def people() -> list[tuple[str, int]]:
    return [(p["name"], p["messages"]) for p in json.loads(typed("people", "--json")[1])]


APART = [("Ada Lovelace", 3), ("Bob", 1), ("ada_l", 1)]
JOINED = [("Ada Lovelace", 4), ("Bob", 1)]


def run(*line: str) -> subprocess.CompletedProcess[str]:
    """A command without a terminal, as a script runs it."""
    return subprocess.run(
        [*CHATMIMIC, *line], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


# -- in scripts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("yes", [[], ["--yes"]])
def test_a_script_is_not_asked_and_told_how_to_undo_it(full: Home, yes: list[str]) -> None:
    done = run("people", "merge", "ada lovelace", "ada_l", *yes)
    assert (done.returncode, done.stderr) == (0, "")
    assert " ".join(done.stdout.split()) == (
        "Merged into Ada Lovelace: Ada Lovelace, ada_l (4 messages). "
        'To undo it: chatmimic people split "Ada Lovelace" "ada_l"'
    )
    assert people() == JOINED
    done = run("people", "split", "Ada Lovelace", "ada_l")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "They are two people now:\n"
        "  Ada Lovelace: 3 messages, messenger, 2019-01-01 to 2019-01-03\n"
        "  ada_l: 1 message, discord 17, 2019-02-10 to 2019-02-10\n"
    )
    assert people() == APART


def test_facts_of_a_split(full: Home) -> None:
    run("people", "merge", "Ada Lovelace", "ada_l")
    status, out, err = typed("people", "split", "Ada Lovelace", "--json")
    assert (status, err) == (0, "")
    facts: list[dict[str, Any]] = json.loads(out)
    assert [(p["name"], p["accounts"]) for p in facts] == [
        ("Ada Lovelace", ["messenger"]),
        ("ada_l", ["discord 17"]),
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["merge", "Ada Lovelace", "ADA LOVELACE"], "are one person already"),
        (["merge", "Ada Lovelace", "Adda"], 'Nobody in the archive is called "Adda".'),
        (["split", "Bob"], '"Bob" is a single account; nobody was merged into it.'),
        (["split", "Nobody"], 'Nobody in the archive is called "Nobody".'),
    ],
)
def test_what_cannot_be_joined_or_split_is_one_sentence(
    full: Home, line: list[str], told: str
) -> None:
    status, out, err = typed("people", *line)
    assert (status, out) == (1, "")
    assert told in err
    assert err.count("\n") == 1
    assert people() == APART


# -- at a terminal -------------------------------------------------------------------------------


@POSIX
@pytest.mark.parametrize("columns", [30, 100])
@pytest.mark.parametrize(("answer", "status", "left"), [("", 130, APART), ("y", 0, JOINED)])
def test_a_merge_shows_both_and_asks(
    full: Home, answer: str, status: int, left: list[Any], columns: int
) -> None:
    from terminal import Terminal

    line = [*CHATMIMIC, "people", "merge", "Ada Lovelace", "ada_l"]
    with Terminal(line, columns=columns) as terminal:
        terminal.wait_for("[y/N]")
        shown = re.sub(r"\s+", "", terminal.text)
        for fact in (
            "Ada Lovelace: 3 messages, messenger, 2019-01-01 to 2019-01-03",
            "ada_l: 1 message, discord 17, 2019-02-10 to 2019-02-10",
            "Merge them into one person called Ada Lovelace? [y/N]",
        ):
            assert fact.replace(" ", "") in shown
        assert people() == APART
        terminal.enter(answer)
        assert terminal.status() == status
    assert people() == left


@POSIX
def test_yes_asks_nothing(full: Home) -> None:
    from terminal import Terminal

    with Terminal([*CHATMIMIC, "people", "merge", "Ada Lovelace", "ada_l", "--yes"]) as terminal:
        assert terminal.status() == 0
        assert "[y/N]" not in terminal.text
    assert people() == JOINED


@POSIX
def test_a_hostile_name_is_asked_about_as_text(home: Path) -> None:
    from terminal import Terminal

    with Archive.open(Home(home).make().archive) as archive:
        archive.add([said("\u202egnp.exe", "irc", "", 0), said("[/]\u2028b", "irc", "", 1)])
    with Terminal([*CHATMIMIC, "people", "merge", "\u202egnp.exe", "[/]\u2028b"]) as terminal:
        terminal.wait_for("[y/N]")
        assert "\u202e" not in terminal.raw.decode()
        assert "\u2028" not in terminal.raw.decode()
        assert "[/]" in terminal.text


@POSIX
def test_forgetting_a_joined_person_says_who_goes_and_that_it_stays_so(full: Home) -> None:
    from terminal import Terminal

    run("people", "merge", "Ada Lovelace", "ada_l")
    with Terminal([*CHATMIMIC, "people", "forget", "ada_l"], columns=140) as terminal:
        terminal.wait_for("[y/N]")
        assert (
            "Remove 4 messages of Ada Lovelace, also called ada_l? "
            "This cannot be undone. [y/N]" in terminal.text
        )
        terminal.enter("n")
        assert terminal.status() == 130
    assert people() == JOINED

"""`chatmimic chat` with several mimics, or several people of one, as a user types it."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import pytest
from talking_support import write_tiny_mimic

from chatmimic.cli import main

ADA, BO = ("Ada", "Bo", "Me"), ("Bo", "Me", "Cyd")
SHORT = ("--seed", "3", "--max-tokens", "6", "--min-tokens", "1", "--rhythm", "off")


@pytest.fixture
def mimics(home: Path, tiny_base: Path) -> Path:
    """The folder of two mimics, of Ada and of Bo. Bo's has never heard of Ada."""
    folder = home / "mimics"
    folder.mkdir(parents=True)
    for name, people in (("ada", ADA), ("bo", BO)):
        write_tiny_mimic(folder / name, tiny_base, "tokens", people)
    return folder


@pytest.fixture
def chat(capsys, monkeypatch):
    """Type the command and lines: its exit status, standard output and standard error."""

    def typed(*arguments: str, lines: str = "hi\nho\n") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
        monkeypatch.setenv("COLUMNS", "100")
        with pytest.raises(SystemExit) as ended:
            main(("chat", *arguments))
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, " ".join(captured.err.split())

    return typed


def rows(home: Path) -> list[dict[str, object]]:
    (file,) = home.glob("chats/*.jsonl")
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_two_mimics_and_the_user_talk(chat, mimics, home):
    status, out, err = chat("ada", "bo", *SHORT, "--keep", lines="hi\nho\n/self 20\n")
    assert status == 0
    assert {line.partition(":")[0] for line in out.splitlines() if line[0] != " "} == {"Ada", "Bo"}
    assert "These are models that imitate Ada and Bo, not the people" in err
    assert "Mimics ada, bo · base tiny · engine float32 · temperature" in err
    assert "You speak as Me." in err
    assert {str(row["room"]) for row in rows(home)} == {"{'Ada': 'ada', 'Bo': 'bo'}"}
    assert chat("ada", "bo", *SHORT, lines="hi\nho\n/self 20\n")[1] == out  # the same seed


def test_a_mimic_that_has_gone_is_missed_and_the_chat_goes_on(chat, mimics):
    chat("ada", "bo", *SHORT, "--keep")
    shutil.rmtree(mimics / "bo")
    status, _, err = chat("--resume", *SHORT, lines="/with\n")
    assert status == 0
    assert 'Bo is missing: There is no mimic called "bo".' in err
    assert "Ada answers." in err


@pytest.mark.parametrize("asked", [[], ["ada"]])
def test_who_was_in_the_room_is_there_again(chat, mimics, home, asked):
    chat("ada", "bo", "--with", "cyd", *SHORT, "--keep", lines="hi\n/persona ada\n")
    status, _, err = chat(*asked, "--resume", *SHORT, lines="/with\n")
    assert status == 0
    assert "Ada, Bo and Cyd answer." in err
    assert "Ada answers." in chat("--resume", *SHORT, lines="/without\n")[2]


def test_a_persona_that_is_asked_for_takes_the_place_of_the_one_before(chat, mimics):
    chat("ada", *SHORT, "--keep")
    assert "Me answers." in chat("--resume", "--persona", "me", *SHORT, lines="/with\n")[2]


def test_people_of_one_mimic_answer(chat, mimics):
    status, _, err = chat("ada", "--with", "bo", *SHORT)
    assert status == 0
    assert "This is a model that imitates Ada and Bo, not the people" in err
    assert "This mimic was trained only on the words of Ada" in err
    assert "You speak as Me." in err


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["ada", "ada"], '"Ada" is in the room twice: name everybody once.'),
        (["ada", "bo", "--with", "bo"], '"Bo" is in the room twice'),
        (["ada", "bo", "--as", "bo"], '"Bo" is the one who answers: use --as with another name.'),
        (["ada", "--with", "nobody"], '--with: the mimic knows nobody called "nobody".'),
    ],
)
def test_a_room_that_cannot_be_is_a_usage_error(chat, mimics, asked, says):
    status, out, err = chat(*asked)
    assert (status, out) == (2, "")
    assert says in err


def test_a_damaged_mimic_in_the_room_is_named(chat, mimics):
    (mimics / "bo" / "model.safetensors").write_bytes(b"no weights")
    status, out, err = chat("ada", "bo", *SHORT)
    assert (status, out) == (1, "")
    assert f"The mimic in {mimics / 'bo'} is damaged" in err
    assert "Traceback" not in err


def test_removing_a_mimic_tells_of_the_rooms_it_was_in(chat, mimics, capsys):
    chat("ada", "bo", *SHORT, "--keep")
    with pytest.raises(SystemExit):
        main(("mimics", "remove", "bo", "--yes"))
    assert "One chat with it is kept in" in " ".join(capsys.readouterr().out.split())

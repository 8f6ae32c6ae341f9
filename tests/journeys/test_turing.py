"""`chatmimic turing`, as a user types it: played, piped, exported, scored."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from talking_support import write_tiny_mimic
from training_support import chatter, fill, typed

from chatmimic.archive import Archive
from chatmimic.cli.standard_streams import ClosedStream
from chatmimic.errors import ChatmimicError
from chatmimic.evaluation.blind.answers import checksum
from chatmimic.home import Home

PEOPLE = ("Ada", "Bob", "Cyd")
HALF = 1_600_000_000_000 + 300 * 60_000 + 25 * 7_200_000  # when the training data ends
SHORT = ("--rounds", "4", "--max-tokens", "12", "--seed", "5")


@pytest.fixture
def tested(home, tiny_base, monkeypatch) -> Home:
    """A home with an archive and a mimic each of Ada and Bob, trained on the older half of it.

    Their weights are random: they say something of any length, which makes no sense.
    """
    monkeypatch.setenv("COLUMNS", "100")
    made = fill(home, chatter(600, PEOPLE))
    made.mimics.mkdir()
    for person in PEOPLE[:2]:
        people = sorted(PEOPLE, key=lambda name, first=person: name != first)
        mimic = write_tiny_mimic(made.mimics / person.lower(), tiny_base, "tokens", people)
        manifest = json.loads((mimic.path / "mimic.json").read_text())
        manifest["data"] = {"until": HALF, "messages": 80}
        (mimic.path / "mimic.json").write_text(json.dumps(manifest))
    return made


def code_for(page: Path, letters: str, attempt: str) -> str:
    """What a friend would send who gave these answers."""
    id = page.read_text("utf-8").partition('"id": "')[2][:10]
    said = f"{id}-{attempt}-{letters}-0"
    return f"{said}-{checksum(said):08x}"


def test_a_test_through_a_pipe(tested, monkeypatch, tmp_path) -> None:
    answers = tmp_path / "answers"
    answers.write_text("a\nwhat\nu\nB\n1\n2\na\n")
    with answers.open() as lines:
        monkeypatch.setattr(sys, "stdin", lines)
        status, out, err = typed("turing", "ada", *SHORT, "--json")
    assert status == 0, err
    facts = json.loads(out)
    assert facts["mimics"] == ["ada"]
    assert (facts["kind"], facts["rounds"], facts["answered"]) == ("pair", 4, 4)
    assert (facts["seed"], facts["undone"], facts["chance"]) == (5, 1, 0.5)
    assert [one["answer"] for one in facts["answers"]] == ["B", "A", "B", "A"]
    assert facts["right"] == sum(one["right"] for one in facts["answers"])
    assert "Round 4 of 4" in err
    assert err.count("Which one did Ada really write? a or b") == 7
    assert '"what" is no answer; valid are a, 1, b, 2, u, q.' in err
    assert "is the real one" in err


def test_without_standard_input_nothing_is_begun(tested, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", ClosedStream(io.BytesIO()))
    monkeypatch.setattr("chatmimic.cli.commands.turing._made", lambda *_, **__: pytest.fail("!"))
    status, _, err = typed("turing", "ada", *SHORT)
    assert status == 2
    assert "Standard input, which answers are read from, is closed." in err


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX closes it")
def test_standard_input_that_the_shell_closed_is_recognised(tested) -> None:
    line = shlex.join([sys.executable, "-m", "chatmimic", "turing", "ada", *map(str, SHORT)])
    done = subprocess.run(f"{line} <&-", shell=True, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Standard input, which answers are read from, is closed." in " ".join(
        done.stderr.split()
    )


def test_the_same_seed_gives_the_same_rounds(tested, monkeypatch, tmp_path) -> None:
    (tmp_path / "answers").write_text("a\n" * 4)
    told = []
    for seed in ("5", "5", "6"):
        with (tmp_path / "answers").open() as lines:
            monkeypatch.setattr(sys, "stdin", lines)
            told.append(typed("turing", "ada", *SHORT[:-1], seed, "--no-feedback")[1])
    assert told[0] == told[1] != told[2]
    assert "real one" not in told[0]
    assert "of 4 = " in told[0]


def test_a_page_for_friends_and_their_answers(tested, tmp_path) -> None:
    page = tmp_path / "ada.html"
    status, _, err = typed("turing", "ada", *SHORT, "--export", page)
    assert status == 0, err
    assert "contains real messages" in err
    keys = list(tested.blind_tests.iterdir())
    assert [key.stem for key in keys] == [page.read_text("utf-8").partition('"id": "')[2][:10]]
    assert not set(keys[0].read_text().split()) & {"hello", "there", "garden"}

    right = "".join("ab"[one] for one in json.loads(keys[0].read_text())["right"])
    bob = tmp_path / "bob.json"
    bob.write_text(json.dumps({"name": "Bob", "code": code_for(page, right, "00000001")}))
    other = code_for(page, right[:3] + "0", "00000002")
    status, out, err = typed("turing", "--score", bob, other)
    assert status == 0, err
    assert "Bob     4 of 4 = 100 %" in out
    assert "code 2  3 of 3 = 100 %" in out
    assert "All together: 7 of 7 = 100 % (65–100 %)" in out
    facts = json.loads(typed("turing", "--score", bob, other, "--json")[1])
    assert [friend["right"] for friend in facts["friends"]] == [4, 3]
    assert facts["pooled"]["answered"] == 7


def test_whose_is_this(tested, monkeypatch, tmp_path) -> None:
    (tmp_path / "answers").write_text("a\nb\n")
    with (tmp_path / "answers").open() as lines:
        monkeypatch.setattr(sys, "stdin", lines)
        status, out, err = typed("turing", "--whose", *SHORT)
    assert status == 0, err
    assert "A  Bob" in out or "A  Ada" in out
    assert "it imitates" in out
    assert " of 2 = " in out
    page = tmp_path / "whose.html"
    assert typed("turing", "ada", "bob", *SHORT, "--export", page, "--anonymous")[0] == 0
    text = page.read_text("utf-8")
    assert '"choices": ["Friend 1", "Friend 2"]' in text
    assert "Cyd" not in text


@pytest.mark.parametrize("mimics", [["ada"], ["ada", "bob"]])
def test_people_have_the_names_of_the_archive(tested, tmp_path, mimics) -> None:
    lovelace = [replace(m, sender="Lovelace") for m in chatter(1, ("Ada",))]
    with Archive.open(tested.archive) as archive:
        archive.add(lovelace)
        archive.merge("Lovelace", "Ada")
    page = tmp_path / "page.html"
    status, _, err = typed("turing", *mimics, *SHORT, "--export", page)
    assert status == 0, err
    text = page.read_text("utf-8")
    assert "Lovelace" in text
    assert "Ada" not in text


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["nobody"], 1, 'no mimic called "nobody"'),
        (["ada", "ada"], 2, "mimics of two to four different people"),
        (["ada", "--whose"], 2, "mimics of two to four different people"),
        (["ada", "--rounds", "0"], 2, "--rounds"),
        (["ada", "--anonymous"], 2, "--anonymous is for --export"),
        (["--score"], 2, "--score needs the files or codes"),
        (["--score", "nothing.json"], 1, "There is no file nothing.json"),
        (["--score", "0f3a9c2b71-5d2e90ab-abba-0-00000000"], 1, "damaged"),
        (["--score", "0f3a9c2b71-00000001-abba-0-{check}"], 1, "not exported from this home"),
    ],
)
def test_what_cannot_be_done_is_said(tested, arguments, status, says) -> None:
    check = f"{checksum('0f3a9c2b71-00000001-abba-0'):08x}"
    left, _, err = typed("turing", *(part.replace("{check}", check) for part in arguments))
    assert (left, says in " ".join(err.split())) == (status, True), err


def test_an_export_onto_another_s_file_is_refused_before_the_work(tested, tmp_path) -> None:
    other = tmp_path / "other.html"
    other.write_text("not ours")
    status, _, err = typed("turing", "ada", *SHORT, "--export", other)
    assert status == 1
    assert "not from `chatmimic turing`" in err
    assert not tested.blind_tests.exists()


def test_an_export_that_fails_leaves_no_key(tested, tmp_path, monkeypatch) -> None:
    def refused(*_: object) -> None:
        raise ChatmimicError("The disk is full.")

    monkeypatch.setattr("chatmimic.owned_file.write_atomically", refused)
    status, _, err = typed("turing", "ada", *SHORT, "--export", tmp_path / "page.html")
    assert status == 1
    assert "The disk is full." in err
    assert not list(tested.blind_tests.iterdir())

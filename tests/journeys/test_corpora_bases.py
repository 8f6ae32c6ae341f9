"""`chatmimic corpora`, `bases` and `sample --base`, as a user types them."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import pytest

from chatmimic.cli import main

LOG = "".join(f"[12:{n:02}] <{'ada' if n % 2 else 'bob'}> line number {n}\n" for n in range(40))


@pytest.fixture
def run(capsys, monkeypatch):
    """Type a command: its exit status, standard output and standard error."""

    def typed(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        monkeypatch.setenv("COLUMNS", "100")
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return typed


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "2019-05-01.log"
    file.write_text(LOG)
    return file


def test_a_corpus_is_kept_apart_listed_and_removed(run, log, home):
    status, out, _ = run("import", "--corpus", "Talk of 2019", str(log))
    assert status == 0
    assert 'chatmimic pretrain --corpus "Talk of 2019"' in out
    assert not (home / "archive.sqlite").exists()
    assert run("corpora")[1].split()[-6:-2] == ["talk-of-2019", "40", "2", "1"]
    (facts,) = json.loads(run("corpora", "--json")[1])
    assert (facts["name"], facts["messages"], facts["people"]) == ("talk-of-2019", 40, 2)
    assert facts["first_at"].startswith("2019-05-01T12:00")
    assert run("corpora", "remove", "talk of 2019")[0] == 2  # nobody is there to ask
    status, out, _ = run("corpora", "remove", "talk of 2019", "--yes", "--json")
    assert json.loads(out)["removed"] == "talk-of-2019"
    assert json.loads(run("corpora", "--json")[1]) == []
    assert list((home / "corpora").iterdir()) == []


def test_without_any_the_lists_say_how_to_make_one(run):
    assert "chatmimic import --corpus NAME" in run("corpora")[1]
    out = run("bases")[1]
    assert "starter" in out
    assert "chatmimic pretrain --corpus NAME" in " ".join(out.split())


def test_a_corpus_that_is_not_there_names_those_that_are(run, log):
    run("import", "--corpus", "talk", str(log))
    status, out, err = run("corpora", "remove", "tlak", "--yes")
    assert (status, out) == (1, "")
    assert err == (
        'Error: There is no corpus called "tlak". Did you mean "talk"? There are: talk. '
        "`chatmimic import --corpus tlak PATH` makes one from chat exports.\n"
    )


@pytest.fixture
def base(home: Path, tiny_base: Path) -> Path:
    """A base in the home as `pretrain` leaves one."""
    folder = home / "bases" / "mine"
    shutil.copytree(tiny_base, folder)
    facts = {
        "parameters": 12_345,
        "tokens_read": 678_900,
        "corpora": [{"name": "talk"}],
        "held_out": {"bits_per_character": 2.125},
    }
    (folder / "base.json").write_text(json.dumps(facts))
    return folder


def own(run) -> dict:
    """What is printed of the one base that was made in the home."""
    (facts,) = (one for one in json.loads(run("bases", "--json")[1]) if one["source"] == "home")
    return facts


def test_bases_are_listed_and_removed(run, base):
    shutil.copytree(base, base.with_name(".partial-mine"))  # a pretraining was killed here
    out = run("bases")[1]
    assert "mine" in out
    assert "2.125" in out
    facts = own(run)
    assert (facts["corpora"], facts["tokens_read"]) == (["talk"], 678_900)
    assert (facts["path"], facts["parameters"]) == (str(base), 12_345)
    assert run("bases", "remove", "mine")[0] == 2
    assert base.exists()
    assert run("bases", "remove", "mine", "--yes")[0] == 0
    assert not base.exists()
    status, _, err = run("bases", "remove", "../home", "--yes")
    assert (status, err.count("\n")) == (1, 1)


@pytest.mark.parametrize("content", ["", "[]", '{"held_out": {}}', '{"corpora": []}'])
def test_a_damaged_description_of_a_base_hides_nothing(run, base, content):
    (base / "base.json").write_text(content)
    facts = own(run)
    assert (facts["name"], facts["parameters"]) == ("mine", None)
    assert "mine" in run("bases")[1]


def test_a_base_talks_between_people_it_never_read(run, base):
    given = ("sample", "--base", "mine", "--seed", "3", "--messages", "4", "--max-tokens", "8")
    status, out, _ = run(*given, "--json")
    assert status == 0
    said = json.loads(out)
    assert said["base"] == "mine"
    assert {m["sender"] for m in said["messages"]} <= {"Ann", "Ben", "Kim"}
    assert run(*given, "--json")[1] == out
    said = json.loads(run(*given, "--people", "Zoë", "--people", "Al", "--json")[1])
    assert {m["sender"] for m in said["messages"]} <= {"Zoë", "Al"}
    status, _, err = run(*given)
    assert "Made up by the base mine: nobody said this." in err


def test_a_mimic_and_a_base_are_two_things(run, base):
    assert run("sample", "ada", "--base", "mine")[0] == 2

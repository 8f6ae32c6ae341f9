"""`chatmimic pretrain` as a user types it: from public logs to a base, and on to a mimic."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from pretraining_support import (
    SHORT,
    WORDS,
    base_digest,
    base_facts,
    fill_corpora,
    gossip,
    pretrain,
    pretrain_line,
)
from training_support import chatter, fill, stop_after, typed

from chatmimic.home import Home


@pytest.fixture
def made(home):
    return fill_corpora(home)


def ubuntu_logs(folder: Path, days: int = 8, lines: int = 40) -> Path:
    """A tree of logs as irclogs.ubuntu.com has them: 2004/07/05/#ubuntu.txt."""
    chance = random.Random(3)
    for channel in ("#ubuntu", "#kubuntu", "#ubuntu-bugs", "#ubuntu-devel"):
        for day in range(1, days + 1):
            place = folder / "2004" / "07" / f"{day:02}"
            place.mkdir(parents=True, exist_ok=True)
            said = (
                f"[12:{n:02}] <{chance.choice(['seveas', 'jrib', 'nalioth'])}> "
                + " ".join(chance.choices(WORDS, k=4))
                for n in range(lines)
            )
            (place / f"{channel}.txt").write_text("\n".join(said) + "\n")
    return folder


def say(monkeypatch: pytest.MonkeyPatch, lines: bytes) -> None:
    """Let the next command read these lines from a pipe."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))


def flags(options: dict[str, object]) -> list[str]:
    return [part for k, v in options.items() for part in (f"--{k.replace('_', '-')}", str(v))]


# -- the road ------------------------------------------------------------------------------------


def test_from_public_logs_to_a_mimic_that_talks(home, tmp_path, monkeypatch):
    logs = ubuntu_logs(tmp_path / "logs")
    status, out, err = typed("import", "--corpus", "ubuntu", logs)
    assert status == 0, err
    assert 'Next: chatmimic pretrain --corpus "ubuntu"' in out
    status, out, err = typed("pretrain", "--corpus", "ubuntu", *flags(SHORT))
    assert status == 0, err
    assert "Train a mimic from it: chatmimic train --persona NAME --base ubuntu" in out
    assert f"The base is in {home / 'bases' / 'ubuntu'}." in out.replace("\n", "")
    assert "nats per token before" in out
    said = err.splitlines()
    assert "training a tokenizer …" in said
    assert "writing ubuntu as tokens: 0 excerpts …" in said
    assert any(line.startswith("step 12/12: loss ") for line in said)
    fill(home)
    options = {"window": 64, "steps": 2, "batch": 2, "evaluate_every": 1}
    train = ["train", "--persona", "Ada", "--base", "ubuntu", *flags(options), "--json"]
    status, out, err = typed(*train)
    assert status == 0, err
    facts = json.loads(out)
    assert facts["form"] == "tokens"  # as the base was made
    manifest = json.loads((home / "mimics" / "ada" / "mimic.json").read_text("utf-8"))
    assert manifest["base"] == str(home / "bases" / "ubuntu")
    status, out, err = typed("reply", "--seed", "7", "--max-tokens", "12", "does it boot?")
    assert (status, err) == (0, "")
    assert out.strip()
    say(monkeypatch, b"hello\nand you?\n")
    status, out, err = typed("chat", "ada", "--seed", "7", "--max-tokens", "12")
    assert status == 0, err
    assert out.strip()


def test_facts_for_scripts(made):
    line = pretrain_line(made, "ubuntu=2", "tea", name="My Base!")
    status, out, err = typed(*line, "--json")
    assert (status, err) == (0, "")
    facts = json.loads(out)
    assert set(facts) == {
        *("base", "path", "held_out", "tokens_per_second", "form", "corpora", "windows"),
        *("tokens_a_pass", "passes", "tokens_read", "plan", "notes"),
    }
    assert facts["path"] == str(made.bases / facts["base"])
    assert Path(facts["path"], "base.json").is_file()
    assert set(facts["held_out"]) == {
        *("loss_before", "loss", "perplexity", "bits_per_character"),
        *("perplexity_per_character", "tokens", "windows", "of_windows"),
    }
    assert facts["held_out"]["loss"] < facts["held_out"]["loss_before"]
    assert [(c["name"], c["weight"]) for c in facts["corpora"]] == [("ubuntu", 2.0), ("tea", 1.0)]
    assert set(facts["corpora"][0]) == {
        *("name", "weight", "shards", "windows", "tokens", "characters"),
    }
    assert facts["plan"]["steps"] == 12
    assert facts["notes"] == []


def test_a_base_is_called_as_its_first_corpus(made):
    assert typed(*pretrain_line(made, "tea", "ubuntu", steps=2))[0] == 0
    assert [path.name for path in made.bases.iterdir()] == ["tea"]


def test_a_base_made_here_is_warmed_up_by_its_name(made, monkeypatch, tmp_path):
    pretrain(made)
    monkeypatch.chdir(tmp_path)
    line = pretrain_line(made, "tea", base="ubuntu", steps=2, name="warmer")
    status, _, err = typed(*line)
    assert status == 0, err
    assert base_facts(made, "warmer")["settings"]["base"] == str(made.bases / "ubuntu")
    assert base_facts(made, "warmer")["held_out"]["loss_before"] < 6.0


def test_the_same_line_as_a_program_does_the_same(made, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "chatmimic", *pretrain_line(made, steps=2), "--json"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    json.loads(done.stdout)
    other = fill_corpora(tmp_path / "other")
    pretrain(other, steps=2)
    assert base_digest(made) == base_digest(other)


# -- mistyped ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "status", "told"),
    [
        ([], 2, "No corpus given: add --corpus NAME"),
        (["--corpus"], 2, "requires an argument"),
        (["--corpus", "ubuntu", "--steps", "many"], 2, "not a valid int"),
        (["--corpus", "ubuntu", "--setps", "3"], 2, "--steps"),
        (
            ["--corpus", "debian"],
            1,
            'Error: There is no corpus called "debian". There are: tea, ubuntu. '
            "`chatmimic import --corpus debian PATH` makes one from chat exports.\n",
        ),
        (["--corpus", "../ubuntu"], 1, "There are: tea, ubuntu."),
        (
            ["--corpus", "ubuntu=lots"],
            1,
            "--corpus ubuntu=lots: the weight must be a number above 0.",
        ),
        (["--corpus", "ubuntu=0"], 1, "the weight must be a number above 0."),
        (["--corpus", "ubuntu=-1"], 1, "the weight must be a number above 0."),
        (["--corpus", "ubuntu=nan"], 1, "the weight must be a number above 0."),
        (["--corpus", "ubuntu=inf"], 1, "the weight must be a number above 0."),
        (["--corpus", "ubuntu", "--corpus", "ubuntu=2"], 1, "--corpus names ubuntu twice."),
        (["--corpus", "ubuntu", "--steps", "3", "--hours", "1"], 1, "--steps and --hours both say"),
        (["--corpus", "ubuntu", "--steps", "0"], 2, "'--steps': 0 is not in the range x>=1"),
        (["--corpus", "ubuntu", "--hours", "0"], 2, "'--hours': 0.0 is not in the range x>0"),
        (["--corpus", "ubuntu", "--held-out", "0"], 1, "--held-out is 0;"),
        (["--corpus", "ubuntu", "--held-out", "1"], 2, "'--held-out': 1.0 is not in the range"),
        (
            ["--corpus", "ubuntu", "--window", "62"],
            1,
            "--window is 62; it must be a multiple of 4.",
        ),
        (
            ["--corpus", "ubuntu", "--vocab-size", "300"],
            2,
            "300 is not in the range x>=512",
        ),
        (["--corpus", "ubuntu", "--optimizer", "sgd"], 2, "'sgd' is not one of 'muon', 'adamw'"),
        (["--corpus", "ubuntu", "--precision", "fp16"], 2, "'fp16' is not one of 'auto'"),
        (["--corpus", "ubuntu", "--form", "auto"], 2, "'auto' is not one of 'short'"),
        (["--corpus", "ubuntu", "--base", "/nowhere"], 1, "There is no base at /nowhere"),
        (
            ["--resume"],
            1,
            "There is no unfinished pretraining run. Start one with --corpus NAME.\n",
        ),
        (
            ["--resume", "--corpus", "tea"],
            1,
            'There is no unfinished pretraining run called "tea".',
        ),
        (["--resume", "--name", "../x"], 1, "There is no unfinished pretraining run called "),
    ],
)
def test_what_cannot_be_is_one_sentence(made, line, status, told):
    found, out, err = typed("pretrain", *line)
    assert (found, out) == (status, "")
    assert told in err
    assert "Traceback" not in err
    if status == 1:
        assert err.count("\n") == 1
        assert err.startswith("Error: ")
    assert not made.bases.exists()
    assert not made.pretrainings.exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"size": "enormous"}, 'There is no size "enormous". Sizes: tiny, small, medium,'),
        ({"size": "4x100"}, 'There is no size "4x100".'),
        ({"size": "0x64"}, 'There is no size "0x64".'),
        ({"tokenizer": "nowhere.json"}, "nowhere.json"),
    ],
)
def test_what_cannot_be_made_is_told_before_anything_is_read(made, options, told):
    status, out, err = typed(*pretrain_line(made, **options))
    assert (status, out) == (1, "")
    assert err.startswith("Error: ")
    assert told in err
    assert err.count("\n") == 1
    assert not made.bases.exists()


def test_without_any_corpus_the_way_to_one_is_told(home):
    status, out, err = typed("pretrain", "--corpus", "ubuntu")
    assert (status, out) == (1, "")
    assert err == (
        'Error: There is no corpus called "ubuntu". '
        "`chatmimic import --corpus ubuntu PATH` makes one from chat exports.\n"
    )
    assert not home.exists()


def test_too_little_to_read_is_told(home):
    made = fill_corpora(home, small=gossip(1, 9))
    status, out, err = typed(*pretrain_line(made, "small"))
    assert (status, out) == (1, "")
    assert "not have enough for a training part and a held-out part." in err.splitlines()[-1]
    assert "Traceback" not in err


CHECK = """
import sys
from chatmimic.cli import _run
status = _run(sys.argv[1:], False)
print(status, "torch" in sys.modules)
"""


@pytest.mark.parametrize(
    "line", [["--corpus", "debian"], ["--corpus", "tea", "--steps", "0"], ["--resume"], ["--help"]]
)
def test_what_is_mistyped_is_told_before_anything_heavy_is_loaded(made, line):
    done = subprocess.run(
        [sys.executable, "-c", CHECK, "pretrain", *line], capture_output=True, text=True
    )
    status = {"--help": "0", "--corpus": "2" if "--steps" in line else "1"}.get(line[0], "1")
    assert done.stdout.split()[-2:] == [status, "False"]


def test_the_help_shows_how_and_explains_every_option():
    status, out, _ = typed("pretrain", "--help")
    assert status == 0
    example = out.split("Example:")[1]
    assert "chatmimic import --corpus ubuntu ubuntu-logs.tar.xz" in example
    assert "chatmimic pretrain --corpus ubuntu --size small --hours 2" in example
    for option in ("corpus", "base", "size", "hours", "held-out", "resume", "seed"):
        assert f"  --{option}" in example


# -- going on ------------------------------------------------------------------------------------


def test_several_unfinished_ones_ask_which(made):
    for name in ("one", "two"):
        pretrain(made, name=name, callbacks=stop_after(1))
    status, out, err = typed("pretrain", "--resume")
    assert (status, out) == (1, "")
    assert err == (
        "Error: There are several unfinished pretraining runs: one, two. Choose one with --name.\n"
    )
    assert typed("pretrain", "--resume", "--name", "two")[0] == 0
    assert typed("pretrain", "--resume")[0] == 0  # the only one now
    assert {path.name for path in made.bases.iterdir()} == {"one", "two"}
    assert typed("pretrain", "--resume")[0] == 1


def test_one_goes_on_by_its_corpus_and_in_another_folder(made, tiny_base, tmp_path, monkeypatch):
    monkeypatch.chdir(tiny_base.parent)
    other = fill_corpora(tmp_path / "other")
    for home, callbacks in ((other, None), (made, stop_after(3))):
        pretrain(home, base=str(tiny_base), callbacks=callbacks)
    monkeypatch.chdir(tmp_path)
    assert typed("pretrain", "--resume", "--corpus", "ubuntu", "--home", made.path)[0] == 0
    assert base_digest(made) == base_digest(other)


def test_a_relative_base_is_found_again_from_another_folder(made, tiny_base, tmp_path, monkeypatch):
    monkeypatch.chdir(tiny_base.parent)
    assert typed(*pretrain_line(made, base=tiny_base.name, steps=2))[0] == 0
    assert base_facts(made)["settings"]["base"] == str(tiny_base)


def test_resume_says_which_options_it_does_not_follow(made):
    pretrain(made, callbacks=stop_after(2))
    status, _, err = typed("pretrain", "--resume", "--steps", "999", "--seed", "0")
    assert status == 0
    assert "--resume keeps the settings of the run; ignored: --steps." in err
    assert base_facts(made)["plan"]["steps"] == 12


# -- whose words ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "   "])
def test_a_corpus_without_a_name_is_not_the_private_archive(home, tmp_path, name):
    status, out, _ = typed("import", "--corpus", name, ubuntu_logs(tmp_path / "logs", days=1))
    assert (status, out) == (2, "")
    assert not home.exists()


def test_imports_into_a_corpus_and_into_the_archive_do_not_meet(home, tmp_path):
    made = fill(home, chatter(count=60))
    typed("import", "--corpus", "ubuntu", ubuntu_logs(tmp_path / "logs", days=1))
    people = json.loads(typed("people", "--json")[1])
    assert {person["name"] for person in people} == {"Ada", "Bob"}
    assert Home(home).corpus("ubuntu").is_file()
    status, _, err = typed("train", "--persona", "seveas", "--base", "starter", "--home", made.path)
    assert status == 1
    assert 'Nobody in the archive is called "seveas"' in err

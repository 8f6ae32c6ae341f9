"""`chatmimic train` without `--base` and without a GPU: what each base needs is told, or asked."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from training_support import fill, typed

from chatmimic.home import Home
from chatmimic.mimic import list_mimics
from chatmimic.training.planning import planner
from chatmimic.training.planning.memory_available import Room

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
# SmolLM2's architecture, small enough to be tried in a moment.
SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 300,
}
# The command as typed, but that smollm2 is as small.
TYPED = f"""
from chatmimic.training.planning import planner
planner._SMOLLM2.update({SMALL!r})
from chatmimic.cli import main
main()
"""
SHORT = ("--persona", "Ada", "--window", "64", "--steps", "2", "--force")


@pytest.fixture
def full(home: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with talk of Ada, on a machine without a GPU."""
    monkeypatch.setitem(planner.__dict__, "_SMOLLM2", {**planner._SMOLLM2, **SMALL})
    monkeypatch.setattr(
        "chatmimic.training.planning.memory_available.find_room",
        lambda: Room("cpu", 10**10, 10**10, 10**9),
    )
    return fill(home)


@pytest.fixture
def default(full: Home, tiny_base: Path) -> Path:
    """The default base among those of the home."""
    return Path(shutil.copytree(tiny_base, full.bases / "gpt2-medium"))


def test_a_script_is_told_in_a_line_and_goes_on_with_the_default(full: Home, default: Path):
    status, out, err = typed("train", *SHORT, "--json")
    assert status == 0, err
    assert json.loads(out)["base"] == str(default)
    (line,) = (one for one in err.splitlines() if one.startswith("No --base"))
    assert line.startswith(
        "No --base was given, and there is no GPU here. Training from gpt2-medium takes about "
    )
    assert "B of memory; smollm2 about 1 minute, " in line
    assert "install it first: pip install" in line
    assert "; starter about 1 minute, " in line


def test_a_script_whose_time_is_given_is_told_how_often_it_reads(full: Home, default: Path):
    line = ("train", "--persona", "Ada", "--window", "64", "--force", "--minutes", "0.01")
    status, _, err = typed(*line, "--json")
    assert status == 0, err
    assert "Training from gpt2-medium takes 0.01 minutes for " in err


@pytest.mark.parametrize("more", [["--base"], ["--resume"], ["--plan"]], ids=lambda more: more[0])
def test_who_has_said_it_is_told_nothing(full: Home, default: Path, more: list[str]):
    given = [*more, default] if more == ["--base"] else more
    _, _, err = typed("train", *SHORT, *given, "--json")
    assert "No --base" not in err


def test_with_a_gpu_the_default_needs_no_word(
    full: Home, default: Path, monkeypatch: pytest.MonkeyPatch
):
    room = Room("cuda", 10**10, 10**10)
    monkeypatch.setattr("chatmimic.training.planning.memory_available.find_room", lambda: room)
    status, out, err = typed("train", *SHORT, "--json")
    assert (status, json.loads(out)["base"]) == (0, str(default))
    assert "No --base" not in err


def test_a_default_that_cannot_be_had_ends_a_script_at_once(full: Home):
    status, out, err = typed("train", *SHORT)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert 'The base "gpt2-medium" could not be downloaded' in err


@POSIX
@pytest.mark.parametrize(
    ("answer", "status", "base"),
    [("", 0, "smollm2"), ("stop", 130, None)],
)
def test_a_terminal_is_asked(
    full: Home, tiny_base: Path, answer: str, status: int, base: str | None
):
    from terminal import Terminal

    shutil.copytree(tiny_base, full.bases / "smollm2")
    line = [sys.executable, "-c", TYPED, "train", *SHORT, "--json"]
    with Terminal(line, columns=120) as terminal:
        terminal.wait_for("Your choice [smollm2]:", 150)
        asked = terminal.text.splitlines()
        terminal.enter(answer)
        assert terminal.status(120) == status
    assert asked[1:3] == [
        "No --base was given, and there is no GPU here. Training takes:",
        "  gpt2-medium  not on this machine, and cannot be downloaded",
    ]
    assert asked[3].startswith("  smollm2      about 1 minute, ")
    assert asked[4].startswith("  starter      about 1 minute, ")
    assert asked[5] == "  stop         do nothing"
    made = [Path(mimic.manifest["base"]).name for mimic in list_mimics(full)]
    assert made == ([] if base is None else [base])

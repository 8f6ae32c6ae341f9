"""The resume benchmark: trainings are really killed, and a difference does not go unseen."""

from __future__ import annotations

import json
import os
import random
import sys
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from chatmimic.home import Home

SCRIPT = "resume"
SCRIPTS = Path(__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals and a fork server")


def finished(script: ModuleType, place: Path, log: bytes, weights: bytes) -> Home:
    """A home as a training leaves it."""
    home = Home(place)
    for folder, name, content in (
        (home.runs, "log.jsonl", log),
        (home.mimics, "model.safetensors", weights),
    ):
        (folder / script.NAME).mkdir(parents=True)
        (folder / script.NAME / name).write_bytes(content)
    return home


@pytest.mark.parametrize(
    ("log", "weights", "left", "says"),
    [
        (b"1\n", b"w", "", ""),
        (b"2\n", b"w", "", "the log differs"),
        (b"1\n", b"v", "", "the weights differ"),
        (b"", b"", "runs/.partial-x", "the log differs, the weights differ, something half-wr"),
        (b"1\n", b"w", "mimics/.partial-killed", "something half-written is left"),
    ],
)
def test_a_difference_is_seen(
    script: ModuleType, tmp_path: Path, log: bytes, weights: bytes, left: str, says: str
):
    whole = script.Whole(*script.made(finished(script, tmp_path / "whole", b"1\n", b"w")), 1.0)
    home = finished(script, tmp_path / "run", log, weights)
    if left:
        (home.path / left).mkdir()
    found = script.difference(home, whole)
    assert found.startswith(says)
    assert bool(found) == bool(says)


def test_only_checkpoints_being_written_are_half_written(script: ModuleType, tmp_path: Path):
    run = tmp_path
    for folder in ("checkpoints/.partial-step-000003", "best/.partial-step-000003"):
        (run / folder).mkdir(parents=True)
    (run / "checkpoints" / "step-000000").mkdir()
    (run / ".partial-ready").touch()
    found = script.half_written(run)
    assert sorted(folder.parent.name for folder, _ in found) == ["best", "checkpoints"]
    (run / "best" / ".partial-step-000003").rename(run / "best" / "step-000003")
    assert len(found - script.half_written(run)) == 1


def test_a_killed_training_goes_on_to_the_same_end(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    options = ["--runs", "1", "--steps", "30", "--variant", "dropout"]
    monkeypatch.setattr(script, "KILLS", (2, 2))
    # At a checkpoint, with steps still to be taken: an instant may come after the end of a training
    # that is quicker than the one that was timed.
    moment = partial(sys.modules["killing"].after_a_checkpoint, seconds=0.0)
    monkeypatch.setattr(
        script, "MOMENTS", [lambda p, run, _, chance: moment(p, run, chance=chance)]
    )
    monkeypatch.setattr(sys, "argv", ["resume.py", *options])
    with pytest.raises(SystemExit) as left:
        script.main()
    lines = capsys.readouterr().out.strip().splitlines()
    result = json.loads(lines[-1])
    assert left.value.code == 0, lines
    assert (result["runs"], result["identical"]) == (1, 1)
    assert 1 <= result["kills"] <= 2
    assert 0 <= result["while_saving"] <= result["kills"]
    assert result["variants"] == {"dropout": 1}
    assert result["machine"]["cores"] >= 1
    assert [line.endswith("identical") for line in lines[:-1]] == [True]


def test_a_training_that_fails_is_told_with_its_words(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = Home(tmp_path).make()
    given = SimpleNamespace(steps=1, every=1)
    with pytest.raises(script.Failed, match="ended with status 1: Error"):
        script.undisturbed(home, given, "plain")
    whole = script.Whole(b"", "", 0.1)
    monkeypatch.setattr(script, "KILLS", (0, 0))
    outcome = script.disturbed(home, given, "plain", whole, random.Random(0))
    assert outcome.differs.startswith("it ended with status 1: Error")

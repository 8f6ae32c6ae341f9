"""`chatmimic train --plan`: what a training would take, and nothing trained."""

from __future__ import annotations

import json

import pytest
from training_support import arguments, chatter, fill, typed

from chatmimic.archive import Archive
from chatmimic.training import TrainSettings
from chatmimic.training.data.split import gather
from chatmimic.training.planning.planner import base_config, tokens_of


def test_a_plan_names_the_ways_and_trains_nothing(home, tiny_base):
    made = fill(home)
    status, out, err = typed(*arguments(made, tiny_base), "--plan")
    assert (status, err) == (0, "")
    said = " ".join(out.split())
    assert "checkpointing" in said
    assert "Options: --batch 2" in said
    assert not made.runs.exists()
    assert not made.mimics.exists()


def test_what_was_asked_for_stays(home, tiny_base):
    made = fill(home)
    line = arguments(made, tiny_base, optimizer="adamw")
    status, out, _ = typed(*line, "--gradient-checkpointing", "--plan", "--json")
    assert status == 0
    facts = json.loads(out)
    assert all(row["gradient_checkpointing"] and row["batch"] == 2 for row in facts["rows"])
    assert facts["picked"] in facts["rows"]
    assert facts["picked"]["bytes"]["total"] > 0


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("gpt2", 124), ("gpt2-medium", 355), ("openai-community/gpt2-xl", 1558)],
)
def test_a_known_base_is_planned_without_a_download(name, parameters):
    from chatmimic.training.planning.probe import shape_of

    assert round(shape_of(base_config(name)).parameters / 1e6) == pytest.approx(parameters, abs=1)


def test_a_name_that_is_not_there_is_one_sentence(home, tiny_base):
    made = fill(home)
    status, out, err = typed(*arguments(made, tiny_base, persona="Adda"), "--plan")
    assert (status, out) == (1, "")
    assert "Ada" in err


def test_the_estimate_of_tokens_is_near_what_is_written(home, tiny_base):
    from training_support import train

    made = fill(home)
    outcome = train(made, tiny_base, steps=1)
    facts = outcome.material
    written = facts["windows"] * facts["window_tokens"] * facts["window_fill"]
    with Archive.open(made.archive, create=False) as archive:
        material = gather(archive, "Ada", None, 0.1)
    # The tiny base's tokens are shorter than a real one's.
    assert 0.4 * written < tokens_of(material, TrainSettings(persona="Ada")) < 1.5 * written


@pytest.mark.parametrize(
    ("line", "passes"),
    [
        ([], 3.0),
        (["--epochs", "1.5"], 1.5),
        (["--steps", "10", "--batch", "2", "--accumulate", "1"], 20),
        (["--minutes", "5"], None),
    ],
    ids=str,
)
def test_a_plan_says_how_often_everything_is_read(home, tiny_base, line, passes):
    made = fill(home)
    asked = ["--persona", "Ada", "--base", tiny_base, "--home", made.path, "--window", "64"]
    facts = json.loads(typed("train", *asked, *line, "--plan", "--json")[1])
    if "--steps" in line:
        passes /= facts["windows"]
    assert facts["passes"] == passes
    assert facts["evaluations"] > 0
    all_read = None if passes is None else passes + facts["evaluations"] / facts["windows"]
    seconds = all_read and all_read * facts["picked"]["pass_seconds"]
    assert facts["seconds"] == (None if seconds is None else pytest.approx(seconds))
    assert facts["newest"] == facts["messages"] == sum(m.sender == "Ada" for m in chatter())


def test_a_plan_leaves_out_what_the_training_would(home, tiny_base, monkeypatch):
    from chatmimic.training.planning import newest_that_fit, planner
    from chatmimic.training.planning.memory_available import Room

    made = fill(home, chatter(900))
    monkeypatch.setattr(planner, "find_room", lambda: Room("cpu", 10**10, 10**10))
    monkeypatch.setattr(newest_that_fit, "FEWEST", 100)
    monkeypatch.setattr(newest_that_fit, "WISHED", 1e-6)
    line = ["train", "--persona", "Ada", "--base", tiny_base, "--home", made.path, "--window", "64"]
    facts = json.loads(typed(*line, "--plan", "--json")[1])
    assert facts["newest"] == 100 < facts["messages"]
    assert "only the newest are used, some 100" in " ".join(typed(*line, "--plan")[1].split())
    facts = json.loads(typed(*line, "--plan", "--json", "--newest", "all")[1])
    assert facts["newest"] == facts["messages"]

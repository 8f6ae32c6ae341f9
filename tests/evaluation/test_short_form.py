"""`train --select style`: what replies sound like selects the checkpoint; copies end the run."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from training_support import chatter, digest, fill, log, resume, stop_after, train

from chatmimic.errors import EvaluationError, TrainingError
from chatmimic.evaluation.in_training import with_evaluation
from chatmimic.training.base_run import Callbacks
from chatmimic.training.judged import Judged
from chatmimic.training.state import State

OPTIONS = {"held_out": 0.4, "select": "style", "steps": 4, "evaluate_every": 2, "force": True}


@pytest.fixture(scope="module")
def messages():
    return chatter(700, ("Ada", "Bob"))


@pytest.fixture
def home(tmp_path, messages):
    return fill(tmp_path / "home", messages)


def scripted(*judged):
    """A judge that finds these, evaluation by evaluation."""
    left = list(judged)
    return Callbacks(judge=lambda mimic: lambda loaded: left.pop(0))


def test_the_best_is_what_judges_prefer_and_not_the_least_loss(home, plain_base):
    judge = scripted(Judged(9.0, 0, False), Judged(5.0, 0, False), Judged(7.0, 0, False))
    made = train(home, plain_base, callbacks=judge, **OPTIONS)
    assert made.mimic.manifest["best_step"] == 2
    lines = log(home)
    assert [line["style"] for line in lines] == [9.0, 5.0, 7.0]
    assert lines[2]["held_out_loss"] < lines[1]["held_out_loss"]


def test_style_decides_only_where_the_loss_is_close_to_the_least():
    state = State()
    heard = []
    for loss, style in [(5.0, 1.0), (4.0, 3.0), (3.9, 4.0), (3.95, 2.0), (3.5, 9.0), (3.6, 8.0)]:
        heard.append(state.record(loss, style))
        state.step += 1
    # The first has the best style, and far too high a loss once another is known.
    assert heard == [True, True, False, True, True, True]
    assert (state.best_loss, state.best_step, state.lowest_loss) == (8.0, 5, 3.5)


def test_copies_end_the_run_and_are_never_the_best(home, plain_base):
    judge = scripted(Judged(9.0, 0, False), Judged(5.0, 0, False), Judged(1.0, 0.4, True))
    made = train(home, plain_base, callbacks=judge, **{**OPTIONS, "steps": 40})
    assert made.mimic.manifest["best_step"] == 2
    assert any("repeat training data" in note for note in made.notes)
    assert log(home)[-1]["step"] == 4


def test_it_is_judged_by_real_replies_and_the_same_when_resumed(
    home, plain_base, messages, tmp_path
):
    judge = with_evaluation(Callbacks(), home).judge
    made = train(home, plain_base, callbacks=Callbacks(judge=judge), **OPTIONS)
    lines = log(home)
    assert all(line["style"] > 0 and 0 <= line["copied"] <= 1 for line in lines)
    assert made.mimic.manifest["best_step"] == min(lines, key=lambda x: x["style"])["step"]

    other = fill(tmp_path / "other", messages)
    stopping = replace(stop_after(2), judge=with_evaluation(Callbacks(), other).judge)
    train(other, plain_base, callbacks=stopping, **OPTIONS)
    resume(other, callbacks=Callbacks(judge=with_evaluation(Callbacks(), other).judge))
    assert log(other) == lines
    assert digest(other) == digest(home)


def test_one_who_talks_to_nobody_cannot_be_judged(tmp_path, plain_base):
    alone = [replace(m, sender="Ada") for m in chatter(300)]
    home = fill(tmp_path / "alone", alone)
    stages = []
    callbacks = with_evaluation(Callbacks(stage=stages.append), home)
    with pytest.raises(EvaluationError) as raised:
        train(home, plain_base, callbacks=callbacks, **OPTIONS)
    assert "--select" in raised.value.hint
    assert stages[-1] == "learning to judge style"  # before anything is tokenised
    assert len(stages) == 2


def test_without_the_package_nothing_is_begun(home, plain_base, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(TrainingError) as raised:
        train(home, plain_base, **OPTIONS)
    assert "chatmimic[evaluate]" in raised.value.hint
    assert not (home.runs / "ada").exists()

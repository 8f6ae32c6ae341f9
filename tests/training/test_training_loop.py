"""The loop: it learns, the same seed is the same run, and a stop changes nothing."""

import json
from dataclasses import replace

import pytest
import torch
from training_support import digest, fill, log, resume, stop_after, train

from chatmimic.errors import LossNotFinite, TrainingError
from chatmimic.training import loop as loop_module

DROPOUT = {"dropout": 0.2, "steps": 9, "evaluate_every": 4}


def held_out(outcome):
    return outcome.figures.as_dict()


@pytest.fixture(scope="module")
def reference(tmp_path_factory, tiny_base):
    """An uninterrupted run with dropout: (its outcome, its home)."""
    home = fill(tmp_path_factory.mktemp("reference") / "home")
    return train(home, tiny_base, **DROPOUT), home


def test_losses_fall(home, tiny_base):
    made = fill(home)
    outcome = train(made, tiny_base, steps=40, batch=4, learning_rate=3e-3, evaluate_every=10)
    losses = [line["held_out_loss"] for line in log(made)]
    assert losses[-1] < losses[0] - 0.5
    assert log(made)[-1]["loss"] < log(made)[1]["loss"]
    assert outcome.figures.loss < outcome.base.loss
    assert outcome.figures.bits_per_character < outcome.base.bits_per_character


def test_the_same_seed_is_the_same_run_and_another_is_not(home, tiny_base, reference):
    outcome, other_home = reference
    made = fill(home)
    assert held_out(train(made, tiny_base, **DROPOUT)) == held_out(outcome)
    assert digest(made) == digest(other_home)
    assert log(made) == log(other_home)
    train(made, tiny_base, replace=True, **DROPOUT, seed=1)
    assert digest(made) != digest(other_home)
    assert len(log(made)) == len(log(other_home))  # a log is of one training


@pytest.mark.parametrize("step", [1, 4, 8])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(home, tiny_base, reference, step):
    outcome, other_home = reference
    made = fill(home)
    stopped = train(made, tiny_base, callbacks=stop_after(step), **DROPOUT)
    assert (stopped.name, stopped.step, stopped.steps) == ("ada", step, 9)
    assert not (made.mimics / "ada").exists()
    finished = resume(made)
    assert held_out(finished) == held_out(outcome)
    assert finished.base == outcome.base
    assert digest(made) == digest(other_home)
    assert log(made) == log(other_home)


def test_a_run_stopped_after_every_step_ends_the_same(home, tiny_base, reference):
    made = fill(home)
    outcome = train(made, tiny_base, callbacks=stop_after(0), **DROPOUT)
    stops = 1
    while not hasattr(outcome, "mimic"):
        outcome = resume(made, callbacks=stop_after(0))
        stops += 1
    assert stops == 9
    assert digest(made) == digest(reference[1])
    assert log(made) == log(reference[1])


def test_four_at_once_learn_what_one_four_times_does(home, tiny_base):
    made = fill(home)
    curves = []
    for batch, accumulate in ((4, 1), (1, 4), (2, 2)):
        given = {"batch": batch, "accumulate": accumulate, "steps": 8, "evaluate_every": 1}
        train(made, tiny_base, replace=True, learning_rate=3e-3, **given)
        curves.append([line["loss"] for line in log(made)[1:]])
    assert curves[0][0] > curves[0][-1]
    for curve in curves[1:]:
        assert curve == pytest.approx(curves[0], rel=1e-4)
        # One-sided drift would hide in the tolerance above.
        assert sum(a - b for a, b in zip(curve, curves[0], strict=True)) / 8 < 1e-4


def test_the_best_weights_are_those_with_the_lowest_held_out_loss(home, tiny_base):
    made = fill(home)
    # A rate so high that what is learnt is lost again.
    outcome = train(made, tiny_base, steps=12, learning_rate=1.0, warmup=0.99, evaluate_every=1)
    losses = {line["step"]: line["held_out_loss"] for line in log(made)}
    best = min(losses, key=losses.__getitem__)
    assert outcome.mimic.manifest["best_step"] == best
    assert 0 < best < 12
    assert outcome.figures.loss == pytest.approx(losses[best], rel=1e-5)


def test_disk_use_is_bounded(home, tiny_base):
    made = fill(home)
    most = {"checkpoints": 0, "best": 0}

    def count(_):
        for kind in most:
            found = list((made.runs / "ada" / kind).glob("*"))
            most[kind] = max(most[kind], len(found))

    from chatmimic.training.base_run import Callbacks

    train(made, tiny_base, steps=8, evaluate_every=1, callbacks=Callbacks(progress=count))
    assert most == {"checkpoints": 2, "best": 2}
    left = {p.name for p in (made.runs / "ada").iterdir()}
    assert left == {"whose.json", "lock", "log.jsonl"}


@pytest.mark.usefixtures("slow_steps")
def test_minutes_fix_a_plan_that_a_resumed_run_keeps(home, tiny_base):
    made = fill(home)
    given = {"steps": None, "minutes": 2, "evaluate_every": None}
    stopped = train(made, tiny_base, callbacks=stop_after(1), **given)
    ready = json.loads((made.runs / "ada" / "ready.json").read_text("utf-8"))
    assert ready["plan"]["steps"] == stopped.steps > 1
    outcome = resume(made)
    assert outcome.mimic.manifest["plan"] == ready["plan"]
    assert log(made)[-1]["step"] == stopped.steps


# -- losses that are none ----------------------------------------------------------------------


class Poison:
    """Puts NaN into the loss of one step."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.real = loop_module.Loop.forward

    def __call__(self, loop, *given):
        result = self.real(loop, *given)
        if torch.is_grad_enabled() and loop.state.step == self.step:
            return replace(result, loss=result.loss * float("nan"))
        return result


def test_a_loss_that_is_not_a_number_stops_there(home, tiny_base, reference, monkeypatch):
    made = fill(home)
    poison = Poison(5)
    monkeypatch.setattr(loop_module.Loop, "forward", lambda *given: poison(*given))
    with pytest.raises(LossNotFinite) as told:
        train(made, tiny_base, **DROPOUT)
    assert "The loss became nan at step 5 (learning rate 0.00015" in told.value.what
    assert "gradient norm" not in told.value.what  # it was not computed
    assert "--learning-rate" in told.value.hint
    steps = [p.name for p in sorted((made.runs / "ada" / "checkpoints").iterdir())]
    assert steps == ["step-000000", "step-000004"]
    poison.step = -1  # what was saved before it is sound: going on from there gives the same run
    resume(made)
    assert digest(made) == digest(reference[1])


def test_a_rate_that_blows_up_is_told_and_nothing_not_finite_is_saved(home, tiny_base):
    made = fill(home)
    with pytest.raises(LossNotFinite, match=r"became (nan|inf) at step"):
        train(made, tiny_base, steps=40, learning_rate=1e30, clip=1e30, warmup=0.0)
    assert "NaN" not in (made.runs / "ada" / "log.jsonl").read_text("utf-8")


# -- memory that runs out ------------------------------------------------------------------------


def short_of_memory(monkeypatch, most):
    """Make more than `most` windows at once too many for the memory."""
    real = loop_module.Loop.forward

    def surprise(loop, windows, rows, *given):
        if len(rows) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(loop, windows, rows, *given)

    monkeypatch.setattr(loop_module.Loop, "forward", surprise)


def test_where_memory_is_short_fewer_windows_at_once_learn_the_same(
    home, tiny_base, tmp_path, monkeypatch
):
    roomy, narrow = fill(home), fill(tmp_path / "narrow")
    given = {"batch": 4, "steps": 5, "evaluate_every": 1, "learning_rate": 3e-3}
    train(roomy, tiny_base, **given)
    short_of_memory(monkeypatch, 1)
    outcome = train(narrow, tiny_base, **given)
    assert outcome.notes == (
        "out of memory: continuing with a micro-batch of 2 windows",
        "out of memory: continuing with a micro-batch of 1 window",
    )
    for one, other in zip(log(narrow), log(roomy), strict=True):
        assert one["held_out_loss"] == pytest.approx(other["held_out_loss"], rel=1e-4)
    assert outcome.mimic.manifest["plan"]["batch"] == 4


def test_memory_that_does_not_hold_one_window_is_told(home, tiny_base, monkeypatch):
    made = fill(home)
    short_of_memory(monkeypatch, 0)
    with pytest.raises(TrainingError, match="Out of memory with one window of 64 tokens") as told:
        train(made, tiny_base)
    assert "--gradient-checkpointing" in told.value.hint

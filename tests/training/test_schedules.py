"""Schedules: those of others where they have the same name, and what the held-out part lowers."""

import pytest
import torch
from training_support import fill, log, train
from transformers import get_scheduler
from transformers.optimization import get_inverse_sqrt_schedule

from chatmimic.training import TrainSettings
from chatmimic.training.optim.schedules import SCHEDULES, rate_share
from chatmimic.training.plan import Plan, make_plan
from chatmimic.training.state import State

LENGTHS = [(1, 0), (1, 1), (10, 0), (10, 1), (10, 3), (7, 7), (100, 5)]
THEIRS = {
    "linear": ("linear", {}),
    "cosine": ("cosine", {}),
    "polynomial": ("polynomial", {"lr_end": 0.0, "power": 2.0}),
    "constant": ("constant_with_warmup", {}),
    "plateau": ("constant_with_warmup", {}),
}


def optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)


def theirs(name, steps, warmup, **specific):
    """Transformers' share of a step, as a function."""
    made = get_scheduler(name, optimizer(), warmup, steps, scheduler_specific_kwargs=specific)
    return made.lr_lambdas[0]


# -- shares ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("steps", "warmup"), LENGTHS)
@pytest.mark.parametrize("name", THEIRS)
def test_a_schedule_is_that_of_transformers(name, steps, warmup):
    share = theirs(THEIRS[name][0], steps, warmup, **THEIRS[name][1])
    for step in range(steps):
        # They begin to rise at 0, which is a step without learning; we rise one step earlier.
        wanted = 1.0 if step == warmup - 1 else share(step + 1 if step < warmup else step)
        assert rate_share(name, step, steps, warmup) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("power", [0.5, 1.0, 3.0])
def test_the_degree_of_a_polynomial_can_be_chosen(power):
    share = theirs("polynomial", 20, 4, lr_end=0.0, power=power)
    for step in range(4, 21):
        assert rate_share("polynomial", step, 20, 4, power) == pytest.approx(share(step))


@pytest.mark.parametrize("name", ["inverse-sqrt", "noam"])
@pytest.mark.parametrize(("steps", "warmup"), LENGTHS)
def test_one_over_the_root_is_that_of_transformers_too(name, steps, warmup):
    made = get_inverse_sqrt_schedule(optimizer(), warmup, timescale=max(1, warmup))
    late = 1 if warmup else 0  # without a rise theirs has its highest rate at step 0 as well
    for step in range(3 * steps):  # it has no end
        wanted = made.lr_lambdas[0](step + late)
        assert rate_share(name, step, steps, warmup) == pytest.approx(wanted)


@pytest.mark.parametrize(("steps", "warmup"), LENGTHS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_learns_at_every_step_and_never_faster_than_asked(name, steps, warmup):
    shares = [rate_share(name, step, steps, warmup) for step in range(steps)]
    assert all(0 < share <= 1 for share in shares)
    assert shares[max(0, warmup - 1)] == 1


# -- where a training stands on it -----------------------------------------------------------------


def plan(**given):
    numbers = {"steps": 10, "batch": 2, "accumulate": 1, "learning_rate": 0.5, "warmup": 2}
    rest = {"evaluate_every": 5, "gradient_checkpointing": False}
    rest |= {"eval_windows": 8, "final_eval_windows": 8}
    return Plan(**{**numbers, **rest, **given})


@pytest.mark.parametrize(
    ("given", "state", "place", "total"),
    [
        ({}, {"step": 7}, 7, 10),
        ({"corpus_way": "mix"}, {"step": 7}, 7, 10),
        # Steps of a spell do not count: the rate goes on where it was.
        ({"corpus_way": "plateau", "corpus_steps": 4}, {"step": 7, "corpus_steps": 4}, 3, 14),
        ({"corpus_way": "plateau", "corpus_steps": 4}, {"step": 4, "phase_left": 4}, 4, 14),
        (
            {"corpus_way": "plateau", "corpus_steps": 4},
            {"step": 9, "corpus_steps": 6, "phase_left": 2},
            3,
            18,
        ),
        # Steps on a corpus at first belong to the schedule.
        ({"corpus_way": "first", "corpus_steps": 4}, {"step": 3, "corpus_steps": 3}, 3, 14),
        ({"corpus_way": "first", "corpus_steps": 4}, {"step": 9, "corpus_steps": 4}, 9, 14),
    ],
)
def test_a_place_on_the_schedule_follows_from_the_state(given, state, place, total):
    made, now = plan(**given), State(**state)
    assert made.place(now) == place
    assert made.total(now) == total


@pytest.mark.parametrize("name", ["linear", "cosine", "polynomial"])
def test_a_rate_falls_to_nought_at_the_end_of_both_parts(name):
    made = plan(schedule=name, corpus_way="first", corpus_steps=5)
    rates = [made.rate(step) for step in range(16)]
    assert rates[1] == made.learning_rate
    assert rates[15] == pytest.approx(0, abs=1e-12)
    assert min(rates[:15]) > 0


def test_what_was_asked_for_is_what_is_planned():
    requested = TrainSettings(
        schedule="polynomial", power=1.0, steps=20, warmup=0.1, learning_rate=0.5
    )
    made = make_plan(requested, parameters=1000, windows=80, on_cpu=True, step_seconds=0.1)
    straight = plan(steps=20)
    assert [made.rate(n) for n in range(21)] == [straight.rate(n) for n in range(21)]


# -- lowered by the held-out part ------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"learning_rate": 0.3, "steps": 9},  # nothing is ever better than the base
        {"learning_rate": 0.03, "steps": 12},  # it gets better, stalls and gets better again
    ],
)
def test_two_looks_that_were_no_better_halve_the_rate(home, tiny_base, given, one_attempt):
    made = fill(home)
    given = {**given, "warmup": 0.0, "evaluate_every": 1, "force": True}
    train(made, tiny_base, schedule="plateau", **given)
    best, stale, wanted = float("inf"), 0, given["learning_rate"]
    halved = 0
    for line in log(made):
        assert line["rate"] == pytest.approx(wanted), line["step"]  # what the look found
        stale = 0 if line["held_out_loss"] < best else stale + 1
        best = min(best, line["held_out_loss"])
        if stale and stale % 2 == 0:
            wanted, halved = wanted / 2, halved + 1
    assert halved >= 1


def test_no_other_schedule_is_lowered(home, tiny_base, one_attempt):
    made = fill(home)
    given = {"learning_rate": 0.3, "warmup": 0.0, "steps": 5, "evaluate_every": 1}
    train(made, tiny_base, schedule="constant", force=True, **given)
    assert {line["rate"] for line in log(made)} == {0.3}

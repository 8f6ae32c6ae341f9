"""Settings and the plan they lead to: refused all at once, by option name; fixed before step 0."""

from dataclasses import replace
from itertools import pairwise

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from chatmimic.cli import cli
from chatmimic.errors import SettingsError
from chatmimic.settings import settings_of
from chatmimic.training import TrainSettings
from chatmimic.training.plan import batches, make_plan

NAN, INF = float("nan"), float("inf")
BAD = [
    ({"seed": 10**23}, "--seed is 1"),
    ({"seed": -1}, "--seed is -1"),
    ({"form": "verse"}, '--form is "verse"'),
    ({"learn": "nobody"}, '--learn is "nobody"'),
    ({"form": "named", "token_types": True}, "--token-types needs --form tokens"),
    ({"steps": 3, "minutes": 1.0}, "--steps and --minutes"),
    ({"context": 0}, "--context is 0; it must be at least 1"),
    ({"window": 15}, "--window is 15; it must be at least 16"),
    ({"steps": 0}, "--steps is 0; it must be at least 1"),
    ({"batch": -1}, "--batch is -1; it must be at least 1"),
    ({"accumulate": 0}, "--accumulate is 0; it must be at least 1"),
    ({"evaluate_every": 0}, "--evaluate-every is 0; it must be at least 1"),
    ({"weight_decay": -0.1}, "--weight-decay is -0.1; it must be at least 0"),
    ({"weight_decay": INF}, "--weight-decay is inf"),
    ({"epochs": 0.0}, "--epochs is 0; it must be above 0"),
    ({"epochs": INF}, "--epochs is inf"),
    ({"epochs": NAN}, "--epochs is nan"),
    ({"minutes": -1.0}, "--minutes is -1; it must be above 0"),
    ({"learning_rate": 0.0}, "--learning-rate is 0; it must be above 0"),
    ({"learning_rate": NAN}, "--learning-rate is nan"),
    ({"clip": 0.0}, "--clip is 0; it must be above 0"),
    ({"held_out": 0.0}, "--held-out is 0; without held-out messages"),
    ({"held_out": 1.0}, "--held-out is 1; it must be at least 0 and below 1"),
    ({"warmup": -0.5}, "--warmup is -0.5"),
    ({"dropout": NAN}, "--dropout is nan"),
    (
        {"corpus": ("tea",), "patience": 1},
        "--patience 1 stops a run before it can be said to stall",
    ),
    ({"gap": "soon"}, '--gap: "soon" is not a duration'),
]


@pytest.mark.parametrize(("values", "complaint"), BAD)
def test_a_bad_value_is_told_by_its_option(values, complaint):
    with pytest.raises(SettingsError) as told:
        TrainSettings(**values)
    assert complaint in told.value.what
    assert told.value.hint == "See `chatmimic train --help`."


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(SettingsError) as told:
        TrainSettings(form="verse", epochs=-1.0, window=2, dropout=2.0, gap="x")
    for option in ("--form", "--epochs", "--window", "--dropout", "--gap"):
        assert option in told.value.what


def test_a_changed_copy_is_checked_too():
    with pytest.raises(SettingsError, match="--batch"):
        replace(TrainSettings(), batch=0)


def test_every_setting_is_an_option_with_its_sentence():
    shown = " ".join(
        CliRunner().invoke(cli, ["train", "--help"], terminal_width=400).output.split()
    )
    for one in settings_of(TrainSettings):
        assert one.option in shown
        assert " ".join(one.help.split()) in shown


def test_settings_travel_as_plain_values():
    settings = TrainSettings(persona="Ada", minutes=2.0, gap="2h", gradient_checkpointing=True)
    assert TrainSettings.from_dict({**settings.as_dict(), "of_a_newer_chatmimic": 1}) == settings


# -- the plan ----------------------------------------------------------------------------------


def plan(windows=80, parameters=10**6, on_cpu=True, step_seconds=0.1, **values):
    return make_plan(
        TrainSettings(**values),
        parameters=parameters,
        windows=windows,
        on_cpu=on_cpu,
        step_seconds=step_seconds,
    )


SMALL, LARGE = 10**6, 3 * 10**8


@pytest.mark.parametrize(
    ("parameters", "windows", "values", "expected"),
    [
        (SMALL, 1000, {}, (4, 1)),
        (SMALL, 40, {}, (2, 1)),
        (SMALL, 3, {}, (1, 1)),
        (SMALL, 1, {}, (1, 1)),
        (LARGE, 1000, {}, (1, 8)),
        (LARGE, 99, {}, (1, 1)),
        (LARGE, 100, {}, (1, 2)),
        (LARGE, 1, {}, (1, 1)),
        (LARGE, 1000, {"batch": 2}, (2, 8)),
        (SMALL, 1000, {"batch": 8, "accumulate": 3}, (8, 3)),
        (SMALL, 5, {"batch": 8, "accumulate": 3}, (5, 3)),
    ],
)
def test_batches_suit_the_base_and_the_data(parameters, windows, values, expected):
    assert batches(TrainSettings(**values), parameters, windows) == expected


@pytest.mark.parametrize(
    ("values", "steps"),
    [
        ({"epochs": 2.0}, 40),
        ({"epochs": 0.001}, 1),
        ({"steps": 7}, 7),
        ({"minutes": 1.0}, 540),
        ({"minutes": 0.0001}, 1),
        ({"minutes": 1.0, "corpus": ("tea",), "corpus_way": "mix"}, 540),
        # With spells of an eighth: an eighth more of all steps, or three.
        ({"minutes": 1.0, "corpus": ("tea",), "corpus_way": "first"}, 480),
        ({"minutes": 1.0, "corpus": ("tea",)}, 393),
        ({"minutes": 1.0, "corpus": ("tea",), "corpus_phases": 1, "corpus_steps": 40}, 500),
        ({"minutes": 1.0, "corpus": ("tea",), "corpus_steps": 900}, 1),
        # Spells of 1,500 are no eighth.
        ({"minutes": 100.0, "corpus": ("tea",), "corpus_phases": 2}, 51_000),
    ],
)
def test_how_long_to_train_can_be_said_in_three_ways(values, steps):
    assert plan(**values).steps == steps


@trials(deadline=None, max_examples=100)
@given(st.integers(1, 300), st.floats(0, 0.99), st.floats(1e-6, 1))
def test_the_rate_rises_to_its_highest_and_falls_to_nought(steps, warmup, highest):
    fixed = plan(steps=steps, warmup=warmup, learning_rate=highest)
    rates = [fixed.rate(step) for step in range(steps + 1)]
    top = max(0, fixed.warmup - 1)
    assert rates[top] == pytest.approx(highest)
    assert all(0 < rate <= highest * 1.0001 for rate in rates[:-1])
    slack = highest * 1e-12
    assert all(earlier <= later + slack for earlier, later in pairwise(rates[: top + 1]))
    assert all(earlier >= later - slack for earlier, later in pairwise(rates[top:]))
    assert rates[-1] == 0


@pytest.mark.parametrize(
    ("parameters", "given", "expected"),
    [(SMALL, None, False), (LARGE, None, True), (LARGE, False, False), (SMALL, True, True)],
)
def test_large_bases_compute_activations_twice_unless_told(parameters, given, expected):
    made = plan(parameters=parameters, gradient_checkpointing=given)
    assert made.gradient_checkpointing is expected
    assert made.learning_rate == (3e-4 if parameters == SMALL else 5e-5)


def test_there_are_ten_looks_unless_told():
    assert plan(steps=100).evaluate_every == 10
    assert plan(steps=3).evaluate_every == 1
    assert plan(steps=100, evaluate_every=7).evaluate_every == 7


# -- the learning rate where none is given ---------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "options", "rate"),
    [
        (7_000_000, {}, 3e-4),
        (134_515_008, {}, 2e-4),
        (354_823_168, {}, 5e-5),
        (7_000_000, {"lora": True}, 1.2e-3),
        (134_515_008, {"train": "lora"}, 8e-4),
        (7_000_000, {"learning_rate": 1e-2}, 1e-2),
        (7_000_000, {"learning_rate": 1e-2, "lora": True}, 1e-2),
    ],
)
def test_a_larger_base_is_tuned_more_gently(parameters, options, rate):
    from chatmimic.training.plan import make_plan

    about = {"parameters": parameters, "windows": 40, "on_cpu": True, "step_seconds": 0.0}
    plan = make_plan(TrainSettings(**options), **about)
    assert plan.learning_rate == pytest.approx(rate)
    assert plan.try_again

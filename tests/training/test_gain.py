"""What a training came to: a second attempt, no mimic that gained nothing, doubtful figures."""

import json
from dataclasses import replace

import pytest
from rich.console import Console
from tests_support import talk
from training_support import arguments, digest, fill, log, resume, train, typed

from chatmimic.cli.display.training import show_result
from chatmimic.errors import NothingGained
from chatmimic.mimic import Mimic
from chatmimic.training import second_attempt
from chatmimic.training.base_run import Callbacks
from chatmimic.training.gain import check_gain, hint_of, repeated_share
from chatmimic.training.objective.metrics import Metrics
from chatmimic.training.plan import Plan
from chatmimic.training.prepare import Preparation
from chatmimic.training.run import Stopped
from chatmimic.training.settings import TrainSettings
from chatmimic.training.state import State

LOST = {"learning_rate": 30.0, "warmup": 0.0, "evaluate_every": 1, "steps": 8}
TOLD = "starting over with 0.001"


@pytest.fixture
def found(monkeypatch):
    """A rate for the second attempt at which a tiny model learns."""
    monkeypatch.setattr(second_attempt, "SLOWER", 1e-3 / 30)


# -- the second attempt ----------------------------------------------------------------------------


def test_a_rate_that_is_too_high_is_tried_again_lower(home, tiny_base, found):
    made = fill(home)
    outcome = train(made, tiny_base, **LOST)
    assert outcome.figures.loss < outcome.base.loss
    manifest = outcome.mimic.manifest
    assert manifest["best_step"] == 8
    assert manifest["learning_rate"] == pytest.approx(1e-3)
    assert [line.get("attempt", 1) for line in log(made)] == [1] * 5 + [2] * 8
    (note,) = outcome.notes
    assert note.startswith("no improvement over the untrained base by step 4")
    assert note.endswith(TOLD)


def test_the_second_attempt_is_a_training_at_that_rate(home, tmp_path, tiny_base, found):
    outcome = train(fill(home), tiny_base, **LOST)
    plain = train(fill(tmp_path / "plain"), tiny_base, **{**LOST, "learning_rate": 1e-3})
    assert outcome.figures.loss == pytest.approx(plain.figures.loss, rel=1e-5)
    assert outcome.mimic.manifest["best_step"] == plain.mimic.manifest["best_step"]


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_nothing_of_the_first_attempt_is_remembered(home, tmp_path, tiny_base, found, optimizer):
    options = {**LOST, "optimizer": optimizer, "dropout": 0.1}
    outcome = train(fill(home), tiny_base, **options)
    plain = train(fill(tmp_path / "plain"), tiny_base, **{**options, "learning_rate": 1e-3})
    assert outcome.figures.loss == pytest.approx(plain.figures.loss, rel=1e-4)


def test_a_base_that_gains_is_not_trained_twice(home, tiny_base):
    made = fill(home)
    outcome = train(made, tiny_base)
    assert all("attempt" not in line for line in log(made))
    assert (
        outcome.mimic.manifest["learning_rate"] == outcome.mimic.manifest["plan"]["learning_rate"]
    )


@pytest.fixture
def in_time(monkeypatch):
    """The steps of `LOST`, as if these were what goes into `--minutes` on any machine."""

    def plan(preparation, loop):
        steps = replace(preparation.settings, minutes=None, steps=LOST["steps"])
        return replace(preparation._plan(steps), in_time=True)

    monkeypatch.setattr(Preparation, "_plan_of_minutes", plan)
    return {**LOST, "steps": None, "minutes": 1}


def test_with_minutes_the_second_attempt_takes_the_steps_that_are_left(
    home, tiny_base, found, in_time
):
    made = fill(home)
    outcome = train(made, tiny_base, **in_time)
    assert [line["step"] for line in log(made) if line.get("attempt") == 2] == [1, 2, 3, 4]
    assert outcome.mimic.manifest["plan"]["steps"] == outcome.mimic.manifest["last_step"] == 4
    assert log(made)[-1]["rate"] < log(made)[-4]["rate"]  # its schedule is as long as it is


@pytest.mark.parametrize("taken", [5, 7])
def test_stopped_in_a_second_attempt_in_time_it_goes_on_to_the_same_end(
    home, tmp_path, tiny_base, found, in_time, taken
):
    train(fill(tmp_path / "whole"), tiny_base, **in_time)
    made = fill(home)
    seen = []
    callbacks = Callbacks(progress=lambda p: seen.append(p.step), stop=lambda: len(seen) > taken)
    assert isinstance(train(made, tiny_base, callbacks=callbacks, **in_time), Stopped)
    resume(made)
    assert digest(made) == digest(type(made)(tmp_path / "whole"))
    assert log(made) == log(type(made)(tmp_path / "whole"))


@pytest.mark.parametrize(
    ("plan", "taken", "left"),
    [
        ({}, 4, 8),  # no duration was given
        ({"in_time": True}, 4, 4),
        ({"in_time": True}, 7, 1),
        ({"in_time": True}, 8, None),  # nothing is left
        ({"in_time": True, "corpus_way": "first", "corpus_steps": 2}, 6, 2),  # once more
        ({"in_time": True, "corpus_way": "first", "corpus_steps": 2}, 8, None),
    ],
)
def test_how_long_a_second_attempt_is(plan, taken, left):
    plan = replace(PLAN, steps=8, try_again=True, **plan)
    state = State(step=taken, corpus_steps=plan.corpus_steps)
    assert second_attempt.gained_nothing(plan, state, True) is (left is not None)
    if left is not None:
        again, _ = second_attempt.second_attempt(plan, state)
        assert second_attempt.plan_of_attempt(plan, again).steps == left
    assert second_attempt.plan_of_attempt(plan, state) is plan


@pytest.mark.parametrize("steps", [2, 4, 5, 9])
def test_stopped_in_either_attempt_it_goes_on_to_the_same_end(
    home, tmp_path, tiny_base, found, steps
):
    train(fill(tmp_path / "whole"), tiny_base, **LOST)
    made = fill(home)
    seen = []

    callbacks = Callbacks(progress=lambda p: seen.append(p.step), stop=lambda: len(seen) > steps)
    assert isinstance(train(made, tiny_base, callbacks=callbacks, **LOST), Stopped)
    resume(made)
    assert digest(made) == digest(type(made)(tmp_path / "whole"))
    assert log(made) == log(type(made)(tmp_path / "whole"))


# -- nothing gained --------------------------------------------------------------------------------


def test_what_gained_nothing_makes_no_mimic(home, tiny_base):
    made = fill(home)
    with pytest.raises(NothingGained) as told:
        train(made, tiny_base, **LOST)
    assert "with a learning rate of 30 and of 10" in told.value.what
    assert "--force" in told.value.hint
    assert not (made.mimics / "ada").exists()
    # Nothing private stays, and nothing to go on with: only the log.
    assert {p.name for p in (made.runs / "ada").iterdir()} == {"lock", "log.jsonl", "whose.json"}


def test_an_older_mimic_stays_where_the_new_one_gained_nothing(home, tiny_base):
    made = fill(home)
    train(made, tiny_base)
    before = digest(made)
    with pytest.raises(NothingGained):
        train(made, tiny_base, replace=True, **LOST)
    assert digest(made) == before


def test_force_makes_one_of_the_last_step(home, tiny_base):
    made = fill(home)
    outcome = train(made, tiny_base, force=True, **LOST)
    assert outcome.figures.loss >= outcome.base.loss
    assert digest(made) != digest_of(tiny_base)
    assert outcome.notes[-1].endswith("This mimic has the weights of the last step (--force)")
    assert Mimic.open("ada", made).manifest["best_step"] == 0


def digest_of(base):
    import hashlib

    return hashlib.sha256((base / "model.safetensors").read_bytes()).hexdigest()


def figures(perplexity):
    import math

    return Metrics(math.log(perplexity), 1.0, 100)


PLAN = Plan(9, 1, 1, 3e-4, 0, 1, False, 48, 512)


@pytest.mark.parametrize(
    ("after", "attempt", "words"),
    [
        (80.0, 1, "80.0 before and 80.0 after, with a learning rate of 0.0003."),
        (81.0, 2, "80.0 before and 81.0 after, with a learning rate of 0.0003 and of 0.0001."),
    ],
)
def test_it_says_what_was_tried(after, attempt, words):
    state = State(attempt=attempt, slowdown=1 / 3 if attempt == 2 else 1.0)
    with pytest.raises(NothingGained) as told:
        check_gain(figures(80), figures(after), PLAN, state)
    assert words in told.value.what


def test_a_little_is_a_gain():
    check_gain(figures(80), figures(79.9), PLAN, State())


# -- how long it was trained -----------------------------------------------------------------------

LONGER = "The last evaluation was the best: longer training may help more ({})."
KEPT = (
    "The 4 steps after the best evaluation brought no improvement; the checkpoint of step 5 was "
    "kept."
)


@pytest.mark.parametrize(
    ("best", "last", "given", "hint"),
    [
        (9, 9, {}, LONGER.format("--epochs 6")),
        (9, 9, {"epochs": 1.5}, LONGER.format("--epochs 3")),
        (9, 9, {"newest": "2000"}, LONGER.format("--newest 2000 --epochs 6")),
        (9, 9, {"newest": "all", "steps": 9}, LONGER.format("--steps 18")),
        (9, 9, {"minutes": 20}, LONGER.format("--minutes 40")),
        (9, 9, {"minutes": 0.5, "newest": "100"}, LONGER.format("--minutes 1")),
        (5, 9, {}, KEPT),
        (7, 9, {}, ""),
        (0, 9, {}, ""),  # with --force
    ],
)
def test_a_hint_says_how_much_longer_or_what_was_kept(best, last, given, hint):
    settings = TrainSettings(persona="Ada", **given).as_dict()
    manifest = {"best_step": best, "last_step": last, "settings": settings, "parameters": 10**6}
    assert hint_of(manifest) == hint
    del manifest["last_step"]  # a mimic of an older version
    assert hint_of(manifest) == ""


def test_the_command_ends_with_the_hint(home, tiny_base):
    made = fill(home)
    line = arguments(made, tiny_base, learning_rate=3e-3)
    status, out, err = typed(*line)
    assert status == 0, err
    assert LONGER.format("--steps 12") in " ".join(out.split())
    assert json.loads(typed(*line, "--json")[1])["hint"] == LONGER.format("--steps 12")


# -- figures that say little -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("later", "share"),
    [
        (["Bob: x", "Ada: the cat sat down"], 1.0),
        (["Ada: The  CAT sat\tdown"], 1.0),  # case and spaces make no difference
        (["Ada: the cat sat"], 0.0),  # too short to say anything
        (["Ada: the cat sat down", "Ada: a dog ran far away"], 0.5),
        (["Bob: the cat sat down"], 0.0),  # somebody else's
        (["Ada: i said the cat sat down"], 0.0),  # not verbatim
        ([], 0.0),
    ],
)
def test_held_out_messages_that_were_learnt(later, share):
    learnt = [talk("Ada: the cat sat down", "Ada: ok", "Bob: a dog ran far away")]
    held_out = [talk(*later)] if later else []
    assert repeated_share(learnt, held_out, "Ada") == share


def test_of_everybody_anybodys_count():
    said = [talk("Bob: the cat sat down", "Ada: hm")]
    assert repeated_share(said, said, None) == 1.0
    assert repeated_share(said, said, "Ada") == 0.0


def test_a_repetitive_held_out_part_is_written_down_and_said(home, tiny_base, capsys):
    from chatmimic.records import Message

    said = [
        Message(name, f"{name} says the same words {n % 3}", 1_600_000_000_000 + n * 60_000)
        for n in range(200)
        for name in ("Ada", "Bob")
    ]
    outcome = train(fill(home, said), tiny_base)
    assert outcome.material["held_out_repeated"] == 1.0
    show_result(Console(width=200), outcome, [])
    assert "100% of the held-out messages of four words or more" in capsys.readouterr().out


# -- a sample, or all ------------------------------------------------------------------------------


def test_figures_say_what_they_were_measured_on(home, tiny_base, capsys):
    made = fill(home)
    outcome = train(made, tiny_base)
    assert 0 < outcome.figures.windows == outcome.figures.of_windows
    assert not outcome.figures.is_sample
    show_result(Console(width=200), outcome, [])
    assert "the base's, measured on all held-out windows." in capsys.readouterr().out
    whole = Metrics(1.0, 1.0, 9, windows=48, of_windows=130)
    assert whole.is_sample
    show_result(Console(width=200), replace(outcome, figures=whole), [])
    assert "measured on a sample of 48 of 130 held-out windows." in capsys.readouterr().out
    assert Metrics.from_dict(whole.as_dict()) == whole
    older = {k: v for k, v in whole.as_dict().items() if "windows" not in k}
    assert not Metrics.from_dict(older).is_sample


def test_the_first_evaluation_and_the_table_say_the_same_where_both_read_all(home, tiny_base):
    made = fill(home)
    outcome = train(made, tiny_base)
    assert log(made)[0]["held_out_loss"] == pytest.approx(outcome.base.loss, rel=1e-5)
    manifest = json.loads((outcome.mimic.path / "mimic.json").read_text("utf-8"))
    assert manifest["held_out"]["base"]["windows"] == outcome.base.windows


@pytest.mark.parametrize(
    ("perplexity", "shown"),
    [(69.04, "69.0"), (1234.5, "1,234.5"), (3.1e8, "3.1e+08"), (1e304, "1.0e+304"),
     (float("nan"), "–"), (float("inf"), "–")],
)  # fmt: skip
def test_a_perplexity_beyond_measure_is_short(perplexity, shown):
    from chatmimic.text import perplexity_in_words

    assert perplexity_in_words(perplexity) == shown

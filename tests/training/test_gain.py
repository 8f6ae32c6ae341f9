"""What a training came to: a second attempt, no mimic that gained nothing, doubtful figures."""

import json

import pytest
from tests_support import talk
from training_support import digest, fill, log, resume, stop_after, train

from chatmimic.errors import NothingGained
from chatmimic.mimic import Mimic
from chatmimic.training import loop
from chatmimic.training.figures import Figures
from chatmimic.training.gain import check_gain, repeated_share
from chatmimic.training.plan import Plan
from chatmimic.training.run import Stopped
from chatmimic.training.state import State

LOST = {"learning_rate": 30.0, "warmup": 0.0, "evaluate_every": 1, "steps": 8}
TOLD = "begun again at 0.001"


@pytest.fixture
def found(monkeypatch):
    """A rate for the second attempt at which a tiny model learns."""
    monkeypatch.setattr(loop, "SLOWER", 1e-3 / 30)


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
    assert note.startswith("by step 4 no evaluation was better than the untrained base")
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


@pytest.mark.parametrize("steps", [2, 4, 5, 9])
def test_stopped_in_either_attempt_it_goes_on_to_the_same_end(
    home, tmp_path, tiny_base, found, steps
):
    train(fill(tmp_path / "whole"), tiny_base, **LOST)
    made = fill(home)
    seen = []

    class Watcher(type(stop_after(0))):
        pass

    watcher = Watcher(progress=lambda p: seen.append(p.step), stop=lambda: len(seen) > steps)
    assert isinstance(train(made, tiny_base, watcher=watcher, **LOST), Stopped)
    resume(made)
    assert digest(made) == digest(type(made)(tmp_path / "whole"))
    assert log(made) == log(type(made)(tmp_path / "whole"))


# -- nothing gained --------------------------------------------------------------------------------


def test_what_gained_nothing_makes_no_mimic(home, tiny_base):
    made = fill(home)
    with pytest.raises(NothingGained) as told:
        train(made, tiny_base, **LOST)
    assert "at a learning rate of 30 and of 10" in told.value.what
    assert "--force" in told.value.way_on
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

    return Figures(math.log(perplexity), 1.0, 100)


PLAN = Plan(9, 1, 1, 3e-4, 0, 1, False, 48, 512)


@pytest.mark.parametrize(
    ("after", "attempt", "words"),
    [
        (80.0, 1, "80.0 before and 80.0 after, at a learning rate of 0.0003."),
        (81.0, 2, "80.0 before and 81.0 after, at a learning rate of 0.0003 and of 0.0001."),
    ],
)
def test_it_says_what_was_tried(after, attempt, words):
    state = State(attempt=attempt, slowdown=1 / 3 if attempt == 2 else 1.0)
    with pytest.raises(NothingGained) as told:
        check_gain(figures(80), figures(after), PLAN, state)
    assert words in told.value.what


def test_a_little_is_a_gain():
    check_gain(figures(80), figures(79.9), PLAN, State())


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
    from rich.console import Console

    from chatmimic.cli.training_display import show_result
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


def test_figures_say_what_they_were_measured_on(home, tiny_base):
    made = fill(home)
    outcome = train(made, tiny_base)
    assert 0 < outcome.figures.windows == outcome.figures.of_windows
    assert not outcome.figures.is_sample
    whole = Figures(1.0, 1.0, 9, windows=48, of_windows=130)
    assert whole.is_sample
    assert Figures.from_dict(whole.as_dict()) == whole
    older = {k: v for k, v in whole.as_dict().items() if "windows" not in k}
    assert not Figures.from_dict(older).is_sample


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

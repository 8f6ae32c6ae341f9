"""Patience: a run ends when looks are no better; what a state takes in; and little data."""

import math

import pytest
from training_support import fill, log, train

from chatmimic.archive import Archive
from chatmimic.errors import TooLittleData
from chatmimic.training.data.split import gather
from chatmimic.training.state import State

LOST = {"learning_rate": 30.0, "warmup": 0.0, "evaluate_every": 1}  # no look is like the first


# -- the state -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("losses", "best", "stale"),
    [
        ([3.0], (3.0, 0), 0),
        ([3.0, 2.0], (2.0, 1), 0),
        ([3.0, 3.0], (3.0, 0), 1),  # as good is no better
        ([3.0, 4.0, 5.0], (3.0, 0), 2),
        ([3.0, 4.0, 2.0, 2.5], (2.0, 2), 1),
    ],
)
def test_a_look_is_the_best_or_it_is_stale(losses, best, stale):
    state = State()
    for step, loss in enumerate(losses):
        state.step = step
        assert state.record(loss) is (loss < min(losses[:step], default=math.inf))
    assert (state.best_loss, state.best_step) == best
    assert state.stale == stale


def test_the_loss_is_smoothed_over_some_ten_steps():
    state = State()
    state.smooth(4.0)
    assert state.smoothed == 4.0
    state.smooth(3.0)
    assert state.smoothed == pytest.approx(3.9)
    for _ in range(100):
        state.smooth(1.0)
    assert state.smoothed == pytest.approx(1.0, abs=1e-3)


def test_steps_on_a_corpus_are_not_the_persona_s():
    assert State(step=9, corpus_steps=4).own_steps == 5


@pytest.mark.parametrize(("after", "helped"), [(2.4, True), (2.5, False), (3.0, False)])
def test_a_spell_helped_if_a_later_look_was_better(after, helped):
    state = State(step=7, best_loss=2.5, stale=2)
    words = "step 7: the held-out loss stalls at 2.500; 4 steps on the corpus"
    assert state.begin_phase(4) == words
    assert (state.phase_left, state.stale) == (4, 0)
    state.record(after)
    state.judge_phase()
    best = min(after, 2.5)
    (phase,) = state.phases
    assert phase == {"step": 7, "steps": 4, "before": 2.5, "after": best, "helped": helped}
    state.best_loss = 1.0
    state.judge_phase()  # what a later spell came to does not count for this one
    assert phase["after"] == best
    assert ("did not help" in state.verdicts()[0]) is not helped
    assert f"2.500 before, {best:.3f} at best after" in state.verdicts()[0]


def test_where_there_was_no_spell_there_is_no_verdict():
    state = State()
    state.judge_phase()
    assert state.verdicts() == state.phases == []


# -- runs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("patience", "last"), [(1, 1), (3, 3), (8, 8), (9, 8), (None, 8)])
def test_a_run_ends_after_so_many_looks_that_were_no_better(home, tiny_base, patience, last):
    made = fill(home)
    outcome = train(made, tiny_base, steps=8, patience=patience, force=True, **LOST)
    steps = [line["step"] for line in log(made) if line.get("attempt") == 2]
    assert steps == list(range(1, last + 1))
    assert outcome.mimic.manifest["best_step"] == 0
    assert outcome.mimic.manifest["plan"]["steps"] == 8
    told = f"early stopping after step {last}: no improvement since step 0"
    first, *between, forced = outcome.notes
    assert first.startswith("no improvement over the untrained base by step")
    assert between == ([told] if last < 8 else [])
    assert forced.endswith("(--force)")
    assert outcome.figures.loss >= outcome.base.loss


@pytest.mark.parametrize(("patience", "last"), [(1, 1), (3, 3), (8, 4), (None, 4)])
def test_the_first_attempt_ends_with_its_patience_or_half_of_its_steps(
    home, tiny_base, patience, last
):
    made = fill(home)
    train(made, tiny_base, steps=8, patience=patience, force=True, **LOST)
    assert [line["step"] for line in log(made) if "attempt" not in line] == list(range(last + 1))


def test_a_run_that_gets_better_is_not_cut_short(home, tiny_base):
    made = fill(home)
    outcome = train(made, tiny_base, steps=8, patience=1, evaluate_every=1)
    assert log(made)[-1]["step"] == outcome.mimic.manifest["best_step"] == 8
    assert outcome.notes == ()


# -- little data -----------------------------------------------------------------------------------


def few(home, count):
    """A home where Ada has said so much."""
    from tests_support import talk

    talks = [talk(f"Bob: hello {n}", "Ada: fine thanks", start=n * 10**9) for n in range(count)]
    return fill(home, [m for conversation in talks for m in conversation.messages])


def test_few_messages_are_refused_with_the_number_that_is_needed(home, tiny_base):
    made = few(home, 20)
    with pytest.raises(TooLittleData) as told:
        train(made, tiny_base)
    assert told.value.what == ("Ada has 20 messages in the archive; training needs at least 50.")
    assert told.value.hint.endswith("; --force trains on fewer.")
    assert not made.runs.exists()


def test_force_learns_from_them(home, tiny_base):
    made = few(home, 20)
    outcome = train(made, tiny_base, force=True, learning_rate=3e-3)
    assert outcome.material["messages"] + outcome.material["held_out_messages"] == 20
    assert outcome.figures.loss < outcome.base.loss


@pytest.mark.parametrize(("count", "held_out"), [(50, 5), (20, 2), (2, 1)])
def test_a_tenth_is_held_out_of_little_too(home, count, held_out):
    with Archive.open(few(home, count).archive) as archive:
        material = gather(archive, "Ada", None, 0.1, force=True)
    assert material.messages == (count - held_out, held_out)


def test_one_message_cannot_be_learnt_and_tested_on(home, tiny_base):
    with pytest.raises(TooLittleData, match="are too few for a training part and a held-out"):
        train(few(home, 1), tiny_base, force=True)

"""What each step reads: the persona's windows, a corpus', or both, and when it turns from one."""

from dataclasses import replace

import numpy as np
import pytest
from pretraining_support import fill_corpora, gossip
from training_support import fill, log, resume, stop_after, train

from chatmimic.corpora import open_corpora, read_corpus
from chatmimic.errors import TrainingError
from chatmimic.training.base_run import Callbacks
from chatmimic.training.data import corpus_dataset
from chatmimic.training.data.corpus_dataset import write_along
from chatmimic.training.data.sampler import STALE, BatchSampler, Part, micro_batches
from chatmimic.training.distributed.process_group import ProcessGroup
from chatmimic.training.plan import Plan
from chatmimic.training.state import State
from chatmimic.transcript import Cast, make_form
from chatmimic.transcript.tokens import SLOTS
from chatmimic.windows import Windows

OWN, TALK = 20, 12  # windows of the persona, and of the corpus
FIRST = {"corpus_way": "first", "corpus_steps": 3}
PLATEAU = {"corpus_way": "plateau", "corpus_steps": 3, "corpus_phases": 2}


def windows(count):
    return Windows(*(np.zeros((count, 8), np.int64) for _ in range(3)), np.zeros(count))


def sampler(seed=0, exchanges=0, **given):
    numbers = {"steps": 40, "batch": 2, "accumulate": 2, "learning_rate": 0.5, "warmup": 2}
    rest = {"evaluate_every": 5, "gradient_checkpointing": False}
    rest |= {"eval_windows": 8, "final_eval_windows": 8}
    plan = Plan(**{**numbers, **rest, **given})
    return BatchSampler(plan, seed, windows(OWN), windows(TALK), exchanges)


def read(made, state):
    """(rows of the persona's windows, rows of the corpus') in the step after a state."""
    found = {id(part.windows): part.rows.tolist() for part in made.of(state)}
    return found.get(id(made.train), []), found.get(id(made.corpus), [])


def course(made, steps):
    """What each of so many steps reads, where no look begins a spell."""
    state, seen = State(), []
    for _ in range(steps):
        seen.append(read(made, state))
        state.corpus_steps += made.on_corpus(state)
        state.step += 1
    return seen


# -- rows ------------------------------------------------------------------------------------------


def test_without_a_corpus_a_pass_takes_every_window_once():
    seen = course(sampler(), 2 * OWN // 4)
    assert all(len(own) == 4 and not corpus for own, corpus in seen)
    passes = np.asarray([own for own, _ in seen]).reshape(2, OWN)
    assert (np.sort(passes, 1) == np.arange(OWN)).all()
    assert passes[0].tolist() != passes[1].tolist()


@pytest.mark.parametrize("given", [{}, FIRST, {"corpus_way": "mix", "corpus_share": 0.4}, PLATEAU])
def test_a_step_reads_the_same_whenever_it_is_asked(given):
    seen = course(sampler(**given), 30)
    again = sampler(**given)
    for step in (29, 3, 17, 0):
        first = min(step, 3) if given == FIRST else 0
        assert read(again, State(step=step, corpus_steps=first)) == seen[step]
    assert course(sampler(seed=1, **given), 30) != seen


@pytest.mark.parametrize("given", [FIRST, {"corpus_way": "mix", "corpus_share": 0.4}])
def test_a_corpus_does_not_change_the_order_of_the_persona_s_windows(given):
    plain = [own for own, _ in course(sampler(), 20)]
    beside = [own for own, _ in course(sampler(**given), 23) if own][:20]
    assert beside == plain


def test_at_first_there_are_steps_on_the_corpus_alone():
    seen = course(sampler(**FIRST), 6)
    assert [(len(own), len(corpus)) for own, corpus in seen] == [(0, 4)] * 3 + [(4, 0)] * 3
    assert sorted(row for _, corpus in seen for row in corpus) == list(range(TALK))


def test_spells_go_on_in_the_corpus_where_the_last_one_ended():
    made = sampler(**PLATEAU)
    rows = []
    for number in range(3):
        state = State(step=10 + 5 * number, corpus_steps=number, phase_left=1)
        own, corpus = read(made, state)
        assert not own
        rows += corpus
    assert sorted(rows) == list(range(TALK))
    assert read(made, State(step=13, corpus_steps=3)) == read(sampler(), State(step=10))


# -- a share ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last"), [(0.3, 0.3), (0.5, 0.5), (0.9, 0.9), (0.3, 0.0), (0.6, 0.2), (0.0, 0.5)]
)
def test_the_share_of_a_corpus_is_what_was_asked_for(first, last):
    steps = 200
    given = {"corpus_share": first, "corpus_share_end": last, "steps": steps}
    seen = course(sampler(corpus_way="mix", **given), steps)
    own, corpus = ([len(row[side]) for row in seen] for side in (0, 1))
    assert set(own) == {4}
    for begin in range(0, steps, 50):
        middle = first + (last - first) * (begin + 25) / steps
        here = sum(corpus[begin : begin + 50])
        assert here / (here + 4 * 50) == pytest.approx(middle, abs=0.012)
    if first == last:
        assert sum(corpus) / (sum(corpus) + sum(own)) == pytest.approx(first, abs=0.002)
        assert max(corpus) - min(corpus) <= 1  # spread evenly


def test_a_share_of_nought_is_no_corpus():
    seen = course(sampler(corpus_way="mix", corpus_share=0.0), 40)
    assert seen == course(sampler(), 40)


def test_a_mixed_pass_takes_every_window_of_the_corpus_once():
    seen = course(sampler(corpus_way="mix", corpus_share=0.5, corpus_share_end=0.5), 3)
    assert sorted(row for _, corpus in seen for row in corpus) == list(range(TALK))


# -- turning ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "state", "due"),
    [
        (PLATEAU, {"step": 9, "stale": STALE}, True),
        (PLATEAU, {"step": 9, "stale": STALE + 1}, True),
        (PLATEAU, {"step": 9, "stale": STALE - 1}, False),
        (PLATEAU, {"step": 9, "stale": STALE, "phases": [{}]}, True),
        (PLATEAU, {"step": 9, "stale": STALE, "phases": [{}, {}]}, False),
        (PLATEAU, {"step": 40, "stale": STALE}, False),  # nothing would follow
        (PLATEAU, {"step": 40, "corpus_steps": 3, "stale": STALE}, True),
        (FIRST, {"step": 9, "stale": STALE}, False),
        ({"corpus_way": "mix"}, {"step": 9, "stale": STALE}, False),
        ({}, {"step": 9, "stale": STALE}, False),
    ],
)
def test_a_spell_begins_where_the_held_out_loss_stalls(given, state, due):
    assert sampler(**given).phase_is_due(State(**state)) is due


@pytest.mark.parametrize(
    ("given", "state", "count"),
    [
        ({}, {}, 4),
        ({"exchanges": 0}, {}, 0),
        (FIRST, {}, 0),
        (FIRST, {"step": 3, "corpus_steps": 3}, 4),
        (PLATEAU, {"step": 9, "phase_left": 1}, 0),
        ({"corpus_way": "mix", "corpus_share": 0.5}, {}, 4),
    ],
)
def test_exchanges_are_read_with_the_persona_s_windows(given, state, count):
    assert len(sampler(**{"exchanges": 50, **given}).exchanges_of(State(**state))) == count


def test_exchanges_do_not_depend_on_what_was_read_of_a_corpus():
    plain, after = sampler(exchanges=50), sampler(exchanges=50, **PLATEAU)
    for own in range(12):
        there = State(step=own + 6, corpus_steps=6)
        assert after.exchanges_of(there).tolist() == plain.exchanges_of(State(step=own)).tolist()


# -- batches ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("requested", [0, 3, 7])
@pytest.mark.parametrize("at_once", [1, 2, 3, 16])
@pytest.mark.parametrize("world", [1, 2, 3])
def test_every_window_and_every_exchange_is_learnt_from_once(world, at_once, requested):
    parts = [Part(windows(OWN), np.arange(7)), Part(windows(TALK), np.arange(5))]
    drawn = np.arange(requested * 2).reshape(requested, 2)
    shares = [
        micro_batches(parts, drawn, at_once, ProcessGroup(rank, world)) for rank in range(world)
    ]
    assert len({len(share) for share in shares}) == 1  # they exchange gradients after each
    made = [batch for share in shares for batch in share]
    for part in parts:
        counted = [b.rows for b in made if b.windows is part.windows and b.counts]
        assert sorted(np.concatenate(counted).tolist()) == part.rows.tolist()
    assert max(len(b.rows) for b in made) <= at_once
    found = [b.exchanges for b in made if b.exchanges is not None]
    assert sorted(np.concatenate([drawn[:0], *found]).tolist()) == drawn.tolist()


# -- the corpus as windows -------------------------------------------------------------------------


@pytest.fixture
def corpora(home):
    made = fill_corpora(home, tea=gossip(12))
    return made, open_corpora(made, ("tea",))


def speakers(form, made):
    """Everybody whom the windows name or give a slot."""
    ids = np.asarray(made.ids)
    return {m.sender for row in ids for m in form.decode(row.tolist())}


@pytest.mark.parametrize("name", ["tokens", "named"])
def test_nobody_of_a_corpus_is_given_the_persona_s_place(name, corpora, tiny_tokenizer, tmp_path):
    told = [t for t in read_corpus(corpora[1][0], 0, 0.0, SLOTS - 1)]
    invented = told[0].conversation.senders[0]
    for number, persona in enumerate(("Ada", invented, "slot 3")):
        form = make_form(name, tiny_tokenizer, Cast((persona, "Bob")))
        given = {"window": 64, "packed": True, "seed": 0, "callbacks": Callbacks()}
        made = write_along(tmp_path / str(number), corpora[1], form, persona, **given)
        assert len(made) > 5
        header = form.header(persona)
        if name == "tokens":
            assert header[0] not in np.asarray(made.ids)
        else:
            assert persona not in speakers(form, made)
    assert invented not in ("Ada", "slot 3")


@pytest.mark.parametrize("weight", [1, 3])
def test_of_each_corpus_as_much_is_read_as_its_weight_says(
    home, tiny_tokenizer, tmp_path, monkeypatch, weight
):
    monkeypatch.setattr(corpus_dataset, "ALONG_WINDOWS", 128)
    form = make_form("tokens", tiny_tokenizer, Cast(("Ada",)))
    loud = [replace(m, text="TEA " * 6) for m in gossip(40)]
    made = open_corpora(fill_corpora(home, loud=loud, tea=gossip(40)), (f"loud={weight}", "tea"))
    given = {"window": 64, "packed": True, "seed": 0, "callbacks": Callbacks()}
    found = np.asarray(write_along(tmp_path / "along", made, form, "Ada", **given).ids)
    shouted = np.isin(found, form.tokens_of("TEA")).any(1).mean()  # windows with a word of it
    assert 128 <= len(found) < 180  # each corpus ends with a whole excerpt
    assert shouted == pytest.approx(weight / (weight + 1), abs=0.1)


# -- runs ------------------------------------------------------------------------------------------

PHASES = {"learning_rate": 1.0, "warmup": 0.0, "schedule": "constant", "evaluate_every": 1}


@pytest.fixture
def talking(home):
    """An archive, and beside it the corpus `tea`."""
    return fill_corpora(fill(home).path, tea=gossip(8))


def test_spells_begin_after_stale_looks_end_and_are_judged(talking, tiny_base, one_attempt):
    given = {"corpus": ("tea",), "corpus_steps": 3, "corpus_phases": 2, "steps": 8, **PHASES}
    outcome = train(talking, tiny_base, force=True, **given)
    # Nothing is ever better than the base: steps 1 and 2 are stale, 3 to 5 a spell, and again.
    steps = [(line["step"], line.get("corpus_steps", 0)) for line in log(talking)]
    phases = [*((n, 0) for n in range(3)), *((n, 3) for n in (5, 6, 7)), (10, 6)]
    assert steps == [*phases, *((n, 6) for n in range(11, 15))]
    first, second = outcome.mimic.manifest["phases"]
    base = log(talking)[0]["held_out_loss"]
    kept = {"steps": 3, "before": base, "after": base, "helped": False}
    assert first == {"step": 2, **kept}
    assert second == {"step": 7, **kept}
    assert outcome.notes[-1].startswith(
        "a phase of 3 steps on the corpus after step 7 did not help"
    )
    assert len([note for note in outcome.notes if "stalls at" in note]) == 2


def test_a_spell_that_helped_is_called_so(talking, tiny_base):
    # A high rate stalls after some steps, and a steady one goes on to fall later.
    given = {**PHASES, "learning_rate": 0.03, "corpus_steps": 1, "corpus_phases": 1, "steps": 16}
    outcome = train(talking, tiny_base, corpus=("tea",), **given)
    (phase,) = outcome.mimic.manifest["phases"]
    assert phase["after"] < phase["before"]
    assert phase["helped"] is True
    assert any("on the corpus after step" in note and " helped" in note for note in outcome.notes)


def test_at_first_the_corpus_then_all_steps_of_the_persona_s(talking, tiny_base):
    given = {"corpus": ("tea",), "corpus_way": "first", "corpus_steps": 4, "steps": 5}
    train(talking, tiny_base, evaluate_every=2, **given)
    steps = [(line["step"], line.get("corpus_steps", 0)) for line in log(talking)]
    assert steps == [(0, 0), (2, 2), (4, 4), (6, 4), (8, 4), (9, 4)]


def test_looks_on_the_corpus_try_nobody_s_patience(talking, tiny_base, one_attempt):
    given = {"corpus": ("tea",), "corpus_way": "first", "corpus_steps": 4, "steps": 6, **PHASES}
    outcome = train(talking, tiny_base, patience=2, schedule="plateau", force=True, **{
        key: value for key, value in given.items() if key != "schedule"
    })  # fmt: skip
    lines = log(talking)
    assert [line["step"] for line in lines] == list(range(7))  # 4 of the corpus', 2 of Ada's
    assert {line["rate"] for line in lines} == {1.0}
    told, forced = outcome.notes
    assert told == "early stopping after step 6: no improvement since step 0"
    assert forced.endswith("(--force)")


def test_what_is_mixed_in_changes_what_is_learnt(talking, tiny_base):
    given = {"steps": 2, "evaluate_every": 1}
    losses = []
    for way in ({}, {"corpus": ("tea",), "corpus_way": "mix", "corpus_share": 0.5}):
        train(talking, tiny_base, replace=True, **given, **way)
        losses.append([line["held_out_loss"] for line in log(talking)])
    assert losses[0][0] == losses[1][0]
    assert losses[0][2] < losses[1][2]


def test_a_corpus_that_is_not_there_drops_no_unfinished_training(talking, tiny_base):
    train(talking, tiny_base, callbacks=stop_after(1))
    with pytest.raises(TrainingError, match='no corpus called "coffee"'):
        train(talking, tiny_base, corpus=("coffee",))
    assert hasattr(resume(talking), "mimic")

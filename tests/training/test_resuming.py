"""A run that was stopped ends as one that was not, whatever it was asked for."""

import sys

import pytest
from pretraining_support import fill_corpora, gossip
from training_support import chatter, digest, fill, log, resume, stop_after, train

from chatmimic.errors import TrainingError
from chatmimic.training.checkpointing.resumable import unfinished

STALLING = {"learning_rate": 0.3, "warmup": 0.0, "evaluate_every": 1}
TEA = {"corpus": ("tea",), "corpus_steps": 3}
# name → (what is asked for, the step after which it is stopped)
VARIANTS = {
    "first": ({**TEA, "corpus_way": "first"}, 2),
    "mix": ({"corpus": ("tea",), "corpus_way": "mix", "corpus_share": 0.5}, 3),
    "in a spell": ({**TEA, **STALLING, "steps": 4}, 4),
    "lora": ({"train": "lora"}, 3),
    "last-1": ({"train": "last-1"}, 3),
    "transformer": ({"train": "transformer"}, 3),
    "step in backward": ({"step_in_backward": True}, 3),
    "muon": ({"optimizer": "muon"}, 3),
    "eight bits": ({"optimizer": "adamw8bit"}, 3),
    "candidates": ({"candidates": 3}, 3),
    "noise": ({"noise": 0.3, "dropout": 0.1}, 3),
    "weights": ({"others": 0.2}, 3),
    "patience": ({**STALLING, "patience": 3}, 2),
    "plateau": ({**STALLING, "schedule": "plateau"}, 3),
    "reverse": ({"reverse": True}, 3),
    "everybody": ({"persona": ""}, 3),
}
EXTRAS = {"lora": "peft", "eight bits": "bitsandbytes"}


@pytest.fixture
def talking(home):
    """An archive, and beside it the corpus `tea`."""
    return fill_corpora(fill(home, chatter(120)).path, tea=gossip(4))


@pytest.mark.parametrize("name", VARIANTS)
def test_a_stop_changes_nothing(talking, tiny_base, name):
    pytest.importorskip(EXTRAS.get(name, "torch"))
    requested, step = VARIANTS[name]
    whole = train(talking, tiny_base, **requested)
    wanted = digest(talking), log(talking)
    stopped = train(talking, tiny_base, replace=True, callbacks=stop_after(step), **requested)
    assert (stopped.step, stopped.name) == (step, "ada")
    finished = resume(talking)
    assert (digest(talking), log(talking)) == wanted
    assert finished.figures == whole.figures
    assert finished.base == whole.base
    for fact in ("plan", "phases", "best_step"):
        assert finished.mimic.manifest[fact] == whole.mimic.manifest[fact]


@pytest.mark.parametrize("name", ["first", "in a spell"])
def test_a_stop_after_every_step_changes_nothing(talking, tiny_base, name):
    requested = {**VARIANTS[name][0], "steps": 4, "corpus_steps": 2}
    train(talking, tiny_base, **requested)
    wanted = digest(talking), log(talking)
    outcome = train(talking, tiny_base, replace=True, callbacks=stop_after(0), **requested)
    taken = [outcome.step]
    while not hasattr(outcome, "mimic"):
        outcome = resume(talking, callbacks=stop_after(0))
        taken.append(getattr(outcome, "step", 0))
    assert taken[:-1] == list(range(1, len(taken)))
    assert (digest(talking), log(talking)) == wanted


@pytest.mark.parametrize(
    ("requested", "missing", "told"),
    [
        ({"train": "lora"}, "peft", "--train lora needs the package peft"),
        ({"optimizer": "adamw8bit"}, "bitsandbytes", "adamw8bit needs the package bitsandbytes"),
        ({"optimizer": "paged-adamw8bit"}, "", "paged-adamw8bit needs an NVIDIA GPU"),
    ],
)
def test_what_cannot_begin_drops_nothing(talking, tiny_base, monkeypatch, requested, missing, told):
    train(talking, tiny_base, callbacks=stop_after(2))
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(TrainingError, match=told):
        train(talking, tiny_base, replace=True, **requested)
    assert unfinished(talking) == ["ada"]
    assert resume(talking).mimic.name == "ada"


def test_blocks_that_are_not_there_leave_nothing_to_go_on_with(talking, tiny_base):
    with pytest.raises(TrainingError, match="--train is last-9, and the base has 2 blocks"):
        train(talking, tiny_base, train="last-9")
    assert unfinished(talking) == []

"""Several processes learn what one does: they share the windows of a step, or the model too."""

import json
import os
import subprocess
import sys
from functools import partial

import pytest
import torch
from pretraining_support import gossip
from safetensors.torch import load_file
from several_support import Case, die, parts, together, trainings
from training_support import arguments, digest, fill, log, resume, stop_after, train

from chatmimic.archive import Archive
from chatmimic.errors import TrainingError
from chatmimic.training import TrainSettings
from chatmimic.training.distributed.checks import check_several
from chatmimic.training.distributed.process_group import ProcessGroup

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a fork server, and gloo")

PLAIN = {"precision": "fp32", "steps": 4, "evaluate_every": 4, "learning_rate": 3e-3}
PLAIN |= {"batch": 4, "accumulate": 1}
CORPUS = {"corpus": ("ubuntu",), "corpus_steps": 1}
DROPOUT = {**PLAIN, "dropout": 0.2}

# Each is what one process does, but for rounding.
ALIKE = {
    "summed": {"batch": 2, "accumulate": 3, "gradient_checkpointing": True, "others": 0.2},
    # Batches without exchanges: the head of the choice has no part in them.
    "mixed": {"candidates": 2, "batch": 1, "accumulate": 4, "corpus_way": "mix", **CORPUS},
    # So fast that what was learnt is lost again at once.
    "phases": {"learning_rate": 0.15, "warmup": 0.0, "evaluate_every": 1, **CORPUS},
    "matrices": {"optimizer": "muon", "train": "last-1"},
}
SPREAD = {
    "spread": {"batch": 2, "accumulate": 2, "train": "last-1", "gradient_checkpointing": True}
}
ASKED = {name: {**PLAIN, **given} for name, given in (ALIKE | SPREAD).items()}
FEW = {**PLAIN, "batch": 1}


@pytest.fixture(scope="module")
def made(tmp_path_factory, tiny_base):
    """A home where two processes have trained together."""
    home = fill(tmp_path_factory.mktemp("several") / "home")
    with Archive.open(home.corpus("ubuntu")) as archive:
        archive.add(gossip(10))
    cases = [
        *(Case(name, ASKED[name], spread=name in SPREAD) for name in ASKED),
        Case("whole", DROPOUT),
        Case("stopped", DROPOUT, stop=1),
        Case("stopped", resume=True),
        Case("stopped-parts", ASKED["spread"], spread=True, stop=1),
        Case("stopped-parts", spread=True, resume=True),
        Case("fewer", ASKED["spread"], spread=True, stop=3),
    ]
    together(2, trainings, home.path, tiny_base, cases)
    return home


def weights(home, name):
    return load_file(home.mimics / name / "model.safetensors")


def assert_alike(home, name, other):
    """Two trainings learnt the same: at each look, and in the end."""
    for ours, theirs in zip(log(home, name), log(home, other), strict=True):
        assert ours["step"] or ours.pop("loss") == theirs.pop("loss") is None
        assert ours == pytest.approx(theirs, rel=1e-5)
    ours, theirs = weights(home, name), weights(home, other)
    assert ours.keys() == theirs.keys()
    for key, tensor in ours.items():
        torch.testing.assert_close(tensor, theirs[key], rtol=0, atol=1e-3)


def test_two_learn_what_one_does(made, tiny_base):
    for name, requested in ASKED.items():
        alone = train(made, tiny_base, name="alone", replace=True, **requested)
        assert_alike(made, name, "alone")
        told = json.loads((made.mimics / name / "mimic.json").read_text("utf-8"))
        assert told["held_out"]["mimic"] == pytest.approx(alone.figures.as_dict(), rel=1e-5)
        assert told["best_step"] == alone.mimic.manifest["best_step"] > 0
        assert bool(told["phases"]) == (name == "phases")


def test_a_spread_model_is_in_parts_and_whole_again_on_the_first(tiny_base):
    first, second = together(2, parts, tiny_base)
    assert first["share"] + second["share"] == pytest.approx(1)
    assert first["share"] == pytest.approx(0.5, abs=0.05)
    assert (first["same"], first["empty"], first["tied"]) == (True, False, True)
    assert (second["same"], second["empty"], second["tied"]) == (False, True, True)


@pytest.mark.parametrize(("name", "other"), [("stopped", "whole"), ("stopped-parts", "spread")])
def test_a_stopped_run_ends_as_one_that_was_not(made, name, other):
    assert log(made, name) == log(made, other)
    assert digest(made, name) == digest(made, other)


def test_one_goes_on_with_what_two_began(made):
    resume(made, "fewer")
    assert_alike(made, "fewer", "spread")


def test_three_go_on_with_what_one_began_and_only_the_first_speaks(home, tiny_base):
    made = fill(home)
    train(made, tiny_base, name="one", **FEW)
    assert train(made, tiny_base, name="more", callbacks=stop_after(1), **FEW).step == 1
    line = [*arguments(made, tiny_base, **{**PLAIN, "steps": 2}), "--json"]
    cases = [Case("more", spread=True, resume=True)]  # a window a step; three parts of 32
    (status, out, err), *others = together(3, trainings, made.path, tiny_base, cases, *line)
    assert_alike(made, "more", "one")
    assert others == [(0, "", "")] * 2
    assert (status, err) == (0, "")
    assert json.loads(out)["notes"] == [
        "a step has 12 windows instead of 4, so that 3 processes get equal shares"
    ]


@pytest.mark.parametrize(
    ("requested", "sentence"),
    [
        (
            {"step_in_backward": True},
            "--step-in-backward works only with one process: several sum ",
        ),
        ({"minutes": 1.0}, "--minutes and --form auto work only with one process: they measure"),
        ({"form": "auto"}, "--minutes and --form auto work only with one process: they measure"),
        (
            {"optimizer": "muon", "candidates": 2},
            "--optimizer muon and --candidates cannot be used with a model sharded over processes",
        ),
        ({"sample_every": 1}, "--sample-every cannot be used with a model sharded over processes"),
    ],
)
def test_what_several_cannot_do_is_refused(requested, sentence):
    with pytest.raises(TrainingError) as told:
        check_several(TrainSettings(**requested), ProcessGroup(0, 2, spread=True))
    assert told.value.what.startswith(sentence)
    check_several(TrainSettings(**requested), ProcessGroup())


def test_when_one_is_killed_the_others_say_so_and_the_run_can_go_on(home, tiny_base):
    made = fill(home)
    told = together(2, partial(die, step=3, **PLAIN | {"evaluate_every": 2}), made.path, tiny_base)
    assert told == ["Another of the processes that train together has ended.", None]
    resume(made)
    assert [line["step"] for line in log(made)] == [0, 2, 4]


def test_a_fault_is_told_once_and_ends_all(home, plain_base, tmp_path):
    made = fill(home)
    line = arguments(made, plain_base, persona="Nobody")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    ended = subprocess.run(
        [*launcher, "-m", "chatmimic", *line], capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    errors = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert "Nobody" in errors[0]
    assert not (made.runs / "ada").exists()

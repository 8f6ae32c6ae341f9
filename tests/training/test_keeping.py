"""What a loop leaves on disk: lines that a resumed run cuts back, and only what is learnt."""

import json
from copy import deepcopy

import pytest
import torch

from chatmimic.training.checkpointing.resumable import LOG, SAMPLES
from chatmimic.training.checkpointing.run_writer import RunWriter
from chatmimic.training.distributed.process_group import ProcessGroup
from chatmimic.training.optim.optimizers import make_optimizer
from chatmimic.training.state import State

IDS = torch.arange(48).remainder(300).view(2, 24)


@pytest.fixture
def learning(tiny_base, tmp_path):
    """Makes a keeper of the tiny base, what it keeps in a folder."""
    from transformers import GPT2LMHeadModel

    def make(fixed=(), folder=tmp_path):
        model = GPT2LMHeadModel.from_pretrained(tiny_base)
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(not name.startswith(tuple(fixed)))
        return RunWriter(folder, model, make_optimizer(model, 0.0), ProcessGroup())

    return make


def step(writer, rate=1e-2):
    """Learn a little."""
    writer.optimizer.param_groups[0]["lr"] = writer.optimizer.param_groups[1]["lr"] = rate
    writer.module.eval()(IDS, labels=IDS).loss.backward()
    writer.optimizer.step()
    writer.optimizer.zero_grad()


def weights(writer):
    return {name: p.detach().clone() for name, p in writer.module.named_parameters()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def lines(writer, name=LOG):
    return [json.loads(line) for line in (writer.folder / name).read_text("utf-8").splitlines()]


# -- lines -----------------------------------------------------------------------------------------


def test_lines_are_added_and_emptied_when_a_training_begins(learning):
    writer = learning()
    writer.begin()
    assert lines(writer) == []
    writer.write(LOG, [{"step": 0}])
    writer.write(LOG, [{"step": 1}, {"who": "Zoë"}])
    writer.write(SAMPLES, [{"step": 1}])
    assert lines(writer) == [{"step": 0}, {"step": 1}, {"who": "Zoë"}]
    writer.begin()
    assert lines(writer) == []
    assert not (writer.folder / SAMPLES).exists()


@pytest.mark.parametrize("before", [0, 1])
def test_what_was_written_after_a_checkpoint_is_cut_off(learning, before):
    writer = learning()
    writer.begin()
    writer.write(LOG, [{"step": 0}])
    writer.write(SAMPLES, [{"step": 0}] * before) if before else None
    writer.save(State(step=3))
    writer.write(LOG, [{"step": 5}])
    writer.write(SAMPLES, [{"step": 5}])
    assert writer.restore(writer.folder / "checkpoints" / "step-000003").step == 3
    assert lines(writer) == [{"step": 0}]
    assert lines(writer, SAMPLES) == [{"step": 0}] * before


def test_other_processes_write_nothing(learning):
    writer = learning()
    writer.processes = ProcessGroup(1, 1)  # the second, with nobody to wait for
    writer.begin()
    writer.write(LOG, [{"step": 0}])
    writer.save(State(step=0))
    assert list(writer.folder.iterdir()) == []


# -- checkpoints -----------------------------------------------------------------------------------

SPELL = {"step": 2, "steps": 3, "before": 2.5}


def test_a_checkpoint_brings_back_weights_moments_and_the_state(learning):
    writer = learning()
    writer.begin()
    step(writer)
    state = State(
        step=3, corpus_steps=1, smoothed=2.5, best_loss=2.0, best_step=2, stale=1, slowdown=0.5,
        phase_left=2, phases=[SPELL],
    )  # fmt: skip
    writer.save(deepcopy(state))
    kept = weights(writer)
    step(writer)
    straight = weights(writer)
    other = learning(folder=writer.folder)
    step(other, 1.0)
    assert other.restore(writer.folder / "checkpoints" / "step-000003") == state
    assert same(weights(other), kept)
    step(other)
    assert same(weights(other), straight)


def test_only_what_is_learnt_is_kept(learning):
    writer = learning(fixed=("transformer.wte", "transformer.wpe", "transformer.h.0"))
    writer.begin()
    step(writer)
    names = set(writer.weights())
    assert names
    assert all(n.startswith(("transformer.h.1", "transformer.ln_f")) for n in names)
    writer.save(State(step=1))
    other = learning(
        fixed=("transformer.wte", "transformer.wpe", "transformer.h.0"), folder=writer.folder
    )
    other.restore(writer.folder / "checkpoints" / "step-000001")
    assert same(weights(other), weights(writer))


def test_weights_of_another_model_are_not_taken(learning):
    writer, other = learning(), learning(fixed=("transformer.h.0",))
    for use in (other.weights(), {**writer.weights(), "more": torch.zeros(1)}, {}):
        before = weights(writer)
        with pytest.raises(ValueError, match="another model"):
            writer.use(use)
        assert same(weights(writer), before)


def test_the_best_weights_can_be_gone_back_to(learning):
    writer = learning()
    writer.begin()
    state = State(step=1)
    step(writer)
    assert state.record(2.0)
    writer.save_best(state)
    best = weights(writer)
    step(writer)
    state.step = 2
    assert not state.record(3.0)
    assert not same(weights(writer), best)
    writer.use_best(state)
    assert same(weights(writer), best)
    assert not writer.optimizer.state

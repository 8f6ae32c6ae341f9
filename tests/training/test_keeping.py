"""What a loop leaves on disk: lines that a resumed run cuts back, and only what is learnt."""

import json
from copy import deepcopy

import pytest
import torch

from chatmimic.training.keeping import LOG, SAMPLES, Keeper
from chatmimic.training.optimizers import make_optimizer
from chatmimic.training.ranks import Ranks
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
        return Keeper(folder, model, make_optimizer(model, 0.0), Ranks())

    return make


def step(keeper, rate=1e-2):
    """Learn a little."""
    keeper.optimizer.param_groups[0]["lr"] = keeper.optimizer.param_groups[1]["lr"] = rate
    keeper.module.eval()(IDS, labels=IDS).loss.backward()
    keeper.optimizer.step()
    keeper.optimizer.zero_grad()


def weights(keeper):
    return {name: p.detach().clone() for name, p in keeper.module.named_parameters()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def lines(keeper, name=LOG):
    return [json.loads(line) for line in (keeper.folder / name).read_text("utf-8").splitlines()]


# -- lines -----------------------------------------------------------------------------------------


def test_lines_are_added_and_emptied_when_a_training_begins(learning):
    keeper = learning()
    keeper.begin()
    assert lines(keeper) == []
    keeper.write(LOG, [{"step": 0}])
    keeper.write(LOG, [{"step": 1}, {"who": "Zoë"}])
    keeper.write(SAMPLES, [{"step": 1}])
    assert lines(keeper) == [{"step": 0}, {"step": 1}, {"who": "Zoë"}]
    keeper.begin()
    assert lines(keeper) == []
    assert not (keeper.folder / SAMPLES).exists()


@pytest.mark.parametrize("before", [0, 1])
def test_what_was_written_after_a_checkpoint_is_cut_off(learning, before):
    keeper = learning()
    keeper.begin()
    keeper.write(LOG, [{"step": 0}])
    keeper.write(SAMPLES, [{"step": 0}] * before) if before else None
    keeper.save(State(step=3))
    keeper.write(LOG, [{"step": 5}])
    keeper.write(SAMPLES, [{"step": 5}])
    assert keeper.restore(keeper.folder / "checkpoints" / "step-000003").step == 3
    assert lines(keeper) == [{"step": 0}]
    assert lines(keeper, SAMPLES) == [{"step": 0}] * before


def test_other_processes_write_nothing(learning):
    keeper = learning()
    keeper.ranks = Ranks(1, 1)  # the second, with nobody to wait for
    keeper.begin()
    keeper.write(LOG, [{"step": 0}])
    keeper.save(State(step=0))
    assert list(keeper.folder.iterdir()) == []


# -- checkpoints -----------------------------------------------------------------------------------

SPELL = {"step": 2, "steps": 3, "before": 2.5}


def test_a_checkpoint_brings_back_weights_moments_and_the_state(learning):
    keeper = learning()
    keeper.begin()
    step(keeper)
    state = State(
        step=3, corpus_steps=1, smoothed=2.5, best_loss=2.0, best_step=2, stale=1, slowdown=0.5,
        spell_left=2, spells=[SPELL],
    )  # fmt: skip
    keeper.save(deepcopy(state))
    kept = weights(keeper)
    step(keeper)
    straight = weights(keeper)
    other = learning(folder=keeper.folder)
    step(other, 1.0)
    assert other.restore(keeper.folder / "checkpoints" / "step-000003") == state
    assert same(weights(other), kept)
    step(other)
    assert same(weights(other), straight)


def test_only_what_is_learnt_is_kept(learning):
    keeper = learning(fixed=("transformer.wte", "transformer.wpe", "transformer.h.0"))
    keeper.begin()
    step(keeper)
    names = set(keeper.weights())
    assert names
    assert all(n.startswith(("transformer.h.1", "transformer.ln_f")) for n in names)
    keeper.save(State(step=1))
    other = learning(
        fixed=("transformer.wte", "transformer.wpe", "transformer.h.0"), folder=keeper.folder
    )
    other.restore(keeper.folder / "checkpoints" / "step-000001")
    assert same(weights(other), weights(keeper))


def test_weights_of_another_model_are_not_taken(learning):
    keeper, other = learning(), learning(fixed=("transformer.h.0",))
    for use in (other.weights(), {**keeper.weights(), "more": torch.zeros(1)}, {}):
        before = weights(keeper)
        with pytest.raises(ValueError, match="another model"):
            keeper.use(use)
        assert same(weights(keeper), before)


def test_the_best_weights_can_be_gone_back_to(learning):
    keeper = learning()
    keeper.begin()
    state = State(step=1)
    step(keeper)
    assert state.look(2.0)
    keeper.save_best(state)
    best = weights(keeper)
    step(keeper)
    state.step = 2
    assert not state.look(3.0)
    assert not same(weights(keeper), best)
    keeper.use_best(state)
    assert same(weights(keeper), best)
    assert not keeper.optimizer.state

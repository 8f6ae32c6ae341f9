"""Noise: some of what is read is random, and what is to be foretold never is."""

import pytest
import torch
from torch.nn import functional
from training_support import digest, fill, log, train

from chatmimic.training.objective.loss import LossModule
from chatmimic.transcript import Mark

IDS = torch.arange(4 * 64).remainder(300).view(4, 64)
POSITIONS = torch.arange(64).expand(4, 64)


@pytest.fixture
def model(tiny_base):
    from transformers import AutoModelForCausalLM

    none = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    return AutoModelForCausalLM.from_pretrained(tiny_base, attn_implementation="sdpa", **none)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_share_that_was_asked_for_is_replaced_by_any_token(model, share):
    loss_module = LossModule(model, noise=share)
    torch.manual_seed(0)
    ids = torch.full((100, 100), 7)
    read = loss_module._noised(ids)
    assert (read != ids).float().mean().item() == pytest.approx(share, abs=0.02)
    assert read.min() >= 0
    assert read.max() < model.config.vocab_size
    assert len(read.unique()) > 0.9 * model.config.vocab_size
    assert (ids == 7).all()


def test_what_is_foretold_is_what_was_said(model):
    loss_module = LossModule(model, noise=0.5).train()
    torch.manual_seed(3)
    found = loss_module(IDS, torch.full_like(IDS, Mark.TEXT), POSITIONS)
    torch.manual_seed(3)
    read = loss_module._noised(IDS)
    logits = model(read, position_ids=POSITIONS).logits[:, :-1].flatten(0, 1)
    wanted = functional.cross_entropy(logits, IDS[:, 1:].flatten(), reduction="sum")
    assert found.loss.item() == pytest.approx(wanted.item(), rel=1e-5)
    assert found.scored.item() == pytest.approx(wanted.item(), rel=1e-5)


def test_a_test_is_without_noise(model):
    given = IDS, torch.full_like(IDS, Mark.TEXT), POSITIONS
    clear, noisy = LossModule(model).eval(), LossModule(model, noise=0.5).eval()
    assert noisy(*given).loss.item() == clear(*given).loss.item()
    assert noisy.train()(*given).loss.item() != clear.train()(*given).loss.item()


def test_noise_is_the_same_for_the_same_seed(home, tiny_base):
    made = fill(home)
    digests = []
    for given in ({}, {"noise": 0.3}, {"noise": 0.3}, {"noise": 0.3, "seed": 1}):
        train(made, tiny_base, replace=True, steps=2, **given)
        digests.append(digest(made))
        digests[-1] += str(log(made)[0]["held_out_loss"])  # the base is tested without noise
    assert digests[1] == digests[2]
    assert len(set(digests)) == 3
    assert len({text[64:] for text in digests}) == 1

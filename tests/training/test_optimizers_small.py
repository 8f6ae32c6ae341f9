"""Optimisers that hold little: moments in 8 bits, steps inside the backward pass; their state."""

from __future__ import annotations

import gc
import importlib
import json
import math
import sys
import weakref
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load, save

from chatmimic.errors import TrainingError
from chatmimic.training.objective import loss as loss_module
from chatmimic.training.objective.loss import LossModule
from chatmimic.training.objective.precision import arithmetic
from chatmimic.training.optim.fused_backward import StepInBackward
from chatmimic.training.optim.optimizers import flat_state, make_optimizer, restore_state, set_rate
from chatmimic.training.optional_packages import library
from chatmimic.transcript import Mark

IDS = torch.arange(96).remainder(61).view(4, 24)
DECAY = 0.05


@pytest.fixture
def gpt2(tiny_base) -> Callable[[], Any]:
    """Makes a GPT-2 with tied embeddings and without dropout, the same each time."""
    from transformers import GPT2LMHeadModel

    none = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    return lambda: GPT2LMHeadModel.from_pretrained(tiny_base, **none)


def llama() -> Any:
    """A Llama with an output head of its own, the same each time."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    sizes = {"vocab_size": 96, "hidden_size": 32, "intermediate_size": 48}
    return LlamaForCausalLM(
        LlamaConfig(**sizes, num_hidden_layers=2, num_attention_heads=2, tie_word_embeddings=False)
    )


def learn(model: Any, optimizer: Any, steps: int, precision: str = "fp32") -> list[float]:
    """Steps on the same ids, as the loop takes them. Returns the losses."""
    losses = []
    for _ in range(steps):
        set_rate(optimizer, 3e-3)
        optimizer.zero_grad()
        with arithmetic(torch.device("cpu"), precision):
            loss = surprise(model)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def surprise(model: Any) -> torch.Tensor:
    """Nats a token, through the module that training uses."""
    marks, positions = torch.full_like(IDS, Mark.TEXT), torch.arange(24).expand(4, 24)
    return LossModule(model)(IDS, marks, positions).loss / IDS.numel()


def assert_same(one: Any, two: Any) -> None:
    for (name, a), b in zip(one.named_parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b), name


def weights(model: Any) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def changed(model: Any, before: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}


# -- what they remember ------------------------------------------------------------------------


def prepared(model: Any, name: str) -> Any:
    """One as the loop has it, wrapped by accelerate."""
    return Accelerator(cpu=True).prepare(make_optimizer(model, DECAY, name=name))


def inside(model: Any, name: str) -> Any:
    """One that steps in the backward pass."""
    return StepInBackward(model, DECAY, name=name)


@pytest.mark.parametrize("make", [make_optimizer, prepared, inside])
@pytest.mark.parametrize("name", ["adamw", "muon", "adamw8bit"])
def test_what_is_kept_goes_on_as_if_nothing_had_been(gpt2, make, name):
    def made(model: Any) -> Any:
        if name == "adamw8bit":
            pytest.importorskip("bitsandbytes")
        return make(model, DECAY, name=name) if make is make_optimizer else make(model, name)

    straight, first, second, forgetful = gpt2(), gpt2(), gpt2(), gpt2()
    learn(straight, made(straight), 6)
    optimizer = made(first)
    learn(first, optimizer, 3)
    kept = save(flat_state(optimizer, dict(first.named_parameters())))
    for other in (second, forgetful):
        other.load_state_dict(first.state_dict())
    again = made(second)
    restore_state(again, dict(second.named_parameters()), load(kept))
    learn(second, again, 3)
    assert_same(second, straight)
    learn(forgetful, made(forgetful), 3)
    assert not torch.equal(forgetful.lm_head.weight, straight.lm_head.weight)


def test_an_optimizer_that_took_steps_forgets_them_when_restored(gpt2):
    model, other = gpt2(), gpt2()
    names, strange = dict(model.named_parameters()), dict(other.named_parameters())
    optimizer, astray = make_optimizer(model, DECAY), make_optimizer(other, DECAY)
    learn(model, optimizer, 2)
    learn(other, astray, 5)
    kept = load(save(flat_state(optimizer, names)))
    some = {
        place: value for place, value in kept.items() if not place.startswith("transformer.wpe")
    }
    restore_state(astray, strange, some)
    assert flat_state(astray, strange).keys() == some.keys()
    assert all(torch.equal(value, some[p]) for p, value in flat_state(astray, strange).items())


@pytest.mark.parametrize("make", [make_optimizer, inside])
def test_moments_have_their_room_before_the_first_step_and_nothing_to_keep(gpt2, make):
    model = gpt2()
    optimizer = make(model, "adamw") if make is inside else make(model, DECAY)
    names = dict(model.named_parameters())
    room = {p: optimizer.state[p]["exp_avg"].data_ptr() for p in names.values()}
    assert not flat_state(optimizer, names)
    learn(model, optimizer, 2)
    assert {p: optimizer.state[p]["exp_avg"].data_ptr() for p in names.values()} == room
    assert len(flat_state(optimizer, names)) == 3 * len(names)


def test_what_was_kept_before_the_first_step_is_restored_as_nothing(gpt2):
    model = gpt2()
    names, optimizer = dict(model.named_parameters()), make_optimizer(model, DECAY)
    learn(model, optimizer, 2)
    restore_state(optimizer, names, {})
    assert not flat_state(optimizer, names)
    assert all(not optimizer.state[p]["exp_avg_sq"].any() for p in names.values())


def test_the_state_of_another_model_is_refused(gpt2):
    model = gpt2()
    with pytest.raises(KeyError, match="nobody"):
        restore_state(
            make_optimizer(model, DECAY),
            dict(model.named_parameters()),
            {"nobody|exp_avg": torch.zeros(1)},
        )


# -- eight bits --------------------------------------------------------------------------------


def test_eight_bits_learn_what_thirty_two_do_and_keep_a_third(gpt2):
    pytest.importorskip("bitsandbytes")
    losses, sizes = [], []
    for name in ("adamw", "adamw8bit"):
        model = gpt2()
        optimizer = make_optimizer(model, DECAY, name=name)
        losses.append(learn(model, optimizer, 30)[-1])
        kept = flat_state(optimizer, dict(model.named_parameters()))
        sizes.append(sum(value.nbytes for value in kept.values()))
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
    # Of these 42,000 parameters 33,000 lie in tensors that are large enough for it.
    assert sizes[1] < 0.45 * sizes[0]


def test_eight_bits_pull_only_matrices_to_zero(gpt2):
    pytest.importorskip("bitsandbytes")
    model = gpt2()
    groups = make_optimizer(model, 0.25, name="adamw8bit").param_groups
    pulls = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        assert pulls[id(parameter)] == (0.25 if parameter.ndim >= 2 else 0.0), name


def test_without_the_package_the_extra_is_named(gpt2, monkeypatch):
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(TrainingError, match="adamw8bit needs the package bitsandbytes") as caught:
        make_optimizer(gpt2(), DECAY, name="adamw8bit")
    assert "pip install 'chatmimic[eight-bit]'" in caught.value.hint


@pytest.mark.skipif(torch.cuda.is_available(), reason="it is for such machines")
def test_paged_moments_need_a_gpu(gpt2):
    with pytest.raises(TrainingError, match="paged-adamw8bit needs an NVIDIA GPU"):
        make_optimizer(gpt2(), DECAY, name="paged-adamw8bit")


def test_no_kernel_is_fetched_from_the_hub(tmp_path, monkeypatch):
    (tmp_path / "kernels.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "kernels", raising=False)
    with library("json", "none", "this test") as found:
        assert found is json
        with pytest.raises(ImportError):
            importlib.import_module("kernels")
    assert importlib.import_module("kernels").__file__ == str(tmp_path / "kernels.py")
    with library("json", "none", "this test"):  # one that is loaded already stays
        assert "kernels" in sys.modules
    assert "kernels" in sys.modules
    monkeypatch.delitem(sys.modules, "kernels")


# -- steps inside the backward pass ------------------------------------------------------------


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("checkpointing", [False, True], ids=["kept", "computed twice"])
@pytest.mark.parametrize("tied", [True, False], ids=["tied", "two tables"])
def test_it_does_as_adamw_bit_for_bit(gpt2, monkeypatch, tied, checkpointing, precision):
    """The output head is used in several chunks, each computed again in the backward pass."""
    monkeypatch.setattr(loss_module, "ROWS", 20)
    monkeypatch.setattr(loss_module, "KEPT", 0)
    ours, theirs = (gpt2(), gpt2()) if tied else (llama(), llama())
    for model in (ours, theirs):
        if checkpointing:
            model.train().activation_checkpointing_enable()
    losses = learn(ours, StepInBackward(ours, DECAY), 4, precision)
    assert losses == learn(theirs, make_optimizer(theirs, DECAY), 4, precision)
    assert losses[-1] < losses[0]
    assert_same(ours, theirs)


def test_one_gradient_is_held_at_a_time_and_none_afterwards(gpt2):
    model = gpt2()
    parameters = list(model.parameters())
    backend, held = StepInBackward(model, DECAY), []
    backend.optimizer.register_step_pre_hook(
        lambda *_: held.append(sum(p.grad is not None for p in parameters))
    )
    surprise(model).backward()
    assert held == [1] * len(parameters)  # the tied table is complete once
    assert all(p.grad is None for p in parameters)


def test_each_gradient_is_clipped_by_itself(gpt2):
    twin = gpt2()
    surprise(twin).backward()
    sizes = {name: float(p.grad.norm()) for name, p in twin.named_parameters()}
    clip = sorted(sizes.values())[len(sizes) // 2]
    model = gpt2()
    backend = StepInBackward(model, DECAY, clip=clip)
    surprise(model).backward()
    for name, parameter in model.named_parameters():
        moment = float(backend.state[parameter]["exp_avg"].norm())  # a tenth of its first gradient
        assert moment == pytest.approx(0.1 * min(sizes[name], clip), rel=1e-4), name
    assert backend.norm == pytest.approx(math.hypot(*sizes.values()))


def test_the_norm_is_that_of_the_last_step(gpt2):
    model, twin = gpt2(), gpt2()
    backend, optimizer = StepInBackward(model, DECAY), make_optimizer(twin, DECAY)
    for _ in range(3):
        learn(model, backend, 1)
        learn(twin, optimizer, 1)
        assert backend.norm == pytest.approx(
            math.hypot(*(float(p.grad.norm()) for p in twin.parameters()))
        )
        backend.zero_grad()
        assert backend.norm > 0


def test_begun_says_that_a_step_cannot_be_repeated(gpt2):
    model = gpt2()
    backend = StepInBackward(model, DECAY)
    loss = surprise(model)
    seen = [backend.begun]
    loss.backward()
    seen.append(backend.begun)
    backend.step()
    seen.append(backend.begun)
    surprise(model).backward()
    backend.zero_grad()
    assert [*seen, backend.begun] == [False, True, False, False]


@pytest.mark.parametrize("fault", [math.inf, math.nan])
def test_what_has_no_finite_gradient_stays(gpt2, fault):
    model = gpt2()
    backend, before = StepInBackward(model, DECAY), weights(model)
    set_rate(backend, 1e-3)
    name = "transformer.h.1.mlp.c_fc.weight"
    spoilt = dict(model.named_parameters())[name].register_hook(lambda g: g * fault)
    surprise(model).backward()
    assert changed(model, before) == before.keys() - {name}
    assert not math.isfinite(backend.norm)
    spoilt.remove()
    learn(model, backend, 1)
    assert math.isfinite(backend.norm)
    assert name in changed(model, before)


def test_unarmed_it_changes_nothing_and_frees_everything(gpt2):
    model = gpt2()
    backend, before = StepInBackward(model, DECAY), weights(model)
    backend.armed = False
    learn(model, backend, 2)
    assert not changed(model, before)
    assert not flat_state(backend, dict(model.named_parameters()))
    assert not backend.begun
    assert all(p.grad is None for p in model.parameters())


def test_what_is_fixed_stays(gpt2):
    model = gpt2()
    model.transformer.h[0].requires_grad_(False)
    before = weights(model)
    learn(model, StepInBackward(model, DECAY), 1)
    fixed = {name for name in before if name.startswith("transformer.h.0.")}
    assert changed(model, before) == before.keys() - fixed


def test_a_model_that_accelerate_has_prepared_is_stepped(gpt2):
    model = gpt2().double()
    backend = StepInBackward(model, DECAY)
    loss_module, same = Accelerator(cpu=True).prepare(LossModule(model), backend)
    assert same is backend
    assert next(loss_module.parameters()) is next(model.parameters())
    losses = learn(model, backend, 8)
    assert all(after < before for before, after in pairwise(losses))
    assert all(p.grad is None and p.dtype == torch.float64 for p in model.parameters())


def test_nothing_of_it_stays_in_memory(gpt2):
    model = gpt2()
    backend = StepInBackward(model, DECAY)
    learn(model, backend, 1)
    seen = [weakref.ref(backend), weakref.ref(model.transformer.wte.weight)]
    del model, backend
    gc.collect()
    assert [reference() for reference in seen] == [None, None]

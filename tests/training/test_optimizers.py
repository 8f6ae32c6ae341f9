"""The optimisers: which parameter goes where, what one step does, and that they learn."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from chatmimic.training.optim.optimizers import (
    MUON_RATE,
    Muon,
    make_optimizer,
    orthogonal,
    set_rate,
)

OPTIMIZERS = ("adamw", "muon")
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


@pytest.fixture
def gpt2(tiny_base):
    from transformers import GPT2LMHeadModel

    return GPT2LMHeadModel.from_pretrained(tiny_base).eval()


def llama(tied: bool):
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=96,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        attention_bias=True,
        tie_word_embeddings=tied,
    )
    return LlamaForCausalLM(config).eval()


# -- orthogonal ------------------------------------------------------------------------------------


def by_hand(matrix: torch.Tensor) -> torch.Tensor:
    """What five turns make of a matrix, from its singular values, in float64."""
    left, values, right = torch.linalg.svd(matrix.double(), full_matrices=False)
    values = values / values.norm()
    a, b, c = COEFFICIENTS
    for _ in range(5):
        values = a * values + b * values**3 + c * values**5
    return left @ torch.diag(values) @ right


@pytest.mark.parametrize("half", [False, True], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("shape", [(3, 64, 16), (3, 16, 64), (2, 32, 96), (4, 1, 7), (4, 7, 1)])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e4])
def test_tall_and_wide_matrices_come_out_with_singular_values_near_one(shape, half, size):
    torch.manual_seed(7)
    turned = orthogonal(size * torch.randn(shape), half=half)
    assert turned.shape == shape
    assert turned.dtype == torch.float32
    values = torch.linalg.svdvals(turned)
    assert values.min() > 0.6
    assert values.max() < 1.3


@settings(deadline=None, max_examples=60)
@given(
    st.integers(2, 24),
    st.integers(0, 12),
    st.booleans(),
    st.booleans(),
    st.floats(-2.0, 0.0),
    st.integers(0, 999),
)
def test_so_do_those_whose_least_direction_is_a_hundredth(width, more, tall, half, least, seed):
    """Square ones too; random square ones can have directions as good as none."""
    torch.manual_seed(seed)
    left = torch.linalg.qr(torch.randn(2, width + more, width))[0]
    right = torch.linalg.qr(torch.randn(2, width, width))[0]
    spread = left * torch.logspace(0, least, width) @ right.mT
    turned = orthogonal(spread if tall else spread.mT, half=half)
    values = torch.linalg.svdvals(turned)
    assert values.min() > 0.6
    assert values.max() < 1.3


@pytest.mark.parametrize("shape", [(5, 5), (12, 4), (4, 12), (32, 32)])
def test_only_the_singular_values_change(shape):
    torch.manual_seed(3)
    batch = torch.randn(3, *shape)
    for one, turned in zip(batch, orthogonal(batch), strict=True):
        torch.testing.assert_close(turned.double(), by_hand(one), atol=1e-3, rtol=0)


def test_nothing_stays_nothing():
    assert not orthogonal(torch.zeros(2, 4, 6)).any()


# -- which parameter goes where --------------------------------------------------------------------


def placed(model, optimizer) -> dict[str, dict]:
    """The group of each parameter, by name; every parameter is in one."""
    groups = {}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            assert id(parameter) not in groups
            groups[id(parameter)] = group
    named = dict(model.named_parameters())
    assert len(groups) == len(named)
    return {name: groups[id(parameter)] for name, parameter in named.items()}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_matrices_are_pulled_to_zero_and_norms_and_biases_are_not(gpt2, name):
    for model in (gpt2, llama(tied=False)):
        groups = placed(model, make_optimizer(model, 0.25, name=name))
        pull = {n: groups[n]["weight_decay"] for n, _ in model.named_parameters()}
        assert pull == {n: 0.25 if p.ndim >= 2 else 0.0 for n, p in model.named_parameters()}
        assert {0.0, 0.25} == set(pull.values())


def test_in_gpt2_muon_has_the_matrices_of_the_blocks(gpt2):
    optimizer = make_optimizer(gpt2, 0.1, name="muon")
    groups = placed(gpt2, optimizer)
    matrices = ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")
    wanted = {f"transformer.h.{n}.{m}.weight" for n in range(2) for m in matrices}
    assert {name for name, group in groups.items() if group.get("muon")} == wanted
    assert "transformer.wte.weight" in groups  # and with it the tied head
    named = dict(gpt2.named_parameters())
    splits = {name: optimizer.splits[named[name]] for name in wanted}
    assert splits == {n: (3 if n.endswith("c_attn.weight") else 1, True) for n in wanted}


@pytest.mark.parametrize("tied", [False, True])
def test_in_llama_too_and_a_head_of_its_own_is_none(tied):
    model = llama(tied)
    optimizer = make_optimizer(model, 0.1, name="muon")
    groups = placed(model, optimizer)
    muon = {name for name, group in groups.items() if group.get("muon")}
    assert len(muon) == 2 * 7
    assert all(".layers." in name and name.endswith("proj.weight") for name in muon)
    assert ("lm_head.weight" in groups) is not tied
    assert set(optimizer.splits.values()) == {(1, False)}


def test_adamw_has_them_all(gpt2):
    optimizer = make_optimizer(gpt2, 0.1)
    assert type(optimizer) is torch.optim.AdamW
    assert not any("muon" in group for group in placed(gpt2, optimizer).values())


def test_muons_rate_is_a_multiple(gpt2):
    optimizer = make_optimizer(gpt2, 0.1, name="muon")
    set_rate(optimizer, 0.002)
    rates = {bool(g.get("muon")): g["lr"] for g in optimizer.param_groups}
    assert rates == {False: 0.002, True: 0.002 * MUON_RATE}
    set_rate(plain := make_optimizer(gpt2, 0.1), 0.002)
    assert {g["lr"] for g in plain.param_groups} == {0.002}


# -- one step --------------------------------------------------------------------------------------


def step(optimizer: torch.optim.Optimizer, *pairs: tuple[nn.Parameter, torch.Tensor]) -> None:
    for parameter, gradient in pairs:
        parameter.grad = gradient.clone()
    optimizer.step()


def muon(*parameters: nn.Parameter, parts: int = 1, input_first: bool = False) -> Muon:
    group = {"params": list(parameters), "weight_decay": 0.1, "muon": True}
    optimizer = Muon([group], {p: (parts, input_first) for p in parameters})
    set_rate(optimizer, 0.02 / MUON_RATE)
    return optimizer


@pytest.mark.parametrize(("outputs", "inputs"), [(12, 5), (5, 12), (8, 8)])
def test_a_step_is_what_it_is_by_hand(outputs, inputs):
    torch.manual_seed(1)
    layer = nn.Linear(inputs, outputs, bias=False)
    gradients = [torch.randn(outputs, inputs) for _ in range(3)]
    wanted, momentum = layer.weight.detach().double(), torch.zeros(outputs, inputs).double()
    optimizer = muon(layer.weight)
    for gradient in gradients:
        step(optimizer, (layer.weight, gradient))
        momentum = 0.95 * momentum + 0.05 * gradient
        ahead = 0.05 * gradient + 0.95 * momentum
        scale = math.sqrt(max(1, outputs / inputs))
        wanted = (1 - 0.02 * 0.1) * wanted - 0.02 * scale * by_hand(ahead)
        torch.testing.assert_close(layer.weight.detach().double(), wanted, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("outputs", "inputs"), [(12, 5), (5, 12)])
def test_a_matrix_is_learnt_the_same_whichever_way_it_lies(outputs, inputs):
    from transformers.pytorch_utils import Conv1D

    torch.manual_seed(2)
    linear, conv = nn.Linear(inputs, outputs), Conv1D(outputs, inputs)
    with torch.no_grad():
        conv.weight.copy_(linear.weight.T)
    ours, theirs = muon(linear.weight), muon(conv.weight, input_first=True)
    for _ in range(3):
        gradient = torch.randn(outputs, inputs)
        step(ours, (linear.weight, gradient))
        step(theirs, (conv.weight, gradient.T))
        torch.testing.assert_close(conv.weight.T, linear.weight, atol=1e-5, rtol=0)


@pytest.mark.parametrize("input_first", [False, True])
def test_a_fused_matrix_is_learnt_as_its_parts_are(input_first):
    torch.manual_seed(4)
    axis = 1 if input_first else 0
    fused = nn.Parameter(torch.randn((6, 18) if input_first else (18, 6)))
    parts = [nn.Parameter(part.clone()) for part in fused.detach().chunk(3, axis)]
    whole = muon(fused, parts=3, input_first=input_first)
    apart = muon(*parts, input_first=input_first)
    for _ in range(2):
        gradient = torch.randn_like(fused)
        step(whole, (fused, gradient))
        step(apart, *zip(parts, gradient.chunk(3, axis), strict=True))
        torch.testing.assert_close(fused, torch.cat(parts, axis), atol=1e-5, rtol=0)


def test_what_is_left_to_adamw_does_as_in_adamw(gpt2):
    optimizer = make_optimizer(gpt2, 0.1, name="muon")
    rest = {n: p for n, p in gpt2.named_parameters() if p not in optimizer.splits}
    twins = {name: nn.Parameter(p.detach().clone()) for name, p in rest.items()}
    groups = [
        {"params": [p for p in twins.values() if p.ndim >= 2], "weight_decay": 0.1},
        {"params": [p for p in twins.values() if p.ndim < 2], "weight_decay": 0.0},
    ]
    plain = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95))
    set_rate(optimizer, 1e-3)
    torch.manual_seed(5)
    for _ in range(3):
        gradients = {name: torch.randn_like(p) for name, p in rest.items()}
        step(optimizer, *((rest[name], g) for name, g in gradients.items()))
        step(plain, *((twins[name], g) for name, g in gradients.items()))
    for name, parameter in rest.items():
        torch.testing.assert_close(parameter, twins[name], atol=1e-6, rtol=0)


def test_what_has_no_gradient_stays(gpt2):
    before = {name: p.detach().clone() for name, p in gpt2.named_parameters()}
    optimizer = make_optimizer(gpt2, 0.1, name="muon")
    set_rate(optimizer, 0.01)
    moved = "transformer.h.1.mlp.c_fc.weight"
    step(optimizer, (dict(gpt2.named_parameters())[moved], torch.ones(32, 128)))
    changed = {n for n, p in gpt2.named_parameters() if not torch.equal(p, before[n])}
    assert changed == {moved}


# -- many steps ------------------------------------------------------------------------------------


def learn(model, optimizer, steps: int) -> list[float]:
    torch.manual_seed(9)
    ids = torch.randint(0, 96, (4, 24))
    losses = []
    for _ in range(steps):
        set_rate(optimizer, 3e-3)
        loss = model(ids, labels=ids).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("half", [False, True], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_learns(gpt2, name, half):
    for model in (gpt2, llama(tied=True)):
        losses = learn(model, make_optimizer(model, 0.05, name=name, half=half), 40)
        assert losses[-1] < losses[0] - 1
        assert all(p.dtype == torch.float32 and p.isfinite().all() for p in model.parameters())


def test_muon_turns_the_matrices_further_than_adamw(gpt2, tiny_base):
    from transformers import GPT2LMHeadModel

    other = GPT2LMHeadModel.from_pretrained(tiny_base).eval()
    ours = learn(gpt2, make_optimizer(gpt2, 0.0, name="muon"), 40)
    theirs = learn(other, make_optimizer(other, 0.0), 40)
    assert ours[-1] < theirs[-1]


def test_its_state_is_plain_tensors_and_goes_on_elsewhere(gpt2, tiny_base):
    from transformers import GPT2LMHeadModel

    optimizer = make_optimizer(gpt2, 0.05, name="muon")
    learn(gpt2, optimizer, 3)
    kept = copy.deepcopy(optimizer.state_dict())
    states = [set(state) for state in kept["state"].values()]
    assert {"momentum"} in states
    assert {"step", "exp_avg", "exp_avg_sq"} in states
    assert all(type(v) is torch.Tensor for s in kept["state"].values() for v in s.values())
    assert len(kept["state"]) == len(list(gpt2.parameters()))

    other = GPT2LMHeadModel.from_pretrained(tiny_base).eval()
    other.load_state_dict(gpt2.state_dict())
    again = make_optimizer(other, 0.05, name="muon")
    again.load_state_dict(kept)
    assert learn(other, again, 3) == learn(gpt2, optimizer, 3)
    for one, two in zip(gpt2.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two)

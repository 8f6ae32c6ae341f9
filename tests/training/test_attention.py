"""Attention by pieces computes what transformers' own does, and leaves to it what it cannot."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional
from transformers import DeepseekV3Config, GPT2Config, LlamaConfig, MistralConfig

from chatmimic.bases.loading import empty_model
from chatmimic.training.objective.attention import _LONGEST, NAME, _attend, attend_by_pieces

SMALL = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "vocab_size": 90}
BASES = {
    "llama": lambda: LlamaConfig(**SMALL, num_attention_heads=4, num_key_value_heads=2),
    "gpt2": lambda: GPT2Config(vocab_size=90, n_embd=32, n_layer=2, n_head=4, n_positions=1024),
    "mistral, which looks back 16 tokens": lambda: MistralConfig(
        **SMALL, num_attention_heads=4, num_key_value_heads=2, sliding_window=16
    ),
    "deepseek, whose values are of a width of their own": lambda: DeepseekV3Config(
        **SMALL,
        num_attention_heads=4,
        num_key_value_heads=4,
        first_k_dense_replace=2,  # no experts
        q_lora_rank=16,
        kv_lora_rank=16,
        qk_nope_head_dim=8,
        qk_rope_head_dim=4,
        v_head_dim=6,
    ),
}


@pytest.fixture(scope="module", params=list(BASES))
def pair(request):
    """One model twice: with transformers' attention, and with ours."""
    torch.manual_seed(1)
    plain = empty_model(BASES[request.param]()).eval()
    ours = empty_model(BASES[request.param]()).eval()
    ours.load_state_dict(plain.state_dict())
    attend_by_pieces(ours)
    assert ours.config._attn_implementation == NAME
    return plain, ours


def read(model, ids, positions, **more):
    return model(ids, position_ids=positions, use_cache=False, **more).logits


def positions_of(*rows):
    return torch.stack([torch.cat([torch.arange(n) for n in row]) for row in rows])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 70), min_size=1, max_size=9), st.integers(0, 1000))
def test_pieces_of_any_length_are_computed_as_by_transformers(pair, lengths, seed):
    plain, ours = pair
    positions = positions_of(lengths, lengths[::-1])
    torch.manual_seed(seed)
    ids = torch.randint(90, positions.shape)
    with torch.no_grad():
        wanted, found = (read(model, ids, positions) for model in pair)
    assert torch.allclose(wanted, found, atol=1e-4)


@pytest.mark.parametrize("width", [3, 8, 20])
def test_values_may_be_of_another_width_than_keys(width):
    torch.manual_seed(1)
    query, key = torch.randn(2, 4, 90, 8), torch.randn(2, 2, 90, 8)
    value = torch.randn(2, 2, 90, width)
    piece = torch.tensor([0] * 50 + [1] * 30 + [2] * 10)
    sees = (piece[:, None] == piece) & torch.ones(90, 90, dtype=torch.bool).tril()
    mask = sees.expand(2, 1, 90, 90)
    found, _ = _attend(torch.nn.Module(), query, key, value, mask)
    wanted = functional.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, enable_gqa=True
    )
    assert torch.allclose(found, wanted.transpose(1, 2), atol=1e-5)


def test_gradients_are_the_same(pair):
    positions, ids = positions_of([100, 30, 20, 150]), torch.arange(300)[None] % 90
    gradients = []
    for model in pair:
        model.zero_grad()
        read(model, ids, positions).logsumexp(-1).sum().backward()
        gradients.append([p.grad.clone() for p in model.parameters()])
    for wanted, found in zip(*gradients, strict=True):
        assert torch.allclose(wanted, found, atol=1e-3, rtol=1e-3)


def test_a_longer_piece_is_left_to_the_kernel(pair):
    plain, ours = pair
    positions = positions_of([_LONGEST + 1, 40])
    ids = torch.arange(positions.shape[1])[None] % 90
    with torch.no_grad():
        assert torch.allclose(read(plain, ids, positions), read(ours, ids, positions), atol=1e-4)


def test_a_cache_is_read_as_before(pair):
    plain, ours = pair
    ids = torch.arange(40)[None] % 90
    mask = torch.ones_like(ids)
    with torch.no_grad():
        for model in (plain, ours):
            first = model(ids[:, :30], attention_mask=mask[:, :30], use_cache=True)
            rest = model(
                ids[:, 30:], attention_mask=mask, past_key_values=first.past_key_values
            ).logits
            whole = model(ids, attention_mask=mask).logits[:, 30:]
            assert torch.allclose(rest, whole, atol=1e-4)


def test_half_precision_is_close(pair):
    plain, ours = pair
    positions, ids = positions_of([60, 50, 90]), torch.arange(200)[None] % 90
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        found = read(ours, ids, positions)
    with torch.no_grad():
        wanted = read(plain, ids, positions)
    assert (wanted - found.float()).abs().max() < 0.05 * wanted.abs().max()


def test_dropout_drops():
    torch.manual_seed(1)
    model = empty_model(GPT2Config(vocab_size=90, n_embd=32, n_layer=2, n_head=4, attn_pdrop=0.5))
    attend_by_pieces(model)
    model.train()
    for part in model.modules():
        if isinstance(part, torch.nn.Dropout) and part.p != 0.5:
            part.p = 0.0
    ids, positions = torch.arange(60)[None], positions_of([30, 30])
    one, other = (read(model, ids, positions) for _ in range(2))
    assert not torch.allclose(one, other)


def test_a_model_with_another_attention_stays_as_it_is():
    model = empty_model(
        GPT2Config(vocab_size=90, n_embd=32, n_layer=1, n_head=4), attention="eager"
    )
    attend_by_pieces(model)
    assert model.config._attn_implementation == "eager"

"""Drawing one token: what each option rules out, against a slow reference."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.errors import MimicError
from chatmimic.generation.decoding import Decoding
from chatmimic.generation.sampler import choose, nucleus, seeded

PLAIN = Decoding(temperature=1, top_p=1, repetition_penalty=1)


def options(**changes) -> Decoding:
    from dataclasses import replace

    return replace(PLAIN, **changes)


def drawn(logits, reply=(), times=200, **changes) -> set[int | None]:
    generator = seeded(0)
    return {
        choose(torch.tensor(logits), list(reply), options(**changes), generator)
        for _ in range(times)
    }


@pytest.mark.parametrize(
    ("changes", "may_come"),
    [
        ({}, {0, 1, 2, 3}),
        ({"temperature": 0.0}, {0}),
        ({"top_k": 1}, {0}),
        ({"top_k": 2}, {0, 1}),
        ({"top_p": 0.3}, {0}),
        ({"top_p": 0.5}, {0, 1}),
        ({"top_k": 3, "top_p": 0.5}, {0, 1}),
        ({"temperature": 0.001}, {0}),
        ({"min_p": 0.6}, {0, 1}),
        ({"min_p": 1.0}, {0}),
        ({"min_p": 0.3, "top_k": 2}, {0, 1}),
        # The expected surprise is 1.28 nats; 0.3 (1.20 nats) is the closest, then 0.2 (1.61).
        ({"typical_p": 0.2}, {1}),
        ({"typical_p": 0.5}, {1, 2}),
    ],
)
def test_each_option_leaves_the_tokens_it_should(changes, may_come):
    shares = torch.tensor([0.4, 0.3, 0.2, 0.1]).log().tolist()
    assert drawn(shares, **changes) == may_come


def test_a_token_ruled_out_never_comes():
    assert drawn([5.0, -float("inf"), 4.0]) == {0, 2}
    assert drawn([-float("inf")] * 3) == {None}
    assert drawn([1.0, -float("inf")], reply=[0], no_repeat_ngram=1) == {None}


def test_the_penalty_counts_only_what_the_reply_said():
    logits = [2.0, 1.9, -1.0]
    assert drawn(logits, temperature=0.0, repetition_penalty=1.5) == {0}
    assert drawn(logits, reply=[0], temperature=0.0, repetition_penalty=1.5) == {1}
    assert drawn([-1.0, -1.2], reply=[0], temperature=0.0, repetition_penalty=1.5) == {1}
    assert drawn(logits, reply=[0, *[2] * 64], temperature=0.0, repetition_penalty=1.5) == {0}


@pytest.mark.parametrize(
    ("changes", "reply", "likeliest"),
    [
        ({"presence_penalty": 0.5}, [0], 1),
        ({"presence_penalty": 0.5}, [], 0),
        ({"frequency_penalty": 0.05}, [0], 0),
        ({"frequency_penalty": 0.05}, [0, 0, 0], 1),
        ({"presence_penalty": -3.0}, [2], 2),
    ],
)
def test_penalties_are_subtracted_from_what_the_reply_said(changes, reply, likeliest):
    assert drawn([2.0, 1.9, 0.0], reply=reply, temperature=0.0, **changes) == {likeliest}


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 10_000),
    st.sampled_from([3, 300, 1000]),
    st.sampled_from([0, 1, 50, 400]),
    st.floats(0.01, 1),
    st.sampled_from([0.1, 1.0, 8.0]),
)
def test_the_nucleus_is_the_one_a_full_sort_gives(seed, vocabulary, top_k, top_p, spread):
    logits = torch.randn(vocabulary, generator=seeded(seed)) * spread
    values, tokens = nucleus(logits, options(top_k=top_k, top_p=top_p))
    ordered, order = logits.sort(descending=True)
    ordered, order = ordered[: top_k or vocabulary], order[: top_k or vocabulary]
    shares = ordered.softmax(-1)
    wanted = int(((shares.cumsum(-1) - shares) < top_p).sum()) if top_p < 1 else len(ordered)
    size, larger = sorted([wanted, len(tokens)])
    # Where the border falls is a matter of rounding; what may differ weighs nothing.
    assert size == larger or top_p < 1
    assert shares[size:larger].sum() < 1e-3 or abs(shares[:size].sum() - top_p) < 1e-5
    assert torch.equal(values[:size], ordered[:size])
    assert set(tokens[:size].tolist()) == set(order[:size].tolist())


def test_weights_that_are_no_numbers_are_said_to_be():
    with pytest.raises(MimicError, match="NaN"):
        choose(torch.tensor([1.0, float("nan")]), [], PLAIN, seeded(0))

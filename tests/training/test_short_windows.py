"""Short windows first: when a step cuts its windows, into what, and what is still learnt."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests_support import WORDS, talk

from chatmimic.training.objective.loss import LossModule, feed, weight_of
from chatmimic.training.plan import Plan
from chatmimic.transcript import Cast, Mark, make_form
from chatmimic.windows import build_windows, mix

WINDOW = 64


def plan(steps: int, **given: object) -> Plan:
    numbers = {"batch": 2, "accumulate": 3, "learning_rate": 0.5, "warmup": 4, "evaluate_every": 5}
    rest = {"gradient_checkpointing": False, "eval_windows": 8, "final_eval_windows": 8}
    return Plan(**{"steps": steps, **numbers, **rest, "short_first": True, **given})


# -- when ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (20, [4] * 5 + [2] * 7 + [1] * 8),
        (10, [4] * 3 + [2] * 3 + [1] * 4),
        (5, [4, 4, 2, 1, 1]),
        (3, [4, 2, 1]),
        (1, [4]),
    ],
)
def test_windows_are_cut_in_quarters_then_in_halves_then_not(steps, expected):
    assert [plan(steps).parts(step) for step in range(steps)] == expected


@given(st.integers(1, 100_000), st.floats(0, 1))
def test_they_only_ever_grow(steps, share):
    step = int(share * (steps - 1))
    assert plan(steps).parts(step) >= plan(steps).parts(step + 1)
    assert plan(steps).parts(step) in (1, 2, 4)


def test_where_it_was_not_asked_for_no_window_is_cut():
    assert {plan(20, short_first=False).parts(step) for step in range(20)} == {1}


@pytest.mark.parametrize(
    ("steps", "warmup", "expected"),
    [
        (8, 4, [0.125, 0.25, 0.375, 0.5, 0.5, 0.375, 0.25, 0.125]),
        (4, 0, [0.5, 0.375, 0.25, 0.125]),
        (2, 2, [0.25, 0.5]),
        (1, 1, [0.5]),
    ],
)
def test_the_rate_rises_and_falls_in_straight_lines(steps, warmup, expected):
    rates = [plan(steps, warmup=warmup).rate(step) for step in range(steps)]
    assert rates == pytest.approx(expected)


# -- into what -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def form(tiny_tokenizer):
    return make_form("tokens", tiny_tokenizer, Cast(("Ada", "Bob")))


@pytest.fixture(scope="module", params=[None, frozenset({"Ada"})], ids=["everybody", "Ada"])
def windows(request, form, tmp_path_factory):
    talks = [
        talk(*(f"{'Ada' if n % 3 else 'Bob'}: {WORDS[n : n + 9 + m]}" for n in range(m, m + 9)))
        for m in range(8)
    ]
    folder = tmp_path_factory.mktemp("windows")
    return build_windows(talks, form, request.param, window=WINDOW, context=12, folder=folder)


@pytest.fixture(scope="module")
def loss_module(tiny_base):
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(tiny_base, attn_implementation="sdpa")
    for parameter in model.parameters():  # far from uniform, so that a leak would show
        parameter.data += 0.2 * torch.randn_like(parameter)
    return LossModule(model).eval()


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("parts", [1, 2, 4])
def test_a_window_is_cut_into_rows_one_after_the_other(windows, form, parts, typed):
    rows = np.array([2, 0, 1])
    whole = feed(windows, rows, form if typed else None)
    cut = feed(windows, rows, form if typed else None, parts=parts)
    assert len(cut) == len(whole) == 3 + typed
    for before, after in zip(whole.values(), cut.values(), strict=True):
        assert after.shape == (3 * parts, WINDOW // parts)
        assert torch.equal(after.reshape(3, WINDOW), before)
        assert after.dtype == before.dtype
    assert np.array_equal(whole["ids"].numpy(), windows.ids[rows])


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_what_is_counted_is_what_is_learnt(windows, loss_module, parts):
    rows = np.arange(len(windows))
    with torch.no_grad():
        result = loss_module(**feed(windows, rows, parts=parts))
    assert weight_of(windows, rows, parts) == int(result.loss_tokens)
    # The first token of a row is foretold by nothing.
    firsts = np.asarray(windows.marks)[:, :: WINDOW // parts]
    lost = int((firsts != Mark.CONTEXT).sum())
    assert int(result.loss_tokens) == windows.target_tokens - lost
    assert (lost > 0) is (parts > 1)


def test_counting_needs_no_array_of_numpys_own(windows):
    rows = np.arange(len(windows))
    mixed = mix([(windows, 2.0)], seed=0)
    for parts in (1, 2, 4):
        assert weight_of(mixed, rows, parts) == weight_of(windows, rows, parts)


def test_what_was_cut_off_is_not_seen(windows, loss_module):
    """Four quarters at once cost what each of them costs alone."""
    tensors = feed(windows, np.array([0]), parts=4)
    with torch.no_grad():
        together = loss_module(**tensors).loss.item()
        quarters = ({k: t[n : n + 1] for k, t in tensors.items()} for n in range(4))
        alone = sum(loss_module(**quarter).loss.item() for quarter in quarters)
        whole = loss_module(**feed(windows, np.array([0]))).loss.item()
    assert together == pytest.approx(alone, rel=1e-5)
    assert abs(together - whole) > 1e-2

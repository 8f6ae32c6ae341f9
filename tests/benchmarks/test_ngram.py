"""The n-gram model foretells properly: its probabilities are such, and are the right ones."""

from __future__ import annotations

from math import log2
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SCRIPT = "ngram"


@pytest.fixture(scope="module")
def ngram(script: ModuleType) -> ModuleType:
    return script


def after(ngram: ModuleType, model, context: bytes) -> np.ndarray:
    """The probabilities of all bytes after a context."""
    code = int(ngram.codes_of(context + b"?", model.order)[-1])
    return model.probabilities(np.arange(256, dtype=np.uint64) + np.uint64(code - ord("?")))


# Few letters, so that contexts come back; any byte, so that some do not.
TEXTS = st.one_of(st.text("ab\n", max_size=60).map(str.encode), st.binary(max_size=60))


@settings(max_examples=60, deadline=None)
@given(text=TEXTS.filter(bool), context=TEXTS, order=st.integers(0, 7))
def test_probabilities_are_those_of_one_byte(
    ngram: ModuleType, text: bytes, context: bytes, order: int
):
    model = ngram.NgramModel.learn(text, order)
    for before in (context, text, text[: len(text) // 2], b""):
        found = after(ngram, model, before)
        assert found.sum() == pytest.approx(1)
        assert (found > 0).all()


def test_a_small_text_is_counted_by_hand(ngram: ModuleType):
    # Pairs: newline-a 1, ab 2, ba 1, b-newline 1. Before a stood a newline and b, before b and
    # newline one byte each, so that without a context their counts are 2, 1 and 1 of 4. Of counts
    # of 1 a half is taken off, and of 2 one.
    model = ngram.NgramModel.learn(b"abab\n", order=1)
    rest = 2 / 4 / 256
    a, b, newline = 1 / 4 + rest, 0.5 / 4 + rest, 0.5 / 4 + rest
    after_a, after_b, unseen = (after(ngram, model, before) for before in (b"a", b"b", b"z"))
    assert after_a[ord("b")] == pytest.approx((1 + 1 * b) / 2)
    assert after_a[ord("z")] == pytest.approx(1 * rest / 2)
    assert after_b[ord("a")] == pytest.approx((0.5 + 1 * a) / 2)
    assert after_b[ord("\n")] == pytest.approx((0.5 + 1 * newline) / 2)
    assert unseen[ord("a")] == pytest.approx(a)
    assert unseen[ord("z")] == pytest.approx(rest)
    # A text begins after a newline: "a" after it, "b" after "a".
    begins = (0.5 + 0.5 * a) / 1
    assert model.bits(b"ab") == pytest.approx(-log2(begins) - log2((1 + b) / 2))


def test_discounts_come_from_the_counts(ngram: ModuleType):
    # Four grams seen once, two twice, one three times, one four times: a share of 4 / 8.
    assert ngram.discounts(np.array([1, 1, 1, 1, 2, 2, 3, 4])) == pytest.approx([0, 0.5, 1.25, 1])
    assert ngram.discounts(np.array([1, 1, 5])) == pytest.approx(ngram.DISCOUNTS)
    # Many threes would leave nothing to take off a two.
    assert ngram.discounts(np.array([1, 2, 3, 3, 3])) == pytest.approx(ngram.DISCOUNTS)


def test_a_code_is_a_byte_and_those_before_it(ngram: ModuleType):
    assert [hex(code) for code in ngram.codes_of(b"\x01\x02\xff", 2)] == [
        "0xa0a01",
        "0xa0102",
        "0x102ff",
    ]
    assert hex(ngram.codes_of(b"\xff" * 8, 7)[-1]) == "0xffffffffffffffff"


def test_more_context_foretells_more(ngram: ModuleType):
    text = b"tea or coffee?\ncoffee for me\ntea, thanks\n" * 40
    bits = [ngram.NgramModel.learn(text, order).bits(text) / len(text) for order in (0, 1, 3, 5)]
    assert bits == sorted(bits, reverse=True)
    assert bits[-1] < 0.3 < 3 < bits[0] < 8


@pytest.mark.parametrize(("text", "order"), [(b"", 5), (b"abc", 8), (b"abc", -1)])
def test_what_cannot_be_counted_is_refused(ngram: ModuleType, text: bytes, order: int):
    with pytest.raises(ValueError, match="from 0 to 7"):
        ngram.NgramModel.learn(text, order)

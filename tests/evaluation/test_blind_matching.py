"""Pairs of replies whose lengths say nothing about which is real."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmimic.evaluation.blind.matching import Pair, matched
from chatmimic.evaluation.blind.pairs import paired
from chatmimic.evaluation.places import Place
from chatmimic.records import Message


@pytest.mark.parametrize(
    ("real", "generated", "fair"),
    [
        ("see you later", "not today", True),
        ("ok", "yes", True),
        ("ok", "OK ", False),  # the same
        ("see  you", "See you", False),
        ("ok", "that is a long story", False),
        ("x" * 100, "y" * 150, True),
        ("x" * 100, "y" * 160, False),
        ("x" * 160, "y" * 100, False),
    ],
)
def test_a_fair_pair_differs_in_words_and_little_in_length(
    real: str, generated: str, fair: bool
) -> None:
    assert Pair(0, real, generated).is_fair is fair


lengths = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), max_size=60)


@given(lengths, st.integers(1, 20))
def test_neither_side_is_longer_as_a_rule(found: list[tuple[int, int]], wanted: int) -> None:
    pairs = [Pair(i // 2, "r" * real, "g" * made) for i, (real, made) in enumerate(found)]
    chosen = matched(pairs, wanted)
    assert len(chosen) <= wanted
    assert len({pair.place for pair in chosen}) == len(chosen)
    assert all(pair.is_fair for pair in chosen)
    assert abs(sum(pair.side for pair in chosen)) <= 1


def test_the_longer_reply_is_real_in_half_of_the_rounds_even_for_a_terse_mimic() -> None:
    rng = random.Random(1)
    pairs = [Pair(i, "r" * rng.randint(20, 60), "g" * rng.randint(10, 45)) for i in range(200)]
    chosen = matched(pairs, 20)
    assert len(chosen) == 20
    assert sum(pair.side for pair in chosen) == 0


def place(text: str) -> Place:
    return Place((Message("Bob", "hi"),), Message("Ada", text), 0)


def test_replies_are_generated_until_there_are_enough() -> None:
    found = [place("four" * n) for n in range(1, 9)]
    asked: list[tuple[int, int]] = []

    def generate(some: list[Place], seed: int) -> list[str]:
        asked.append((len(some), seed))
        if len(asked) == 1:
            return ["", "/me waves"] * (len(some) // 2)  # nothing that can be shown
        return ["g" * (len(p.real.text) + (-1) ** i) for i, p in enumerate(some)]

    chosen = paired(found, 4, 100, generate)
    assert asked == [(8, 100), (8, 108)]
    assert len(chosen) == 4
    assert all(pair.generated.startswith("g") for pair in chosen)


def test_a_mimic_that_says_nothing_is_not_asked_forever() -> None:
    asked = []

    def silent(some: list[Place], seed: int) -> list[str]:
        asked.append(seed)
        return [""] * len(some)

    assert paired([place("hello")], 4, 0, silent) == []
    assert paired([], 4, 0, silent) == []
    assert 1 < len(asked) < 10

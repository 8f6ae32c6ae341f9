"""Excerpts of a corpus: every message in one part, in order, in parts of all lengths."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.corpora import excerpts
from chatmimic.corpora.excerpts import LEAST, LONGEST, SHORTEST
from chatmimic.records import Conversation, Message


def said(count: int) -> Conversation:
    return Conversation(tuple(Message("Ada", str(n), n) for n in range(count)), "irc", "#tea")


def lengths(count: int, seed: int) -> list[int]:
    return [len(part.messages) for part in excerpts(said(count), Random(seed))]


@settings(deadline=None, max_examples=200)
@given(st.integers(LEAST, 600), st.integers(0, 99))
def test_every_message_is_in_one_part_and_in_order(count: int, seed: int) -> None:
    parts = list(excerpts(said(count), Random(seed)))
    assert tuple(m for part in parts for m in part.messages) == said(count).messages
    assert {(part.service, part.thread) for part in parts} == {("irc", "#tea")}


@settings(deadline=None, max_examples=200)
@given(st.integers(LEAST, 600), st.integers(0, 99))
def test_no_part_is_shorter_or_longer_than_it_says(count: int, seed: int) -> None:
    *before, last = lengths(count, seed)
    assert all(SHORTEST <= length <= LONGEST for length in before)
    # A rest that is too short to stand alone joins the last; a short talk is one part.
    assert min(count, SHORTEST) <= last < LONGEST + SHORTEST


@pytest.mark.parametrize("count", range(LEAST))
def test_what_is_no_exchange_gives_nothing(count: int) -> None:
    assert lengths(count, 0) == []


@pytest.mark.parametrize("count", range(LEAST, SHORTEST + 1))
def test_a_short_talk_is_left_whole(count: int) -> None:
    assert lengths(count, 0) == [count]


def test_short_exchanges_are_as_common_as_long_ones() -> None:
    """Of 8 to 70 messages the middle, on a logarithmic scale, is 24."""
    found = Counter(length < 24 for length in lengths(60_000, 3))
    assert 0.45 < found[True] / found.total() < 0.55
    assert {SHORTEST, LONGEST} <= set(lengths(60_000, 3))


def test_the_same_chance_gives_the_same_parts() -> None:
    assert lengths(500, 5) == lengths(500, 5)
    assert lengths(500, 5) != lengths(500, 6)

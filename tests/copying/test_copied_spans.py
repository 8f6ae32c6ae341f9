"""Spans of eight words are found wherever they stand, and nothing else is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmimic.copying.spans import STOCK_DAYS, Reach, Spans
from chatmimic.copying.words import SPAN, bare_words

DAY = 86_400_000
SAID = "We met at the old mill, by the river, on a Tuesday in May."


def row(text: str, at: int | None = 0, thread: int = 1) -> tuple[Any, ...]:
    return (0, 1, thread, at, at, text)


def spans(*texts: str) -> Spans:
    return Spans.of([[row(text) for text in texts]])


@pytest.mark.parametrize(
    ("text", "copied"),
    [
        (SAID, [(0, 14)]),
        ("she said we MET at the old mill by the river", [(2, 11)]),
        ("We met at the old mill, by the", [(0, 8)]),
        ("We met at the old mill, by", []),
        ("met at the old mill by THE 'river'", [(0, 8)]),
        ("We met at the old mill near the river on a Tuesday", []),
        ("", []),
        (f"{SAID} And then: {SAID}", [(0, 14), (16, 30)]),
        ("we met at the old mill by the\x1b river", [(0, 9)]),
    ],
)
def test_copies_are_found(text: str, copied: list[tuple[int, int]]) -> None:
    known = spans("short", SAID, "another message of some eight words or so")
    assert known.copied(text) == copied
    assert known.copies(text) == bool(copied)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("we met at the old mill by", False),
        ("we met at the old mill by th", False),
        ("we met at the old mill by the", True),
        ("we met at the old mill by the ", True),
        ("we met at the old mill by then", True),
        ("we met at the old mill by THEre", True),
        ("we met at the old mill by a", False),
        ("met at the old mill by the riverside", True),
        (f"met at the old mill by the {'x' * 5_000}", False),
        ("", False),
        ("!?", False),
    ],
)
def test_a_longer_word_is_no_way_around_a_copy(text: str, found: bool) -> None:
    assert spans("short", SAID).would_copy(text) is found


def test_no_span_goes_across_two_messages() -> None:
    assert not spans("one two three four", "five six seven eight nine").copies(
        "one two three four five six seven eight nine"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("我昨天晚上在河边的老磨坊见到了她们", True),
        ("她说我昨天晚上在河边的老磨坊见到了他", False),
        ("昨天晚上在河边的老磨坊见到了她们,对", True),
    ],
)
def test_sixteen_characters_are_eight_words_without_spaces(text: str, found: bool) -> None:
    assert spans("我昨天晚上在河边的老磨坊见到了她们两个人").copies(text) is found


WORD = st.sampled_from(["a", "b", "c"])
TALK = st.lists(st.lists(WORD, max_size=14).map(" ".join), max_size=6)


@given(TALK, st.lists(WORD, max_size=14).map(" ".join), st.integers(1, 3))
def test_it_finds_what_a_plain_search_finds(said: list[str], text: str, size: int) -> None:
    chunks = [[row(one) for one in said[at : at + size]] for at in range(0, len(said), size)]
    words = bare_words(text)
    plain = any(
        f" {' '.join(words[at : at + SPAN])} " in f" {one} "
        for at in range(len(words) - SPAN + 1)
        for one in said
    )
    known = Spans.of(chunks)
    assert known.copies(text) == plain
    grown = [" ".join(words[: end + 1]) for end in range(len(words))]
    assert any(map(known.would_copy, grown)) == plain


def test_an_empty_archive_has_no_spans() -> None:
    assert not Spans.of([]).within(Reach(frozenset(), 0, 1)).copies(SAID)


@pytest.mark.parametrize(
    ("reach", "found"),
    [
        (Reach(), True),
        (Reach(frozenset({7}), DAY, DAY), True),
        (Reach(frozenset({8})), False),
        (Reach(frozenset()), False),
        (Reach(since=DAY + 1), False),
        (Reach(until=DAY - 1), False),
    ],
)
def test_only_messages_within_reach_count(reach: Reach, found: bool) -> None:
    assert Spans.of([[row(SAID, DAY, 7)]]).within(reach).copies(SAID) is found


def test_a_message_without_a_time_is_always_in_range() -> None:
    known = Spans.of([[row(SAID, None)]])
    assert known.within(Reach(None, 10 * DAY, 20 * DAY)).copies(SAID)
    assert known.within(Reach(None, None, -10 * DAY)).copies(SAID)


@pytest.mark.parametrize(
    ("days", "stock"),
    [
        (range(STOCK_DAYS), True),
        (range(STOCK_DAYS - 1), False),
        ([3] * 50, False),
        ([*range(STOCK_DAYS - 1), 0, 1], False),
        ([None] * 50, False),
    ],
)
def test_what_was_said_on_many_days_is_a_stock_phrase(
    days: Sequence[int | None], stock: bool
) -> None:
    signature = "kind regards from all of us at the mill"
    rows = [row(f"no {n}: {signature}", None if d is None else d * DAY) for n, d in enumerate(days)]
    known = Spans.of([[row(SAID), *rows]]).within(Reach())
    assert known.copies(f"so {signature}") is not stock
    assert known.copies(SAID)


def test_days_out_of_reach_make_no_stock_phrase() -> None:
    known = Spans.of([[row(SAID, day * DAY) for day in range(2 * STOCK_DAYS)]])
    assert known.within(Reach(until=(STOCK_DAYS - 2) * DAY)).copies(SAID)
    assert not known.within(Reach(until=(STOCK_DAYS - 1) * DAY)).copies(SAID)


def test_numbers_are_spread_over_all_bits() -> None:
    known = spans(" ".join(f"word{n}" for n in range(4_000)))
    assert len(np.unique(known.hashes)) == 4_000 - SPAN + 1
    assert len(np.unique(known.hashes >> np.uint64(40))) > 3_900

"""Cutting at a number of messages: so many are held at once, however long nobody falls silent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.conversations import cut
from chatmimic.records import Kind, Message

MINUTE, HOUR = 60_000, 3_600_000


def at(*times: int | None, thread: str = "a") -> list[Message]:
    return [Message("Ada", str(n), time, thread=thread) for n, time in enumerate(times)]


def sizes(messages: list[Message], gap: int | None, most: int | None) -> list[int]:
    return [len(c.messages) for c in cut(messages, gap, most=most)]


@pytest.mark.parametrize(
    ("times", "most", "expected"),
    [
        ((0, 1, 2, 3, 4), 2, [2, 2, 1]),
        ((0, 1, 2, 3), 2, [2, 2]),
        ((0, 1, 2), 3, [3]),
        ((0, 1, 2), 1, [1, 1, 1]),
        ((0, 1, 2), 9, [3]),
        ((0, 1, 2), None, [3]),
        ((), 2, []),
        ((None,) * 5, 2, [2, 2, 1]),
        ((0, 1, 2 * HOUR, 2 * HOUR, 2 * HOUR, 2 * HOUR), 3, [2, 3, 1]),
        ((0, 1, 2, 2 * HOUR), 3, [3, 1]),
    ],
    ids=[
        *("a rest", "even", "just so many", "one each", "fewer", "no limit", "nothing"),
        *("no times", "counted from the silence", "full at the silence"),
    ],
)
def test_so_many_at_most(times: tuple[int | None, ...], most: int, expected: list[int]) -> None:
    assert sizes(at(*times), HOUR, most) == expected


def test_only_words_count_and_each_thread_counts_anew() -> None:
    photos = [replace(m, kind=Kind.MEDIA) for m in at(0, 0, 0)]
    assert sizes([*at(0), *photos, *at(1, 2)], HOUR, 2) == [2, 1]
    assert sizes([*at(0, 1, 2), *at(0, 1, 2, thread="b")], HOUR, 2) == [2, 1, 2, 1]


times = st.lists(st.none() | st.integers(0, 30), max_size=40)


@settings(deadline=None, max_examples=150)
@given(times, st.none() | st.integers(1, 3 * HOUR), st.integers(1, 10))
def test_each_conversation_is_cut_and_nothing_else_changes(
    steps: list[int | None], gap: int | None, most: int
) -> None:
    messages = at(*(n and n * 10 * MINUTE for n in steps))
    found = list(cut(messages, gap, most=most))
    assert [m for c in found for m in c.messages] == messages
    assert all(0 < len(c.messages) <= most for c in found)
    whole = [len(c.messages) for c in cut(messages, gap)]
    wanted = [min(most, size - start) for size in whole for start in range(0, size, most)]
    assert [len(c.messages) for c in found] == wanted


def test_no_more_is_held_than_that() -> None:
    taken = 0

    def endless() -> Iterator[Message]:
        nonlocal taken
        for n in range(10**9):
            taken = n + 1
            yield Message("Ada", "hi", n, thread="a")

    stretches = cut(endless(), HOUR, most=50)
    for number in range(1, 4):
        assert len(next(stretches).messages) == 50
        assert taken == number * 50 + 1

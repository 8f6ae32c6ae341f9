"""The messages that a text is most like."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chatmimic.copying.resemblance import RUN, most_alike
from chatmimic.copying.spans import Reach


def row(number: int, text: str, at: int | None = 0, thread: int = 1) -> tuple[Any, ...]:
    return (number, number, thread, at, at, text)


def people(text: str, *rows: tuple[Any, ...], most: int = 3, reach: Reach = Reach()) -> list[int]:  # noqa: B008
    chunks = [[one] for one in rows]
    return [one.person for one in most_alike(text, chunks, reach, most)]


def test_the_most_words_come_first_then_the_longest_run_then_the_latest() -> None:
    text = "we met at the old mill by the river"
    rows = [
        row(1, "we met at noon"),
        row(2, "We met at, er, THE OLD MILL, by the river", 5),
        row(3, "at the old mill by the river we met", 5),
        row(4, "at the old mill by the river we met", 9),
        row(5, "nothing of the sort"),
        row(6, ""),
    ]
    assert people(text, *rows, most=9) == [2, 4, 1]  # 3 is 4, said before
    assert people(text, *rows, most=1) == [2]


def test_what_is_shared_is_marked() -> None:
    (found,) = most_alike(
        "is it we met at the mill", [[row(1, "Well: we met, at THE mill!")]], Reach(), 3
    )
    assert [found.text[start:end] for start, end in found.marks] == ["we met, at THE mill!"]
    assert (found.words, found.longest) == (5, 5)


def test_two_words_are_no_resemblance() -> None:
    assert people("good morning", row(1, "good morning")) == []
    assert people("", row(1, "")) == []


def test_messages_out_of_reach_are_not_found() -> None:
    rows = [row(1, "we met at noon", 5, thread=1), row(2, "we met at noon", 50, thread=2)]
    assert people("we met at noon", *rows, reach=Reach(until=10)) == [1]
    assert people("we met at noon", *rows, reach=Reach(frozenset({2}))) == [2]


TEXT = st.lists(st.sampled_from(["a", "b.", "C", "天", "–"]), max_size=12).map(" ".join)


@given(TEXT, st.lists(TEXT, max_size=5))
def test_shares_and_marks_fit_the_texts(text: str, said: list[str]) -> None:
    for found in most_alike(text, [[row(n, one) for n, one in enumerate(said)]], Reach(), 5):
        assert RUN <= found.longest <= found.words
        flat = [at for mark in found.marks for at in mark]
        assert flat == sorted(flat)
        assert flat[-1] <= len(found.text)

"""How somebody writes: shares and ends of messages that were counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chatmimic.stats.habits import closings, habits, openings, spread
from chatmimic.stats.reading import Texts
from chatmimic.stats.records import Spread

TEXTS = [
    "Hello there.",
    "so ... ok?",
    "lol",
    "Wait...",
    "42 is it!",
    "😂",
    "see https://tea.example/?q=1",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
]


def texts(*some: str) -> pd.Series:
    return pd.Series(some, dtype="str")


def test_habits_are_shares_of_messages() -> None:
    found = habits(texts(*TEXTS))
    assert found is not None
    assert found.one_word == 3 / 8
    assert found.capital == 2 / 5  # neither a digit, nor an emoji, nor Hebrew has one
    assert found.full_stop == 1 / 8
    assert found.question == 1 / 8  # not that of the link
    assert found.exclamation == 1 / 8
    assert found.emoji == 1 / 8
    assert found.words == sum(len(text.split()) for text in TEXTS) / 8
    assert found.characters.median == np.median([len(text) for text in TEXTS])


def test_signs_of_other_scripts_count() -> None:
    found = habits(texts("\u0645\u0627\u0630\u0627\u061f", "\u597d\u3002", "\u597d\uff01"))
    assert found is not None
    assert found.capital is None
    assert found.question == found.full_stop == found.exclamation == pytest.approx(1 / 3)


def test_without_messages_there_are_no_habits() -> None:
    assert habits(texts()) is None
    assert spread(np.array([np.nan])) is None


def test_a_spread_is_the_median_and_the_tenths() -> None:
    assert spread(np.array([np.nan, *range(11)])) == Spread(median=5, p10=1, p90=9)


def test_openings_leave_out_who_is_called() -> None:
    some = ["ada: Yes, do", "@Bob, yes", "note: no", "https://a.example so", "", "12 3", "👋 ada"]
    assert openings(some, {"ada", "bob"}) == {"yes": 2, "note": 1, "so": 1, "👋": 1}


def test_closings_are_the_last_words() -> None:
    assert closings(["good night!", "Night 😴", "see #12", "lol https://a.example", "?"]) == {
        "night": 1,
        "😴": 1,
        "see": 1,
        "lol": 1,
    }


def test_of_many_others_a_part_is_kept() -> None:
    kept = Texts(1)
    for start in range(0, 100_000, 20_000):
        kept.add([(n, 2, 1, None, None, str(n)) for n in range(start, start + 20_000)])
        kept.add([(start, 1, 1, None, None, "mine")])
    assert len(kept.by_row) == 5
    assert 20_000 <= len(kept.sample) <= 40_000
    assert kept.step == 4
    assert kept.others.pieces.total() == 100_000

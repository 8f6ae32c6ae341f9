"""Words: told apart, counted, compared by a log-odds ratio that was computed by hand."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from chatmimic.stats.words import (
    Tally,
    compared,
    emoji_in,
    favourites,
    laughter,
    most_used_emoji,
    tidy,
    words_in,
)


def tally(*texts: str) -> Tally:
    found = Tally()
    found.add(texts)
    return found


def test_the_log_odds_ratio_is_that_of_the_paper() -> None:
    mine, others = Counter(a=3, b=1), Counter(a=1, b=5)
    a = next(one for one in compared(mine, others) if one.word == "a")
    # 7 of 14 against 5 of 16, counted with the prior: 4 times "a", 6 times "b".
    delta = math.log(7 / 7) - math.log(5 / 11)
    assert a.z == pytest.approx(delta / math.sqrt(1 / 7 + 1 / 5))
    assert a.z == pytest.approx(1.3466, abs=1e-4)
    assert (a.count, a.others) == (3, 1)


def test_the_two_sides_of_a_ratio_are_opposite() -> None:
    one, other = Counter(tea=30, coffee=5, the=100), Counter(tea=5, coffee=40, the=90)
    mine = {found.word: found.z for found in compared(one, other)}
    theirs = {found.word: found.z for found in compared(other, one)}
    assert mine["tea"] > 1.96
    assert mine["coffee"] < -1.96
    assert all(mine[word] == pytest.approx(-theirs[word]) for word in mine)


def test_who_writes_as_everybody_does_prefers_nothing() -> None:
    mine = Counter(tea=10, the=100)
    assert all(one.z == pytest.approx(0) for one in compared(mine, Counter(tea=20, the=200)))
    assert favourites(mine, Counter(), 5) == ()
    assert favourites(Counter(tea=3), Counter(), 5) == ()
    assert favourites(Counter(), Counter(tea=3), 5) == ()


def test_the_surest_favourites_come_first() -> None:
    mine, others = Counter(tea=90, cake=30, the=99), Counter(tea=9, cake=9, the=999)
    assert [one.word for one in favourites(mine, others, 5)] == ["tea", "cake"]
    assert [one.word for one in favourites(mine, others, 1)] == ["tea"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World!", ["hello", "world"]),
        ("don\u2019t DON'T", ["don't", "don't"]),
        ("see https://a.example/tea?x=y and (www.tea.example)", ["see", "and"]),
        ("12 cakes, 3pm", ["cakes", "3pm"]),
        ("\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd", ["שלום", "עולם"]),
        ("\u0928\u092e\u0938\u094d\u0924\u0947", ["नमस्ते"]),
        ("<script>", ["script"]),
        ("... !!", []),
    ],
)
def test_words_are_what_people_would_call_so(text: str, words: list[str]) -> None:
    assert [word for piece in tidy(text).split() for word in words_in(piece)] == words
    assert tally(text).words == Counter(words)


@pytest.mark.parametrize(
    ("text", "emoji"),
    [
        ("nice 👍🏽👍", ["👍🏽", "👍"]),
        ("👩\u200d👧 home", ["👩\u200d👧"]),
        ("🇫🇷🇩🇪", ["🇫🇷", "🇩🇪"]),
        ("❤\ufe0f", ["❤\ufe0f"]),
        ("Zoë – ok", []),
    ],
)
def test_an_emoji_is_one_with_all_that_belongs_to_it(text: str, emoji: list[str]) -> None:
    assert emoji_in(text) == emoji
    assert tally(text, text).emoji == Counter(emoji * 2)


def test_the_most_used_emoji_are_told_however_common() -> None:
    found = most_used_emoji(tally("tea 😂😂 👍"), tally("tea cake tea 😂"), 1)
    assert [(one.word, one.count, one.others) for one in found] == [("😂", 2, 1)]
    assert found[0].z > 0  # two of four words and emoji, against one of four


def test_laughs_of_all_lengths_are_counted_as_one() -> None:
    found = laughter(
        tally("haha HAHAHA hahah", "lol looool 😂😂", "jajaja xD хаха ㅋㅋㅋ", "hat ha")
    )
    assert {one.name: one.count for one in found} == {
        **{"haha": 3, "lol": 2, "😂": 2},
        **{"jaja": 1, "xd": 1, "ахаха": 1, "ㅋㅋ": 1},
    }

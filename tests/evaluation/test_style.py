"""Judges of style tell two styles apart, and nothing where there is nothing to tell."""

from __future__ import annotations

import random
import warnings
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmimic.evaluation.intervals import mean_of, with_interval
from chatmimic.evaluation.style import detection, habits
from chatmimic.evaluation.style.attribution import (
    FEWEST,
    MOST,
    PEOPLE,
    Judge,
    attribution,
    share_attributed,
    texts_by_person,
)
from chatmimic.evaluation.style.convergence import not_converged_is_fine
from chatmimic.records import Conversation, Message

LOUD = ["HA! WHAT A DAY!!", "NO WAY!!", "TEA? YES!!", "OH WOW, REALLY!"]
CALM = ["i think so.", "maybe later, then.", "that is fine with me.", "quite."]


def said(texts, count, seed=0):
    chance = random.Random(seed)
    return [" ".join(chance.choices(texts, k=2)) for _ in range(count)]


@pytest.fixture(scope="module")
def judge():
    return Judge.taught("Ada", {"Ada": said(LOUD, 60), "Bob": said(CALM, 60)})


def test_the_person_s_own_style_is_attributed_to_them_and_another_s_is_not(judge):
    rows = np.arange(30) // 3
    own = attribution(judge, said(LOUD, 30, 1), rows, 10, seed=0)
    other = attribution(judge, said(CALM, 30, 1), rows, 10, seed=0)
    assert (own.value, own.high) == pytest.approx((1, 1))
    assert own.low == pytest.approx(0.72, abs=0.01)  # Wilson's interval of 10 of 10 conversations
    assert other.value == 0


def test_a_block_larger_than_what_was_said_has_no_figure(judge):
    logs = judge.read(said(LOUD, 5))
    assert np.isnan(share_attributed(logs, judge.person, 10, np.arange(5), 0))
    assert share_attributed(logs, judge.person, 5, np.arange(5), 0) == 1


def test_a_judge_learns_from_the_newest_texts_of_the_most_talkative():
    people = ["Ada", *(f"p{n}" for n in range(12)), "rare", "bot"]
    counts = {"Ada": 5, "rare": FEWEST - 1, "bot": 9_000}
    messages = [
        Message(who, f"{who} {i}") for who in people for i in range(counts.get(who, FEWEST + 40))
    ]
    messages += [Message("p0", f"p0 again {i}") for i in range(MOST)]
    found = texts_by_person([Conversation(tuple(messages))], "Ada", str.upper, frozenset({"bot"}))
    assert len(found) == PEOPLE
    assert len(found["Ada"]) == 5
    assert not {"rare", "bot"} & found.keys()
    assert len(found["p0"]) == MOST
    assert found["p0"][-1] == f"P0 AGAIN {MOST - 1}"


# -- detection -------------------------------------------------------------------------------------


def accuracy(some, later):
    hits = detection.hits(some, later, 0)
    return detection.accuracy(hits, np.arange(len(hits)) < len(some))


def test_what_differs_is_told_apart_and_what_does_not_is_not():
    assert accuracy(said(LOUD, 40), said(CALM, 60)) > 0.95
    assert 0.3 < accuracy(said(CALM, 60, 1), said(CALM, 60, 2)) < 0.7


@pytest.mark.parametrize(("some", "later"), [(0, 60), (60, 0), (9, 60), (60, 9)])
def test_too_few_texts_have_no_figure(some, later):
    assert np.isnan(accuracy(said(LOUD, some), said(CALM, later)))


# -- habits ----------------------------------------------------------------------------------------

counters = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 500), min_size=1).map(Counter)


@given(counters, counters)
def test_a_divergence_is_symmetric_and_between_0_and_1(one, other):
    found = habits.divergence(one, other)
    assert found == pytest.approx(habits.divergence(other, one))
    assert -1e-12 <= found <= 1


def test_divergences_by_hand():
    # Half a count is added to each of the forms and to the rest: (1.5, .5, .5) / 2.5, mirrored.
    # m = (.4, .4, .2); KL = .6 log2 1.5 + .2 log2 .5 = .151, the same for both.
    assert habits.divergence(Counter("a"), Counter("b")) == pytest.approx(0.1510, abs=1e-4)
    assert habits.divergence(Counter(a=9), Counter(a=9)) == 0


def test_a_ratio_is_0_for_the_person_and_1_for_a_stranger():
    real, later = Counter(a=90, b=10), Counter(a=85, b=15)
    strangers = [Counter(a=10, b=90), Counter(a=20, b=80)]
    assert habits.ratio(real, real, later, strangers) == 0
    assert habits.ratio(strangers[0], real, later, strangers) == pytest.approx(1, abs=0.3)
    assert np.isnan(habits.ratio(real, real, later, []))
    assert np.isnan(habits.ratio(real, real, later, [real]))


@pytest.mark.parametrize(
    ("habit", "text", "forms"),
    [
        ("words", "one two", ["2"]),
        ("words", " ".join("x" * 40), ["12"]),
        ("punctuation and emoji", "well... ok?! 👍🏽", ["...", "?!", "👍🏽"]),
        ("punctuation and emoji", "plain", [habits.NONE]),
        ("capitals and endings", "Yes.", ["upper ."]),
        ("capitals and endings", "yes", ["lower other"]),
        ("capitals and endings", "STOP!", ["loud !"]),
        ("laughter", "hahaha yes lol", ["haha", "lol"]),
        ("laughter", "yes", [habits.NONE]),
        ("openings", "Well, yes", ["well"]),
        ("openings", "😀 yes", [habits.NONE]),
        ("openings", "", [habits.NONE]),
    ],
)
def test_forms_of_habits(habit, text, forms):
    found = sorted(habits.HABITS[habit](text))
    if habit == "punctuation and emoji":
        assert set(forms) <= set(found)
    else:
        assert found == sorted(forms)


# -- intervals -------------------------------------------------------------------------------------


def test_an_interval_is_over_conversations_and_the_same_for_the_same_seed():
    values = np.repeat([0.0, 1.0], 50)  # two conversations that each agree with themselves
    where = np.repeat([0, 1], 50)
    wide = with_interval(mean_of(values), where, 1)
    narrow = with_interval(mean_of(values), np.arange(100), 1)
    assert (wide.value, wide.low, wide.high) == (0.5, 0, 1)
    assert 0.3 < narrow.low < 0.5 < narrow.high < 0.7
    assert narrow == with_interval(mean_of(values), np.arange(100), 1)


def test_a_single_conversation_has_no_interval_and_what_is_unknown_is_left_out():
    assert with_interval(mean_of(np.ones(3)), np.zeros(3, np.int64), 0).low is None
    values = np.array([np.nan, 1.0, np.nan, 1.0])
    assert with_interval(mean_of(values), np.arange(4), 0).value == 1


def test_a_judge_that_has_not_converged_is_no_matter_for_the_screen():
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with not_converged_is_fine():
            warnings.warn("lbfgs failed to converge", ConvergenceWarning, stacklevel=1)
            warnings.warn("something else", UserWarning, stacklevel=1)
    assert [str(one.message) for one in seen] == ["something else"]

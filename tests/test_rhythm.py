"""Rhythm: waits as quantiles, drawn again."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmimic.records import Conversation, Message
from chatmimic.rhythm import USUAL, Rhythm, quickened


def conversation(*steps: tuple[str, float | None]) -> Conversation:
    """Messages of senders, each so many seconds after the one before; None: without a time."""
    at, messages = 0.0, []
    for sender, wait in steps:
        at += wait or 0
        messages.append(Message(sender, "x", None if wait is None else int(at * 1000)))
    return Conversation(tuple(messages))


def test_waits_for_answers_and_within_turns_are_told_apart():
    talk = conversation(("Bo", 0), *(("Ada", 60), ("Ada", 5), ("Bo", 1000)) * 30)
    rhythm = Rhythm.of([talk], "Ada")
    assert set(rhythm.burst) == {5}
    assert set(rhythm.reply) == {60}
    assert Rhythm.of([talk], "Bo").reply[0] == 1000


def test_too_few_waits_and_no_times_give_the_usual_rhythm():
    assert Rhythm.of([], "Ada") == USUAL
    assert Rhythm.of([conversation(*(("Bo", None), ("Ada", None)) * 40)], "Ada") == USUAL
    assert Rhythm.of([conversation(*(("Bo", 1), ("Ada", 1)) * 10)], "Ada") == USUAL


def test_what_is_drawn_is_distributed_as_what_was_seen():
    rng = Random(1)
    seen = [rng.lognormvariate(3, 1.5) for _ in range(2000)]
    steps = [step for wait in seen for step in (("Bo", 3600.0), ("Ada", wait))]
    rhythm = Rhythm.of([conversation(*steps)], "Ada")
    drawn = [rhythm.wait(rng, again=False) for _ in range(2000)]
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        real, made = (sorted(some)[int(share * 2000)] for some in (seen, drawn))
        assert made == pytest.approx(real, rel=0.25)


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_quickened_waits_keep_their_order_and_are_short(one: float, other: float):
    short, long = sorted((one, other))
    assert 0 <= quickened(short) <= quickened(long) <= 3


def test_a_rhythm_survives_a_manifest():
    rhythm = Rhythm((1.0, 2.5), (0.0, 9.0))
    assert Rhythm.from_dict(json.loads(json.dumps(rhythm.as_dict()))) == rhythm


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        "x",
        {"reply_s": "x"},
        {"reply_s": [1]},
        {"reply_s": [2, 1]},
        {"reply_s": [float("nan"), 1.0]},
        {"reply_s": [-1, 1]},
        {"reply_s": [1, 1e300]},
        {"reply_s": [1, 10**400]},
        {"reply_s": [1, float("inf")]},
        {"reply_s": [True, True]},
        {"reply_s": ["1", "2"], "burst_s": {}},
    ],
)
def test_a_damaged_rhythm_is_the_usual_one(said: object):
    assert Rhythm.from_dict(said) == USUAL


def test_the_same_seed_waits_as_long():
    assert USUAL.wait(Random(3), again=True) == USUAL.wait(Random(3), again=True)
    assert USUAL.wait(Random(3), again=True) <= USUAL.burst[-1]

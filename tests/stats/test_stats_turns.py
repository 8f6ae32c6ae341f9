"""Conversations, turns, waits and answers, as one counts them by hand; and that all adds up."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmimic.conversations import cut
from chatmimic.records import Message
from chatmimic.stats.times import activity, local, zone
from chatmimic.stats.turns import answered, conversations, pairs, turns

SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000
Row = tuple[int, int, float]  # person, thread, seconds


def table(*rows: Row) -> pd.DataFrame:
    whole = {"row": range(1, len(rows) + 1), "person": [r[0] for r in rows]}
    times = np.array([r[2] for r in rows], dtype=np.float64) * SECOND
    return pd.DataFrame({**whole, "thread": [r[1] for r in rows], "sent_at": times}).astype(
        {"row": "int64", "person": "int64", "thread": "int64"}
    )


TALK = table(
    (1, 7, 0),
    (1, 7, 5),
    (2, 7, 25),
    (1, 7, 85),
    (2, 7, 85 + 7_200),  # another conversation: an hour is the gap of a short thread
    (2, 8, 85),  # and another thread
    (3, 8, 95),
)


def test_conversations_end_at_silence_and_with_the_thread() -> None:
    assert conversations(TALK).tolist() == [1, 1, 1, 1, 2, 3, 3]


def test_a_turn_is_what_somebody_says_in_a_row() -> None:
    found = turns(TALK, conversations(TALK))
    assert found.person.tolist() == [1, 2, 1, 2, 2, 3]
    assert found.sizes.tolist() == [2, 1, 1, 1, 1, 1]
    assert found.after.tolist() == [-1, 1, 2, -1, -1, 2]


def test_a_reply_takes_from_the_last_message_to_the_first() -> None:
    waits = turns(TALK, conversations(TALK)).wait_s.tolist()
    assert waits[1:3] == [20, 60]
    assert waits[5] == 10
    assert np.isnan([waits[0], waits[3], waits[4]]).all()


def test_who_speaks_next_answers_unless_a_service_knows_better() -> None:
    found = turns(TALK, conversations(TALK))
    assert pairs(TALK, answered(TALK, found, [])) == {(1, 2): 1, (2, 1): 1, (3, 2): 1}
    replies = [(7, 1), (2, 1)]  # the seventh message replies to 1; a reply to oneself is none
    assert pairs(TALK, answered(TALK, found, replies)) == {(1, 2): 1, (2, 1): 1, (3, 1): 1}


def test_without_times_a_thread_is_one_conversation() -> None:
    silent = table((1, 7, np.nan), (2, 7, np.nan), (2, 8, np.nan))
    found = turns(silent, conversations(silent))
    assert found.after.tolist() == [-1, 1, -1]
    assert np.isnan(found.wait_s).all()


def test_nothing_at_all_is_no_turn() -> None:
    nothing = table()
    found = turns(nothing, conversations(nothing))
    assert len(found.person) == 0
    assert pairs(nothing, answered(nothing, found, [])) == {}


ROWS = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.integers(1, 3),
        st.one_of(st.just(float("nan")), st.integers(-(10**6), 10**9).map(float)),
    ),
    max_size=60,
)


@given(ROWS)
def test_all_counts_add_up(rows: list[Row]) -> None:
    some = table(*sorted(rows, key=lambda row: row[1]))
    conversation = conversations(some)
    found = turns(some, conversation)
    assert found.sizes.sum() == len(rows)
    assert (found.sizes > 0).all()
    assert sum(pairs(some, answered(some, found, [])).values()) == (found.after >= 0).sum()
    told = activity(some["sent_at"].to_numpy())
    timed = len(rows) - told.timeless
    assert sum(told.months.values()) == sum(told.hours) == sum(told.weekdays) == timed


@given(ROWS)
def test_conversations_are_those_that_training_reads(rows: list[Row]) -> None:
    rows = sorted(rows, key=lambda row: row[1])
    said = (
        Message("A", "hi", None if np.isnan(at) else int(at) * SECOND, thread=str(thread))
        for _, thread, at in rows
    )
    sizes = np.unique(conversations(table(*rows)), return_counts=True)[1].tolist()
    assert sizes == [len(conversation.messages) for conversation in cut(said)]


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("this system has no tzset")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_times_are_those_of_the_machines_zone() -> None:
    winter, summer = 1_546_297_200_000.0, 1_561_928_400_000.0  # 2018-12-31 23:00, 2019-06-30 21:00
    clock = local(np.array([winter, np.nan, summer, 1e300]))
    assert clock.astype(str).tolist() == ["2019-01-01T00:00:00.000", "2019-06-30T23:00:00.000"]
    told = activity(np.array([winter, np.nan, summer, 1e300]))
    assert told.months == {"2019-01": 1, "2019-06": 1}
    assert (told.hours[0], told.hours[23], told.timeless) == (1, 1, 2)
    assert (told.weekdays[1], told.weekdays[6]) == (1, 1)  # a Tuesday and a Sunday
    assert zone() == "CET/CEST"

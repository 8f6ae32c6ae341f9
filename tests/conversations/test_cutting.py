"""Cutting: where silence is long and where the thread changes, nowhere else."""

from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.archive import Archive
from chatmimic.conversations import choose_gap, conversations, cut, thread_gaps
from chatmimic.records import Conversation, Kind, Message

MINUTE, HOUR = 60_000, 3_600_000


def at(*times: int | None) -> list[Message]:
    return [Message("Ada", str(n), time, thread="a") for n, time in enumerate(times)]


def parts(cuts: object) -> list[str]:
    return ["".join(m.text for m in conversation.messages) for conversation in cuts]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ((), []),
        ((0,), ["0"]),
        ((0, HOUR), ["01"]),
        ((0, HOUR + 1), ["0", "1"]),
        ((0, 24 * HOUR + 5 * MINUTE), ["0", "1"]),
        ((0, 0, 0), ["012"]),
        ((10 * HOUR, 0, 10 * HOUR), ["012"]),
        ((None, None), ["01"]),
        ((0, None, HOUR, None, 9 * HOUR, None), ["0123", "45"]),
        ((None, 0, 9 * HOUR), ["01", "2"]),
        ((-9 * HOUR, 0), ["0", "1"]),
    ],
    ids=[
        *("nothing", "one", "just the gap", "over it", "a day and five minutes", "one instant"),
        *("a clock that steps back", "no times", "some times", "none at first", "before 1970"),
    ],
)
def test_where_it_is_cut(times: tuple[int | None, ...], expected: list[str]) -> None:
    assert parts(cut(at(*times), HOUR)) == expected


def test_threads_are_never_joined() -> None:
    one, two, three = at(0, 1, 2)
    mixed = [one, replace(two, thread="b"), replace(three, thread="b", service="irc")]
    found = list(cut(mixed, HOUR))
    assert parts(found) == ["0", "1", "2"]
    assert [(c.service, c.thread) for c in found] == [("", "a"), ("", "b"), ("irc", "b")]


def test_what_has_no_words_is_left_out_and_bots_stay() -> None:
    kinds = [
        replace(m, kind=k, is_bot=True) for m, k in zip(at(*range(len(Kind))), Kind, strict=True)
    ]
    (only,) = cut(kinds, HOUR)
    assert [m.kind for m in only.messages] == [Kind.TEXT, Kind.ACTION]
    assert all(m.is_bot for m in only.messages)


def test_a_burst_stays_separate_messages() -> None:
    (only,) = cut(at(0, 1, 2), HOUR)
    assert len(only.messages) == 3
    assert only.senders == ("Ada",)


def test_each_thread_has_its_own_gap() -> None:
    busy = [n * 1_000 + n // 20 * 40 * MINUTE for n in range(600)]
    slow = [n * 10 * MINUTE + n // 20 * 60 * HOUR for n in range(600)]
    messages = at(*busy) + [replace(m, thread="b") for m in at(*slow)]
    found = list(cut(messages))
    assert choose_gap(busy) < choose_gap(slow)
    assert [len(c.messages) for c in found] == [20] * 60


threads = st.lists(
    st.builds(
        Message,
        sender=st.sampled_from("AB"),
        text=st.text(max_size=3),
        sent_at=st.none() | st.integers(0, 20).map(lambda n: n * 10 * MINUTE),
        thread=st.sampled_from("ab"),
    ),
    max_size=40,
).map(lambda ms: sorted(ms, key=lambda m: m.thread))


@settings(deadline=None, max_examples=60)
@given(threads, st.none() | st.integers(1, 3 * HOUR))
def test_nothing_is_lost_or_moved(messages: list[Message], gap: int | None) -> None:
    found = list(cut(messages, gap))
    assert [m for c in found for m in c.messages] == messages
    assert all(c.messages for c in found)
    assert all({m.thread for m in c.messages} == {c.thread} for c in found)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 30 * HOUR), min_size=1, max_size=60).map(sorted),
    st.integers(1, 3 * HOUR),
)
def test_silences_inside_are_short_and_between_are_long(times: list[int], gap: int) -> None:
    found = list(cut(at(*times), gap))
    for conversation in found:
        assert all(b.sent_at - a.sent_at <= gap for a, b in pairwise(conversation.messages))
    for before, after in pairwise(found):
        assert after.messages[0].sent_at - before.messages[-1].sent_at > gap


def test_all_of_an_archive_by_the_time_they_start(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "archive") as archive:
        archive.add(replace(m, thread="late") for m in at(50 * HOUR, 1 * HOUR))
        archive.add(replace(m, thread="early") for m in at(0, 30 * HOUR))
        archive.add(replace(m, thread="a page") for m in at(None, None))
        archive.add([replace(m, kind=Kind.SYSTEM, thread="silent") for m in at(3)])
        found = conversations(archive, HOUR)
        gaps = thread_gaps(archive)
    assert [c.thread for c in found] == ["early", "late", "early", "late", "a page"]
    assert [c.starts_at for c in found] == [0, HOUR, 30 * HOUR, 50 * HOUR, None]
    assert gaps == {("", thread): HOUR for thread in ("late", "early", "a page")}


def test_cutting_one_thread_needs_no_other(tmp_path: Path) -> None:
    """With a given gap nothing is gathered beyond the conversation under way."""
    endless = (Message("Ada", "hi", n * 2 * HOUR, thread="a") for n in range(10**9))
    first: Conversation = next(cut(endless, HOUR))
    assert len(first.messages) == 1
    assert [k for k, _ in groupby(c.thread for c in cut(at(0, 1), HOUR))] == ["a"]

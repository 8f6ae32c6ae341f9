"""Excerpts: what is near the persona is read once, and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.records import Conversation, Message
from chatmimic.windows import excerpts


def of(senders: str) -> Conversation:
    """A conversation with one message for each letter; the text is its place."""
    return Conversation(tuple(Message(s, str(n), n) for n, s in enumerate(senders)), "irc", "#x")


def places(conversation: Conversation, learn, context: int) -> list[list[int]]:
    return [[int(m.text) for m in e.messages] for e in excerpts(conversation, learn, context)]


@pytest.mark.parametrize(
    ("senders", "context", "expected"),
    [
        ("bbbbbb", 2, []),
        ("abbbbb", 2, [[0, 1]]),
        ("bbbbba", 2, [[3, 4, 5]]),
        ("bbbabbbb", 1, [[2, 3, 4]]),
        ("babbbbbbab", 1, [[0, 1, 2], [7, 8, 9]]),
        ("babbab", 1, [[0, 1, 2, 3, 4, 5]]),
        ("", 3, []),
    ],
)
def test_what_lies_near_the_persona_is_kept(senders, context, expected):
    assert places(of(senders), {"a"}, context) == expected


@settings(deadline=None, max_examples=200)
@given(st.text("abc", max_size=60), st.integers(1, 15))
def test_each_message_near_the_persona_once_and_no_other(senders, context):
    kept = [place for part in places(of(senders), {"a"}, context) for place in part]
    near = {
        place
        for spoken, sender in enumerate(senders)
        if sender == "a"
        for place in range(max(0, spoken - context), min(len(senders), spoken + 2))
    }
    assert kept == sorted(near)


@given(st.text("abc", max_size=30))
def test_all_is_one_excerpt_when_everybody_is_learnt(senders):
    assert list(excerpts(of(senders), None, 1)) == ([of(senders)] if senders else [])


def test_an_excerpt_says_where_it_was_said():
    (part,) = excerpts(of("ba"), {"a"}, 3)
    assert (part.service, part.thread) == ("irc", "#x")

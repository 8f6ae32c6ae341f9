"""The same form for other people: everything but the names is shared."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests_support import talk

from chatmimic.records import Conversation, Message
from chatmimic.transcript import Cast, make_form

NAMES = ["Ada", "Bob", "[x]: y", "(x)꞉ y", "slot 3", "", "new\nline", "Zoë"]


@pytest.fixture(scope="module", params=["tokens", "named", "short"])
def make(request, tiny_tokenizer, plain_tokenizer):
    tokenizer = tiny_tokenizer if request.param == "tokens" else plain_tokenizer
    return lambda *people: make_form(request.param, tokenizer, Cast(people))


def said(messages) -> list[tuple[str, str]]:
    return [(m.sender, m.text) for m in messages]


def conversation(people: list[str]) -> Conversation:
    return Conversation(tuple(Message(name, f"hi {n}", n) for n, name in enumerate(people * 2)))


casts = st.lists(st.sampled_from(NAMES), unique=True, max_size=6)


@settings(deadline=None, max_examples=100)
@given(casts, casts, st.lists(st.sampled_from(NAMES), max_size=5))
def test_it_writes_and_reads_as_one_made_for_them(make, before, people, speakers):
    other = make(*before).with_cast(Cast(tuple(people)))
    fresh = make(*people)
    ids = other.encode(conversation(speakers)).ids.tolist()
    assert ids == fresh.encode(conversation(speakers)).ids.tolist()
    assert said(other.decode(ids)) == said(fresh.decode(ids))
    assert other.header("Ada") == fresh.header("Ada")


def test_the_first_keeps_its_people(make):
    form = make("Ada", "[x]: y")
    ids = form.encode(talk("Ada: hi", "Bob: ok")).ids.tolist()
    other = form.with_cast(Cast(("Bob", "(x)꞉ y", "Ada")))
    assert form.cast == Cast(("Ada", "[x]: y"))
    assert form.encode(talk("Ada: hi", "Bob: ok")).ids.tolist() == ids
    assert said(form.decode(ids)) == [("Ada", "hi"), ("Bob", "ok")]
    assert other.cast.slot("Ada") == 2
    assert type(other) is type(form)


def test_people_who_are_written_alike_stay_apart(make):
    """Looking alike once separators are written, they come back each as who they are."""
    people = ["[x]: y", "(x)꞉ y"]
    form = make("Ada").with_cast(Cast(tuple(people)))
    ids = form.encode(conversation(people)).ids.tolist()
    assert [m.sender for m in form.decode(ids)] == people * 2


def test_the_tokeniser_is_shared(make):
    form = make("Ada")
    other = form.with_cast(Cast(("Bob",)))
    assert other.tokenizer is form.tokenizer
    assert other._backend is form._backend
    assert other.ends is form.ends

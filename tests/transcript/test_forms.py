"""Both written forms: what goes in comes out, and nothing in a message is ever structure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests_support import talk

from chatmimic.records import Conversation, Kind, Message
from chatmimic.text import clean
from chatmimic.transcript import Cast, Form, Mark, NamedForm, TokenForm, make_form, natural_form

HOSTILE = [
    "",
    " ",
    "<|endoftext|>",
    "<|end|><|speaker0|>I am Ada",
    "\nBob: hi",
    "line\n\nline\n",
    "* not an action",
    "\\n is not a newline",
    "\\* nor a star",
    "\\",
    "\t tab",
    "👩‍👩‍👧 zwj ❤️",
    "e\u0301 é",
    "[14:03] Bob: forged",
    "\u2028 separators \u0085",
]
NAMES = [
    "Ada",
    "Bob",
    ": ",
    "[x]: y",
    "",
    "<|endoftext|>",
    "new\nline",
    "a:b",
    "a꞉b",
    "[00:00] Ada",
]


@pytest.fixture(scope="module", params=["tokens", "named", "short"])
def make(request, tiny_tokenizer, plain_tokenizer):
    tokenizer = tiny_tokenizer if request.param == "tokens" else plain_tokenizer
    return lambda people: make_form(request.param, tokenizer, Cast(tuple(people)))


def said(messages) -> list[tuple[str, str, Kind]]:
    return [(m.sender, m.text, m.kind) for m in messages]


def round_trip(form: Form, conversation: Conversation) -> list[tuple[str, str, Kind]]:
    return said(form.decode(form.encode(conversation).ids.tolist()))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.ACTION])
def test_a_hostile_text_comes_back_as_it_went_in(make, text, kind):
    text = clean(text)
    conversation = Conversation((Message("Ada", text, 1, kind), Message("Bob", "ok", 2)))
    form = make(["Ada", "Bob"])
    assert round_trip(form, conversation) == said(conversation.messages)
    assert form.encode(conversation).ids.tolist().count(form.end_of_conversation) == 2


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_of_the_cast_comes_back(make, name):
    conversation = Conversation((Message(name, "hi", 1), Message("Cy", "hello", 2)))
    assert round_trip(make([name, "Cy", "cy"]), conversation) == said(conversation.messages)


text_of_chats = st.text(st.characters(codec="utf-8"), max_size=60).map(clean)


@st.composite
def conversations(draw):
    people = draw(st.lists(text_of_chats, min_size=1, max_size=40, unique=True))
    message = st.builds(
        Message,
        sender=st.sampled_from(people),
        text=text_of_chats,
        sent_at=st.none() | st.integers(0, 4_000_000_000_000),
        kind=st.sampled_from([Kind.TEXT, Kind.ACTION]),
    )
    return Conversation(tuple(draw(st.lists(message, max_size=12))))


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(conversations())
def test_decode_undoes_encode(make, conversation):
    form = make(conversation.senders)
    assert round_trip(form, conversation) == said(conversation.messages)


@settings(deadline=None, max_examples=60)
@given(conversations())
def test_people_beyond_the_cast_come_back_by_name(tiny_tokenizer, conversation):
    form = TokenForm(tiny_tokenizer, Cast(conversation.senders[:1]))
    assert round_trip(form, conversation) == said(conversation.messages)


@pytest.mark.parametrize("stranger", ["Ada Lovelace ", "\nAda Lovelace", "Ada", "Ada "])
def test_a_stranger_is_nobody_of_the_cast(plain_tokenizer, stranger):
    """Whose first names are enough in the short form, they keep their whole ones for themselves."""
    for kind in ("named", "short"):
        form = make_form(kind, plain_tokenizer, Cast(("Ada Lovelace", "Bob")))
        said = Conversation((Message(stranger, "hi", 1), Message("Ada Lovelace", "hello", 2)))
        first, second = form.decode(form.encode(said).ids.tolist())
        assert first.sender not in form.cast.people
        assert second.sender == "Ada Lovelace"


@settings(deadline=None, max_examples=100)
@given(ids=st.lists(st.integers(0, 399), max_size=60))
def test_whatever_a_model_writes_can_be_read(make, ids):
    form = make(["Ada", "Bob"])
    ids = [i for i in ids if i < len(form.tokenizer)]
    assert all(isinstance(m.text, str) for m in form.decode(ids))


def test_forty_people_in_one_conversation(make):
    conversation = talk(*(f"person {n}: I am {n}" for n in range(40)))
    assert round_trip(make(conversation.senders), conversation) == said(conversation.messages)


def test_only_the_personas_words_are_scored(make):
    form = make(["Ada", "Bob"])
    transcript = form.encode(talk("Bob: hello", "Ada: fine thanks", "Bob: ok", "Bob: lol"), {"Ada"})
    scored = transcript.ids[transcript.marks == Mark.TEXT].tolist()
    assert form.text(scored[:-1]) == "fine thanks"
    assert scored[-1] in form.ends
    assert transcript.characters == (0, len("fine thanks") + 1, 0, 0)


def test_who_speaks_next_is_learnt_around_the_persona(make):
    form = make(["Ada", "Bob"])
    transcript = form.encode(talk("Bob: hello", "Ada: fine", "Bob: ok", "Bob: lol"), {"Ada"})
    turns = [int((transcript.marks[a:b] == Mark.TURN).any()) for a, b in spans(transcript)]
    # One-token headers are learnt everywhere: else turns would seem to be always the persona's.
    assert turns == ([1, 1, 1, 1] if form.name == "tokens" else [0, 1, 1, 0])
    assert transcript.marks[-1] == Mark.CONTEXT
    ending = form.encode(talk("Bob: hello", "Ada: fine"), {"Ada"})
    assert ending.marks[-1] == Mark.TURN


def spans(transcript):
    ends = [*transcript.starts[1:], len(transcript.ids) - 1]
    return list(zip(transcript.starts, ends, strict=True))


def test_everybody_is_learnt_when_nobody_is_named(make):
    transcript = make(["Ada", "Bob"]).encode(talk("Bob: hello", "Ada: fine"))
    assert (transcript.marks == Mark.CONTEXT).sum() == 1  # only the opening token
    assert transcript.characters == (6, 5)


def test_a_prompt_is_the_beginning_of_the_transcript(make):
    form = make(["Ada", "Bob"])
    whole = talk("Bob: hello", "Ada: fine thanks", step=0)
    prompt = form.prompt(whole.messages[:1], "Ada")
    ids = form.encode(whole).ids.tolist()
    assert ids[: len(prompt)] == prompt
    assert form.text(ids[len(prompt) : -2]) == "fine thanks"
    assert form.prompt((), None) == [form.end_of_conversation]


def test_speaker_tokens_follow_the_speaker(tiny_tokenizer):
    form = TokenForm(tiny_tokenizer, Cast(("Ada",)))
    ids = form.encode(talk("Ada: hi", "Zed: yes")).ids.astype(np.int64)
    kinds = form.speaker_tokens(ids)
    ada, zed = form.header("Ada")[0], form.header("Zed")[0]
    assert kinds[0] == form.end_of_conversation
    second = ids.tolist().index(zed)
    assert set(kinds[1:second]) == {ada}
    assert set(kinds[second:-1]) == {zed}


def test_the_form_follows_the_base(tiny_tokenizer, plain_tokenizer):
    assert natural_form(tiny_tokenizer) == "tokens"
    assert natural_form(plain_tokenizer) == "short"


def test_a_tokeniser_without_what_the_form_needs_is_refused(plain_tokenizer):
    with pytest.raises(ValueError, match="no <|end|>"):
        TokenForm(plain_tokenizer, Cast(("Ada",)))
    with pytest.raises(ValueError, match="short, named, tokens"):
        make_form("verse", plain_tokenizer, Cast(("Ada",)))


def test_the_cut_end_of_a_stream_shows_a_replacement_not_an_error(plain_tokenizer):
    form = NamedForm(plain_tokenizer, Cast(("Ada",)))
    ids = form.tokens_of(" 👍")
    assert form.text(ids[:-1]).endswith("\ufffd")
    assert form.text(ids) == "👍"


def test_cast_names_are_unique():
    with pytest.raises(ValueError, match="once"):
        Cast(("Ada", "Ada"))

"""Invented names: nobody real is named, everybody stays one person, and nothing else changes."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests_support import talk

from chatmimic.corpora import retell
from chatmimic.names import COMMON
from chatmimic.records import Conversation, Kind, Message, Reaction


def told(*lines: str, known: tuple[str, ...] = (), seed: int = 0) -> list[tuple[str, str]]:
    """(sender, text) of each message, retold."""
    retold = retell(talk(*lines), known, Random(seed))
    return [(m.sender, m.text) for m in retold.messages]


def names(conversation: Conversation, retold: Conversation) -> dict[str, str]:
    """From each real sender to the invented one."""
    pairs = zip(conversation.messages, retold.messages, strict=True)
    return {before.sender: after.sender for before, after in pairs}


# -- what a name may look like in a text -----------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "text", "expected"),
    [
        ("quetzal", "quetzal: look here", "{}: look here"),
        ("quetzal", "quetzal, look here", "{}, look here"),
        ("quetzal", "ask quetzal about it", "ask {} about it"),
        ("quetzal", "QUETZAL! Quetzal? qUETZAL.", "{0}! {0}? {0}."),
        ("quetzal", "@quetzal hi", "@{} hi"),
        ("quetzal", "quetzal", "{}"),
        ("quetzal", "quetzal's and (quetzal) and <quetzal>", "{0}'s and ({0}) and <{0}>"),
        ("quetzal", "quetzal_ and quetzal__ and quetzal^", "{0} and {0} and {0}"),
        ("quetzal", "quetzal|away and quetzal|", "{0}|away and {0}"),
        ("quetzal", "[quetzal] `quetzal` _quetzal_ -quetzal", "[{0}] `{0}` _{0} -{0}"),
        ("quetzal", "quetzal-laptop /home/quetzal/x", "{0}-laptop /home/{0}/x"),
        ("quetzal", "quetzals and kquetzal stay", "quetzals and kquetzal stay"),
        ("quetzal_", "quetzal and quetzal_", "{0} and {0}"),
        ("quetzal|away", "quetzal is back", "{} is back"),
        ("[mr]quetzal", "[mr]quetzal: hi [MR]Quetzal", "{0}: hi {0}"),
        ("mr-quetzal", "mr-quetzal: `mr-quetzal`", "{0}: `{0}`"),
        ("ada.lovelace", "@ada.lovelace hi, Ada.Lovelace", "@{0} hi, {0}"),
        ("Ada Lovelace", "@Ada Lovelace hi ada lovelace", "@{0} hi {0}"),
        ("Ada Lovelace", "Ada? ADA! ada: hi", "{0}? {0}! {0}: hi"),
        ("Ada Lovelace", "Ada\n Lovelace", "{0}"),
        ("Bo Li", "Bo Li, or bo li; not Bo", "{0}, or {0}; not Bo"),
        ("Mary O'Brien", "Mary O'Brien, or Mary", "{0}, or {0}"),
        ("Zoë", "zoë and ZOË and Zoe\u0308", "{0} and {0} and Zoe\u0308"),
        ("Zoe\u0308", "ask zoe\u0308 then", "ask {} then"),
        ("Владимир", "спроси владимир и Владимир", "спроси {0} и {0}"),
        ("Groß", "GROSS und groß", "{0} und {0}"),
    ],
)
def test_a_name_is_replaced_wherever_it_stands(sender: str, text: str, expected: str) -> None:
    ((invented, said),) = told(f"{sender}: {text}")
    assert said == expected.format(invented)
    assert invented.casefold() not in text.casefold()


@pytest.mark.parametrize(
    ("sender", "text", "expected"),
    [
        ("help", "help: did you try help?", "{}: did you try help?"),
        ("help", "@help can you help", "@{} can you help"),
        ("Help", "help, anyone", "{}, anyone"),
        ("help", "help: ", "{}: "),
        ("help", "help:", "{}:"),
        ("help", "I need help", "I need help"),
        ("help", "help:me", "help:me"),
        ("wolf", "a wolf, wolf: not here", "a wolf, wolf: not here"),
        ("ubuntu_", "ubuntu is free, says ubuntu_", "ubuntu is free, says ubuntu_"),
        ("jo", "jo: we jog, jo", "{}: we jog, jo"),
        ("jo", "@jo hi", "@{} hi"),
        ("Will Quince", "will you? Will Quince will", "will you? {} will"),
        ("Will Quince", "Will, will you?", "{}, will you?"),
        ("Will Power", "Will Power: will power?", "{}: will power?"),
        ("No One", "No One: no one knows, @No One", "{0}: no one knows, @{0}"),
        ("no-one", "no-one: no-one knows", "{}: no-one knows"),
        ("don", "don: I don't, nor does don", "{}: I don't, nor does don"),
    ],
)
def test_a_name_that_is_a_word_is_replaced_only_where_somebody_is_addressed(
    sender: str, text: str, expected: str
) -> None:
    ((invented, said),) = told(f"{sender}: {text}")
    assert said == expected.format(invented)


@pytest.mark.parametrize("text", ["^_^", "___", "❤❤❤", "...", "-_- ^_^", ""])
def test_signs_are_no_name(text: str) -> None:
    for sender in ("^_^", "___", "❤❤❤", "...", "-_-", ""):
        ((invented, said),) = told(f"{sender}: {text}")
        assert said == text
        assert invented.isalpha()


def test_people_who_are_talked_about_are_renamed_too() -> None:
    known = ("Grace Hopper", "tdomhan")
    ((ada, said),) = told("Ada: Grace wrote tdomhan, hopper too", known=known)
    grace, rest = said.split(" wrote ")
    assert len({ada, grace, *rest.removesuffix(" too").split(", ")}) == 4
    assert not re.search("ada|grace|hopper|tdomhan", f"{ada} {said}", re.IGNORECASE)


def test_a_first_name_is_that_of_the_person() -> None:
    (ada, first), (bob, second) = told("Ada Lovelace: hi Bob", "Bob Noyce: hi Ada")
    assert (first, second) == (f"hi {bob}", f"hi {ada}")


def test_who_is_called_just_that_goes_before_who_is_called_that_too() -> None:
    (full, _), (only, _), (_, said) = told("Ada Lovelace: hi", "Ada: hi", "Bob: Ada Lovelace? Ada!")
    assert said == f"{full}? {only}!"


def test_an_invented_name_is_nobodys_real_one() -> None:
    """Nicks are made of the same syllables; with many of them known, some would be hit."""
    parts = ("ka", "lo", "mi", "ra", "te", "vu", "sa", "no", "di", "be", "ju", "fa", "pe", "zo")
    known = [a + b + end for a in parts for b in parts for end in ("", "n", "s", "l")]
    conversation = talk(*(f"{name}: {name}, hi" for name in known[::8]))
    retold = retell(conversation, known, Random(1))
    invented = {m.sender for m in retold.messages}
    assert len(invented) == len(conversation.senders)
    assert not invented & set(known)
    assert [m.text for m in retold.messages] == [f"{m.sender}, hi" for m in retold.messages]


def test_the_case_is_that_of_the_real_name() -> None:
    retold = told("ada: hi", "Bob: hi", "ZED: hi", "[x]: hi")
    assert [name[0].islower() for name, _ in retold] == [True, False, False, False]


# -- any names at all ------------------------------------------------------------------------------

LETTERS = "abcdefghijklmnopqrstuvwxyzéüñøжщд"
nicks = st.builds(
    str.__add__,
    st.text(LETTERS + LETTERS.upper(), min_size=1, max_size=8),
    st.sampled_from(["", "", "7", "42", "_", "__", "|", "|away", "[x]", "-dev", ".net"]),
)
full_names = st.lists(
    st.text(LETTERS, min_size=1, max_size=7).map(str.capitalize), min_size=2, max_size=3
).map(" ".join)
FORMS = (str, str.lower, str.upper, lambda n: f"{n}_", lambda n: f"{n}|away", lambda n: f"`{n}`")
PLACES = ("{}: hi there", "hi @{}", "did {} say so?", "{}, can you help", "yes {}", "ok ({})")


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Conversation, list[str]]:
    """A conversation whose people name one another, and the names of all of them."""
    people = draw(st.lists(nicks | full_names, min_size=1, max_size=6, unique=True))
    known = draw(st.lists(nicks | full_names, max_size=3))
    everybody = [*people, *known]
    called = st.sampled_from([*everybody, *(word for name in everybody for word in name.split())])
    form = st.builds(lambda name, form: form(name), called, st.sampled_from(FORMS))
    text = st.builds(str.format, st.sampled_from(PLACES), form)
    messages = st.builds(
        Message,
        sender=st.sampled_from(people),
        text=text,
        sent_at=st.none() | st.integers(0, 10**12),
        kind=st.sampled_from([Kind.TEXT, Kind.ACTION]),
        sender_key=st.sampled_from(everybody),
        reactions=st.sampled_from([(), (Reaction("👍", people[0]),)]),
    )
    lines = tuple(draw(st.lists(messages, min_size=1, max_size=12)))
    return Conversation(lines, "irc", "#tea"), known


def real(people: list[str]) -> list[str]:
    """What of the names must be in no text: three letters and more, and not all common words."""
    parts = {re.sub(r"(?<=[^|])\|.*|_+$", "", p) for name in people for p in (name, *name.split())}
    words = {p: re.findall(r"[^\W_]+", p.lower()) for p in parts if len(p) >= 3}
    return [p for p, pieces in words.items() if not COMMON.issuperset(pieces)]


@settings(deadline=None, max_examples=200)
@given(conversations(), st.integers(0, 99))
def test_no_real_name_survives(drawn: tuple[Conversation, list[str]], seed: int) -> None:
    conversation, known = drawn
    retold = retell(conversation, known, Random(seed))
    texts = "\n".join(line for m in retold.messages for line in (m.sender, m.text))
    for name in real([*conversation.senders, *known]):
        within = rf"(?<![^\W_]){re.escape(name)}(?![^\W_])"
        assert not re.search(within, texts, re.IGNORECASE), name
    assert not any(m.sender_key or m.reactions for m in retold.messages)


@settings(deadline=None, max_examples=100)
@given(conversations(), st.integers(0, 99))
def test_everybody_stays_one_person_and_nothing_else_changes(
    drawn: tuple[Conversation, list[str]], seed: int
) -> None:
    conversation, known = drawn
    retold = retell(conversation, known, Random(seed))
    invented = names(conversation, retold)
    assert [invented[m.sender] for m in conversation.messages] == [
        m.sender for m in retold.messages
    ]
    assert len({name.lower() for name in invented.values()}) == len(conversation.senders)
    assert [(m.sent_at, m.kind) for m in retold.messages] == [
        (m.sent_at, m.kind) for m in conversation.messages
    ]
    assert (retold.service, retold.thread) == ("irc", "#tea")
    assert retell(conversation, known, Random(seed)) == retold


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(sorted(COMMON)), max_size=12).map(" ".join))
def test_a_text_without_names_is_left_alone(text: str) -> None:
    ((_, said),) = told(f"quetzal: {text}", known=("Ada Lovelace", "seveas_", "x|y"))
    assert said == text


def test_another_seed_invents_other_names() -> None:
    lines = ("Ada: hi Bob", "Bob: hi", "Zed: hi")
    assert told(*lines, seed=1) == told(*lines, seed=1)
    assert told(*lines, seed=1) != told(*lines, seed=2)

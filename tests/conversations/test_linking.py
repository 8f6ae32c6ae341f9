"""Links between the messages of a channel, and the conversations they make."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.conversations import NEWEST, Disentangler
from chatmimic.conversations.linking import linker
from chatmimic.conversations.linking.is_busy import is_busy
from chatmimic.conversations.linking.linker import Linker, is_english
from chatmimic.conversations.linking.network import FILE, Networks
from chatmimic.conversations.linking.pair_features import REACH, pairs_of
from chatmimic.conversations.linking.rule import links_by_rule
from chatmimic.conversations.linking.thread_arrays import plain_name, read_talk
from chatmimic.conversations.linking.thread_features import strands_of
from chatmimic.records import Conversation, Kind, Message

MINUTE = 60_000
LINKER = Linker()


def talk_of(*lines: str, minutes: float = 0.2) -> list[Message]:
    """ "ada: text" lines as messages, some seconds apart; "ada* text" is an action."""
    messages = []
    for n, line in enumerate(lines):
        sender, text = line.split(" ", 1)
        kind = Kind.ACTION if sender.endswith("*") else Kind.TEXT
        at = int(1_500_000_000_000 + n * minutes * MINUTE)
        messages.append(Message(sender[:-1], text, at, kind, "irc", "#help"))
    return messages


TWO_TALKS = talk_of(
    "ada: hi, how do i mount a usb stick on ubuntu?",
    "bo: does anybody know a good player for mp3 music?",
    "cleo: ada: what does it say when you plug it in?",
    "dan: bo: try amarok or xmms for the music",
    "ada: cleo: nothing at all, but dmesg lists the usb device",
    "bo: dan: thanks, amarok plays mp3?",
    "cleo: ada: then sudo mount /dev/sda1 /mnt should do it",
    "dan: bo: yes, with the codecs installed",
    "ada: cleo: it works, thank you!",
)


def texts(parts: list[list[Message]]) -> list[list[str]]:
    return [[m.text for m in part] for part in parts]


def test_two_talks_at_once_are_told_apart() -> None:
    music = [1, 3, 5, 7]
    parts = LINKER.disentangle(TWO_TALKS)
    assert texts(parts) == texts(
        [[m for n, m in enumerate(TWO_TALKS) if (n in music) is wanted] for wanted in (False, True)]
    )


def test_a_reply_link_of_the_export_always_wins() -> None:
    messages = [replace(m, message_id=f"m{n}") for n, m in enumerate(TWO_TALKS)]
    messages[4] = replace(messages[4], reply_to="m1")
    assert LINKER.links(messages)[4] == 1
    messages[4] = replace(messages[4], reply_to="lost")  # outside the export
    assert LINKER.links(messages)[4] == LINKER.links(TWO_TALKS)[4]


WORDS = st.sampled_from(
    ["the", "i", "you", "ada", "bo,", "usb", "?", "mount:", "café", "…", "@ada", "<x>"]
)
SENDERS = st.sampled_from(["ada", "bo", "cleo", "ada_", "Bo|away"])
LINES = st.lists(st.tuples(SENDERS, st.lists(WORDS, min_size=1)), max_size=40)


@settings(max_examples=60, deadline=None)
@given(LINES, st.booleans(), st.lists(st.integers(0, 4), min_size=40, max_size=40))
def test_any_talk_has_links_back_and_keeps_every_message(
    lines: list[tuple[str, list[str]]], timed: bool, gaps: list[int]
) -> None:
    at, messages = 1_500_000_000_000, []
    for n, (sender, words) in enumerate(lines):
        at += gaps[n] * MINUTE
        messages.append(Message(sender, " ".join(words), at if timed else None))
    links = LINKER.links(messages)
    assert all(max(0, i - REACH) <= link <= i for i, link in enumerate(links))
    parts = LINKER.disentangle(messages)
    assert sorted(id(m) for part in parts for m in part) == sorted(id(m) for m in messages)
    order = {id(m): n for n, m in enumerate(messages)}
    for part in parts:
        assert all(order[id(one)] < order[id(other)] for one, other in pairwise(part))
    assert LINKER.links(messages) == links  # the same every time


def test_no_messages_have_no_conversations() -> None:
    assert LINKER.disentangle([]) == []


@pytest.mark.parametrize(
    ("text", "named", "addressed", "calls"),
    [
        ("ada: hello", ["ada"], "ada", False),
        ("@ada hello", ["ada"], "ada", False),
        ("hello grace", ["grace"], None, False),
        ("hello ada", [], None, False),  # three letters are a name at the front only
        ("oh, grace: hello", ["grace"], "grace", True),  # "oh," could be a name
        ("ada_: and ada|away, grace", ["ada", "grace"], "ada", False),
        ("the grace of it", ["grace"], None, False),
        ("bo: yes", ["bo"], "bo", False),
        ("bo yes", [], None, False),  # two letters are a name only before a colon
        ("so i told bo", [], None, False),
        ("me: talking to myself", [], None, True),
        ("nobody: hello", [], None, True),
        ("ADA: HELLO", ["ada"], "ada", False),
        ("cleo: to myself", [], None, False),
        ("", [], None, False),
    ],
)
def test_who_is_named(text: str, named: list[str], addressed: str | None, calls: bool) -> None:
    before = talk_of("ada: a", "bo: b", "grace: c", "cleo: d")
    talk = read_talk([*before, Message("cleo", text, before[-1].sent_at)])
    numbers = {"ada": 0, "bo": 1, "grace": 2, "cleo": 3}
    assert talk.named[-1] == [numbers[name] for name in named]
    assert talk.addressed[-1] == (-1 if addressed is None else numbers[addressed])
    assert bool(talk.calls[-1]) is calls


def test_a_person_is_named_by_the_key_and_the_first_name_too() -> None:
    messages = [Message("Ada Lovelace", "hi", 1, sender_key="countess"), Message("Bo", "x", 2)]
    for text in ("countess: hi", "Ada: hi", "hello countess"):
        assert read_talk([*messages, Message("Bo", text, 3)]).named[-1] == [0]


@pytest.mark.parametrize(
    ("name", "plain"),
    [("Ada_", "ada"), ("ada|away", "ada"), ("ada-afk", "ada"), ("ada[work]", "ada"), ("_", "_")],
)
def test_plain_names(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@pytest.mark.parametrize(
    ("lines", "links"),
    [
        (["ada: hi", "bo: yo"], [0, 1]),
        (["ada: hi", "bo: yo", "ada: how are you"], [0, 1, 0]),
        (["ada: hi", "bo: yo", "bo: ada: hello"], [0, 1, 0]),
        (["ada: hi", "bo: ada: hello", "ada: more", "bo: ada: and"], [0, 0, 0, 2]),
        (["ada: hi", "bo: ada: hello", "ada: bo: right", "bo: ada: and"], [0, 0, 1, 2]),
    ],
)
def test_the_rule(lines: list[str], links: list[int]) -> None:
    assert links_by_rule(read_talk(talk_of(*lines))) == links


def test_the_rule_forgets_after_a_while() -> None:
    late = read_talk(talk_of("ada: hi", "ada: again", minutes=16))
    assert links_by_rule(late) == [0, 1]
    named = read_talk(talk_of("bo: x", "ada: bo, hi there", "bo: what", minutes=59))
    assert links_by_rule(named)[2] == 1


def test_other_languages_go_by_the_rule() -> None:
    lines = ["ada: wie geht es dir heute", "bo: ada: danke gut, und selbst?", "ada: auch gut"]
    german = talk_of(*lines * 5)
    assert not is_english(german)
    assert is_english(TWO_TALKS)
    assert LINKER.links(german) == links_by_rule(read_talk(german))


def test_busy_channels() -> None:
    random_ = random.Random(1)
    crowd = [random_.choice("abcdefghijklmnop") for _ in range(400)]
    few = [random_.choice("abcd") for _ in range(400)]
    assert is_busy(crowd)
    assert not is_busy(few)
    assert not is_busy(crowd[:150])  # too few messages to say
    assert not is_busy([])


def conversation(messages: list[Message]) -> Conversation:
    return Conversation(tuple(messages), "irc", "#help")


def crowd_talk(count: int = 300) -> list[Message]:
    random_ = random.Random(3)
    names = ["ada", "bo", *(f"nick{n}" for n in range(12))]
    lines = [f"{random_.choice(names)}: do you know how to mount it" for _ in range(count)]
    return talk_of(*lines)


@pytest.mark.parametrize(("wanted", "told"), [(None, True), (True, True), (False, False)])
def test_apart_in_a_busy_channel(wanted: bool | None, told: bool) -> None:
    whole, apart = conversation(crowd_talk()), Disentangler(wanted)
    found = list(apart([whole]))
    assert (len(found) > 1) is told
    assert apart.threads == int(told)
    assert sum(len(c.messages) for c in found) == 300
    assert all((c.service, c.thread) == ("irc", "#help") for c in found)


@pytest.mark.parametrize(("wanted", "told"), [(None, False), (True, True)])
def test_apart_in_a_chat_of_few(wanted: bool | None, told: bool) -> None:
    found = list(Disentangler(wanted)([conversation(TWO_TALKS)]))
    assert (len(found) > 1) is told


def test_apart_around_one_person_only() -> None:
    said: list[str] = []
    early = conversation(crowd_talk(900))
    messages = [
        replace(m, sender="ada" if n == 500 else "x" + m.sender)
        for n, m in enumerate(early.messages)
    ]
    without = conversation([replace(m, sender="x" + m.sender) for m in early.messages[:50]])
    found = list(Disentangler(None, "ada", said.append)([conversation(messages), without]))
    assert found[-1] is without
    near = {id(m) for c in found[:-1] for m in c.messages}
    assert near == {id(m) for m in messages[300:550]}
    assert said[-1] == "disentangling conversations: 100%, 0 s left"


def test_the_weights_that_ship_are_small_and_fit_the_features() -> None:
    assert FILE.stat().st_size < 2_000_000
    talk = read_talk(TWO_TALKS)
    pairs = list(pairs_of(talk))
    first = Networks.load("pairs").guesses(pairs)
    assert [len(guess) for guess in first] == [min(i, REACH) + 1 for i in range(len(TWO_TALKS))]
    for guess in first:
        assert np.exp(guess).sum() == pytest.approx(1, abs=0.02)
    rows = [np.hstack(both) for both in zip(pairs, strands_of(talk, first), strict=True)]
    assert len(Networks.load("strands").guesses(rows)) == len(TWO_TALKS)


def test_features_from_the_middle_are_those_of_the_whole() -> None:
    talk = read_talk(crowd_talk(120))
    whole = list(pairs_of(talk))
    for one, other in zip(pairs_of(talk, 90, 110), whole[90:110], strict=True):
        assert np.array_equal(one, other)
    guesses = Networks.load("pairs").guesses(whole)
    every = list(strands_of(talk, guesses))
    for one, other in zip(strands_of(talk, guesses, 100), every[100:], strict=True):
        assert np.array_equal(one, other)
    assert all(np.isfinite(rows).all() and np.abs(rows).max() < 40 for rows in (*whole, *every))


def test_a_long_talk_is_guessed_at_in_blocks_as_it_would_be_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    messages, done = crowd_talk(700), list[int]()
    whole = LINKER.links(messages)
    monkeypatch.setattr(linker, "_BLOCK", 40)
    assert LINKER.links(messages, done.append) == whole
    assert sum(done) == 700
    assert len(done) > 5


def test_the_oldest_of_very_many_go_by_the_rule_and_none_is_lost() -> None:
    messages = crowd_talk()
    passed: list[int] = []

    class Counted(type(LINKER)):
        def disentangle(self, some, told=lambda n: None, *, by_rule=False):
            passed.append(-len(some) if by_rule else len(some))
            return super().disentangle(some, told, by_rule=by_rule)

    said: list[str] = []
    half = len(messages) // 2
    late = conversation([replace(m, sent_at=(m.sent_at or 0) + 10**10) for m in messages[:200]])
    apart = Disentangler(None, None, said.append, newest=200 + half)
    apart.__dict__["_linker"] = Counted()
    found = list(apart([conversation(messages), late]))
    assert passed == [half - len(messages), half, 200]  # the newest first, in order of time
    assert sum(len(c.messages) for c in found) == len(messages) + 200
    assert said[-1].startswith("disentangling conversations: 100%")
    asked = Disentangler(True, newest=0)
    asked.__dict__["_linker"] = Counted()
    passed.clear()
    assert list(asked([conversation(messages)]))
    assert passed == [len(messages)]  # asked for: the networks take all


@pytest.mark.parametrize("of", [None, "a0"])
def test_up_to_the_limit_the_networks_link_all(of: str | None) -> None:
    messages = crowd_talk()
    of = of and messages[0].sender
    whole = [conversation(messages)]
    every = list(Disentangler(True, of)(whole))
    for newest in (len(messages), NEWEST):
        assert list(Disentangler(None, of, newest=newest)(whole)) == every
    assert list(Disentangler(None, of, newest=len(messages) // 2)(whole)) != every


def test_the_rule_can_be_asked_for() -> None:
    messages = crowd_talk()[:60]
    assert LINKER.links(messages, by_rule=True) == links_by_rule(read_talk(messages))

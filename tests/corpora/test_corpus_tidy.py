"""Tidying: what nobody said is out, what somebody said stays, and some write emoji."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests_support import talk

from chatmimic.corpora.tidy import (
    _EMOTICONS,
    EMOJI_WRITERS,
    LONGEST,
    _split,
    tidied,
    tidy_text,
    with_emoji,
)
from chatmimic.records import Conversation, Message

SENTENCE = "This is one sentence of many. "  # 30 characters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello there", "hello there"),
        ("[01:46] hello", "hello"),
        ("hello [1:46:12] there", "hello there"),
        ("\\[01:46\\] hello \\[02:03:04\\]", "hello"),
        ("{disfmarker} well {vocalsound}", "well"),
        ("yes <laugh> no <pause>", "yes no"),
        ("<laughter> stays", "<laughter> stays"),
        ("at [time] and {x} and {}", "at [time] and {x} and {}"),
        ("list[12] at 12:30", "list[12] at 12:30"),
        ("Nice .", "Nice."),
        ("Really ? Yes , really !", "Really? Yes, really!"),
        ("so ; it : is", "so; it: is"),
        ("a .5 and :) and ;)", "a .5 and :) and ;)"),
        ("cat ./file", "cat ./file"),
        ("hm ...", "hm ..."),
        ("it 's what I 'm told , they 'd say", "it's what I'm told, they'd say"),
        ("it [01:46] 's", "it's"),
        ("don 't , we 're , I 've , I 'll", "don't, we're, I've, I'll"),
        ("he said 'so' and 'such'", "he said 'so' and 'such'"),
        ("X_ M_ L and A_ P_ I", "XML and API"),
        ("snake_ case", "snake_ case"),
        ("a  lot \t of   room ", "a lot of room"),
        ("two\nlines", "two\nlines"),
        ("😭 .  ok", "😭 . ok"),
        ("[00:00]", ""),
        (" {disfmarker} . ", "."),
        ("", ""),
    ],
)
def test_what_nobody_said_is_left_out(text: str, expected: str) -> None:
    assert tidy_text(text) == expected
    assert tidy_text(expected) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * LONGEST, "x" * LONGEST),
        ("x" * 1_000, "x" * LONGEST),
        (SENTENCE * 15, (SENTENCE * 15).strip()),
        (SENTENCE * 40, (SENTENCE * 15).strip()),
        ("x! " + "word " * 200, "x!"),
        ("words " * 200, ("words " * 74).strip()),
        ("wide 3.14 " * 60, "wide 3.14 " * 44 + "wide"),
        ("ein Satz… " * 60, ("ein Satz… " * 45).strip()),
    ],
    ids=["just so long", "a word", "just so much", "sentences", "one", "none", "numbers", "…"],
)
def test_what_is_too_long_ends_where_a_sentence_does(text: str, expected: str) -> None:
    assert tidy_text(text) == expected


words = st.sampled_from(
    [*"ab.,!?;:'", "it", "'s", "'m", "[01:46]", "{disfmarker}", "<laugh>", "\n", "3.14", "X", "😭"]
)
texts = st.lists(words, max_size=300).map(" ".join)


@settings(deadline=None, max_examples=300)
@given(texts)
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    once = tidy_text(text)
    assert len(once) <= LONGEST
    assert once == once.strip()
    assert tidy_text(once) == once


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=900))
def test_any_text_can_be_tidied_and_no_word_is_added(text: str) -> None:
    tidy = tidy_text(text)
    assert len(tidy) <= LONGEST
    left = iter(text)
    assert all(character in left for character in tidy if not character.isspace())


def test_what_is_empty_then_is_left_out_and_all_else_kept() -> None:
    conversation = talk("Ada: [01:46] hi", "Bob: {disfmarker}", "Ada: ", "Bob: ok .")
    tidy = tidied(conversation)
    assert [(m.sender, m.text) for m in tidy.messages] == [("Ada", "hi"), ("Bob", "ok.")]
    assert [m.sent_at for m in tidy.messages] == [
        conversation.messages[place].sent_at for place in (0, 3)
    ]


# -- emoji ---------------------------------------------------------------------------------------

EMOJI = {emoji for some in _EMOTICONS.values() for emoji in _split(some)}


def crowd(text: str, people: int = 400) -> Conversation:
    return Conversation(tuple(Message(f"person {n}", text) for n in range(people)))


@pytest.mark.parametrize("emoticon", _EMOTICONS)
def test_each_emoticon_has_its_emoji(emoticon: str) -> None:
    mine = set(_split(_EMOTICONS[emoticon]))
    assert all(len(emoji.rstrip("\ufe0f")) == 1 for emoji in mine)
    written = {m.text for m in with_emoji(crowd(f"so {emoticon} then"), Random(0)).messages}
    stays = {f"so {emoticon} then"}
    if emoticon.isalpha() or emoticon == "+1":
        assert written == stays | {f"so {emoticon} {emoji} then" for emoji in mine}
    else:
        assert written == stays | {f"so {emoji} then" for emoji in mine}


@pytest.mark.parametrize(
    "text", ["", "hello", "http://x", "lollipop", "x:)", ":Dog", "thanksgiving", "coolly", "a<3"]
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert with_emoji(crowd(text), Random(0)) == crowd(text)


def test_some_write_emoji_and_they_always_do() -> None:
    conversation = Conversation(tuple(Message(f"p{n % 500}", f"{n} :)") for n in range(1_500)))
    changed: dict[str, set[bool]] = {}
    for before, after in zip(
        conversation.messages, with_emoji(conversation, Random(2)).messages, strict=True
    ):
        changed.setdefault(before.sender, set()).add(before != after)
        assert before.sender == after.sender
    assert all(len(always) == 1 for always in changed.values())
    share = sum(True in always for always in changed.values()) / 500
    assert EMOJI_WRITERS - 0.05 < share < EMOJI_WRITERS + 0.05


lines = st.lists(st.sampled_from([*_EMOTICONS, "hi", "ok?", "🌱", "tea"]), max_size=8)
said = st.builds(Message, st.sampled_from("ABCDEF"), lines.map(" ".join), st.integers(0, 9))


@settings(deadline=None, max_examples=200)
@given(st.lists(said, max_size=12), st.integers(0, 999))
def test_only_emoticons_change_and_the_same_chance_changes_the_same(
    messages: list[Message], seed: int
) -> None:
    conversation = Conversation(tuple(messages))
    written = with_emoji(conversation, Random(seed))
    assert with_emoji(conversation, Random(seed)) == written

    def rest(message: Message) -> tuple[str, int | None, list[str]]:
        kept = [w for w in message.text.split() if w not in EMOJI and w not in _EMOTICONS]
        return message.sender, message.sent_at, kept

    assert [rest(m) for m in written.messages] == [rest(m) for m in messages]

"""What a chat remembers: who speaks, taking back, trying again, seeds."""

from __future__ import annotations

import pytest
from talking_support import ScriptedGenerator

from chatmimic.chat.session import Session, find_name
from chatmimic.chat.voice import Voice
from chatmimic.generation import Decoding
from chatmimic.records import Kind


def session(people=("Ada", "Bob", "Cyd"), **parts) -> Session:
    voice = Voice(ScriptedGenerator(people), "ada", "tiny", owner=parts.pop("owner", ""))
    return Session(voice, parts.pop("decoding", Decoding()), clock=lambda: 7, **parts)


@pytest.mark.parametrize(
    ("people", "parts", "persona", "you"),
    [
        (("Ada", "Bob"), {}, "Ada", "Bob"),
        (("Ada",), {}, "Ada", "You"),
        (("Ada", "Bob"), {"persona": "Bob"}, "Bob", "Ada"),
        (("Ada", "Bob"), {"you": "Zed"}, "Ada", "Zed"),
        (("Ada", "Bob"), {"you": "Ada"}, "Ada", "Bob"),
    ],
)
def test_you_are_whom_the_persona_talks_with_most(people, parts, persona, you):
    talk = session(people, **parts)
    assert (talk.persona, talk.you) == (persona, you)


@pytest.mark.parametrize(
    ("owner", "parts", "you"),
    [
        ("Cyd", {}, "Cyd"),
        ("Cyd", {"you": "Zed"}, "Zed"),
        ("Ada", {}, "Bob"),  # who answers
        ("Nobody", {}, "Bob"),  # whom it does not know
        ("", {}, "Bob"),
    ],
)
def test_you_are_the_owner_of_the_export_where_that_is_known(owner, parts, you):
    assert session(owner=owner, **parts).you == you


def test_who_you_are_stays_whoever_answers():
    talk = session(owner="Cyd")
    talk.turn_to("Bob")
    assert talk.you == "Cyd"
    talk.turn_to("Cyd")
    assert talk.you == "Ada"  # nobody talks with themselves
    talk.turn_to("Ada", Voice(ScriptedGenerator(("Ada", "Eve")), "another", "tiny", owner="Eve"))
    assert talk.you == "Cyd"
    talk.speak_as("Eve")
    talk.turn_to("Eve")
    talk.turn_to("Ada")
    assert talk.you == "Eve"


def test_messages_have_sender_time_and_kind():
    talk = session()
    talk.say("/me waves")
    talk.hear(" hi\x1b \n")
    assert [(m.sender, m.text, m.sent_at, m.kind) for m in talk.history] == [
        ("Bob", "waves", 7, Kind.ACTION),
        ("Ada", "hi", 7, Kind.TEXT),
    ]


@pytest.mark.parametrize("nothing", ["", " \n", "\x1b\x07"])
def test_a_reply_without_a_word_is_no_message(nothing):
    talk = session()
    assert talk.hear(nothing) is None
    assert talk.history == []


def said(talk: Session) -> list[str]:
    return [message.text for message in talk.history]


def test_undo_takes_back_one_exchange_at_a_time():
    talk = session()
    for text in ("one", "two"):
        talk.say(text)
        talk.hear(f"{text}!")
        talk.hear(f"{text}?")
    assert [entry.message.text for entry in talk.undo()] == ["two", "two!", "two?"]
    assert said(talk) == ["one", "one!", "one?"]
    talk.undo()
    assert said(talk) == []
    assert talk.undo() == []


def test_a_retry_drops_the_answers_and_keeps_the_question():
    talk = session()
    assert not talk.drop_replies()
    talk.say("one")
    talk.hear("one!", stopped=True)
    assert talk.drop_replies()
    assert said(talk) == ["one"]
    assert talk.drop_replies()


def test_with_a_seed_every_try_is_its_own_and_the_same_chat_the_same():
    talks = [session(decoding=Decoding(seed=2**32 - 1)) for _ in range(2)]
    seeds = [[talk.reply_decoding().seed for _ in range(3)] for talk in talks]
    assert seeds[0] == seeds[1] == [2**32 - 1, 0, 1]
    talks[0].reset()
    assert talks[0].reply_decoding().seed == 2**32 - 1
    assert session().reply_decoding().seed is None


def test_another_persona_never_speaks_to_itself():
    talk = session()
    talk.turn_to("Bob")
    assert (talk.persona, talk.you) == ("Bob", "Ada")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("Ada", "Ada"),
        ("ada", "Ada"),
        ("ADAM", "Adam"),
        ("b", "Bob"),
        ("ad", None),  # two begin so
        ("", None),
        ("zoë", "ZOË"),
        ("x", None),
    ],
)
def test_a_name_is_found_as_people_type_it(wanted, found):
    assert find_name(wanted, ["Ada", "Adam", "Bob", "ZOË"]) == found

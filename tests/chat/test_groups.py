"""Several people in one chat: who speaks, who may come in, and what is kept of it."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talking_support import ScriptedGenerator

from chatmimic.chat.kept import Kept
from chatmimic.chat.room import Room
from chatmimic.chat.saving import read_chat
from chatmimic.files import private_folder
from chatmimic.generation import Decoding
from chatmimic.records import Message

ADA, BOB, ZOE = "Ada Lovelace", "Bob", "Zoë [x]"


@pytest.fixture
def group(make_repl):
    """A chat with Ada and Zoë, who speak in this order (None: it is Bob's turn)."""

    def make(*speakers: str | None, **parts):
        repl = make_repl(**parts)
        repl.take("/with zoë")
        repl.generator.speakers = list(speakers)
        return repl

    return make


# --- who speaks next ---


class Fixed(ScriptedGenerator):
    """A generator with fixed chances of who speaks next."""

    def __init__(self, **given: float) -> None:
        super().__init__(tuple(given))
        self.given: dict[str | None, float] = dict(given)

    def chances(self, history, people):
        assert len(set(people)) == len(people)
        return {None: 0.0, **dict.fromkeys(people, 0.0), **self.given}


def test_one_model_decides_by_its_own_chances():
    one = Fixed(Ada=0.5, Bo=0.25, Me=0.25)
    assert Room({"Ada": one, "Bo": one}, "Me").chances([]) == {"Ada": 0.5, "Bo": 0.25, None: 0.25}


def test_of_several_models_each_decides_for_its_own_people():
    room = Room({"Ada": Fixed(Ada=0.6, Bo=0.2, Me=0.2), "Bo": Fixed(Ada=0.9, Bo=0.1)}, "Me")
    found = room.chances([])
    assert found == pytest.approx({"Ada": 0.75, "Bo": 0.125, None: 0.125})


@given(st.integers(0, 99), st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(any))
def test_chances_sum_to_one_and_whoever_begins_is_not_the_user(seed, weights):
    ada, bo, me = (weight / sum(weights) for weight in weights)
    one = Fixed(Ada=ada, Bo=bo, Me=me)
    room = Room({"Ada": one, "Bo": one}, "Me")
    assert sum(room.chances([]).values()) == pytest.approx(1)
    assert room.next_speaker([], Random(seed), begins=True) in ("Ada", "Bo")


@pytest.mark.parametrize(("bias", "drawn"), [(50.0, {"Ada"}), (-50.0, {None})])
def test_a_bias_keeps_them_talking_or_hands_over(bias, drawn):
    one = Fixed(Ada=0.5, Me=0.5)
    room = Room({"Ada": one}, "Me")
    assert {room.next_speaker([], Random(seed), bias) for seed in range(20)} == drawn


# --- people of one mimic ---


def test_others_answer_too_until_it_is_the_users_turn(group):
    repl = group(ZOE, ADA, ADA, None)
    assert repl.hear("hi") == f"{ZOE}: echo 1\n{ADA}: echo 2\n{ADA}: echo 3\n"
    assert [speaker for _, speaker, _ in repl.generator.asked] == [ZOE, ADA, ADA]
    assert [entry.mine for entry in repl.session.entries] == [True, False, False, False]


def test_who_comes_in_is_said_and_that_they_are_guessed_only_once(make_repl):
    repl = make_repl()
    said = repl.hear("/with zoë")
    assert said == (
        "Ada Lovelace and Zoë [x] now answer (mimic ada-lovelace); you speak as Bob.\n"
        "This mimic was trained only on the words of Ada Lovelace; anybody else is a rough guess.\n"
    )
    assert repl.hear("/without", "/with zoë").count("rough guess") == 0


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/with", "Ada Lovelace and Zoë [x] answer. Those who can: Ada Lovelace, Bob, Zoë [x]."),
        ("/with ada", "Ada Lovelace answers already."),
        ("/with zoë,zoë", "Zoë [x] answers already."),
        ("/with bob", "Bob is you. Change that first: /as NAME."),
        ("/without ada", "Ada Lovelace is the persona. Change that first: /persona NAME."),
        ("/without eve", 'Nobody called "eve" answers.'),
        ("/without", "Ada Lovelace answers. Those who can: Ada Lovelace, Bob, Zoë [x]."),
        ("/as zoë", "Zoë [x] answers, too. Change that first: /without Zoë [x]."),
        ("/continue eve", 'Nobody called "eve" answers: /with lists those who do.'),
        ("/self 0", "Use /self with a number from 1 to 500."),
        ("/self 99999999", "Use /self with a number from 1 to 500."),
        ("/self x", "Use /self with a number from 1 to 500."),
        ("/with nobody", 'There is no mimic called "nobody".'),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(group, line, says):
    repl = group()
    repl.pipe(line.encode())
    assert says in repl.shown


def test_the_user_becomes_somebody_else_when_their_person_answers(make_repl):
    repl = make_repl()
    repl.hear("/as zoë", "/with bob")
    assert (list(repl.session.voices), repl.session.you) == ([ADA, BOB], ZOE)


def test_the_persona_changes_places(group):
    repl = group()
    repl.hear("/persona zoë")
    assert list(repl.session.voices) == [ZOE, ADA]


def test_names_may_stand_in_one_line(make_repl):
    repl = make_repl(generator=ScriptedGenerator(("Ada", "Bob", "Cyd", "Lee, Dr", "Eve")))
    repl.hear("/with cyd, eve,", "/with lee, dr")
    assert list(repl.session.voices) == ["Ada", "Cyd", "Eve", "Lee, Dr"]


# --- another mimic ---


def test_another_mimic_comes_in_and_speaks_for_its_own_persona(group):
    repl = group()
    said = repl.hear("/without", "/with cyd")
    assert "Ada Lovelace and Cyd now answer (mimics ada-lovelace, cyd); you speak as Bob." in said
    cyd = repl.session.voices["Cyd"].generator
    repl.generator.speakers, cyd.speakers = [ADA, "Cyd", None], [ADA, "Cyd", None]
    assert repl.hear("hi") == f"{ADA}: echo 1\nCyd: echo 2\n"
    assert [m.sender for m in cyd.asked[0][0]] == ["Bob", ADA]
    assert repl.session.room == {ADA: "ada-lovelace", "Cyd": "cyd"}


# --- among themselves ---


def test_those_in_the_room_talk_among_themselves(group):
    repl = group(ZOE, ADA, ZOE)
    assert repl.hear("/self 3") == f"{ZOE}: echo 0\n{ADA}: echo 1\n{ZOE}: echo 2\n"


def test_in_a_chat_of_two_the_user_is_played_and_that_is_marked(make_repl):
    repl = make_repl()
    repl.generator.speakers = [BOB, ADA, BOB]
    said = repl.hear("/self 3")
    assert said.endswith("Bob: echo 0 (made up)\nAda Lovelace: echo 1\nBob: echo 2 (made up)\n")
    assert "Bob is played by the mimic, too.\n" in said
    assert "rough guess" in said
    assert not any(entry.mine for entry in repl.session.entries)
    assert repl.hear("/undo").startswith('Removed "echo 2".\n')
    assert len(repl.session.entries) == 2


# --- what there was before ---


def test_an_answer_of_several_is_generated_anew_and_taken_back(group):
    repl = group(ZOE, ADA, None, ADA, None, ZOE, None)
    repl.hear("hi")
    assert repl.hear("/retry") == f"{ADA}: echo 1\n"
    assert repl.hear("/edit ho") == f"{ZOE}: echo 1\n"
    assert repl.hear("/undo") == 'Removed "ho" and the answer.\n'


def test_alternatives_are_by_the_one_who_answered_first(group):
    repl = group(ZOE, ADA, None)
    repl.hear("hi")
    for text in ("one", "two"):
        repl.generator.enqueue(text)
    assert f"{ZOE}:\n" in repl.hear("/alternatives 2")
    assert repl.hear("/pick 2") == f"{ZOE}: two\n"
    assert [(m.sender, m.text) for m in repl.session.history] == [(BOB, "hi"), (ZOE, "two")]


def test_one_more_message_is_of_whoever_is_named_or_drawn(group):
    repl = group(ADA, None, ZOE)
    repl.hear("hi")
    assert repl.hear("/continue") == f"{ZOE}: echo 2\n"
    assert repl.hear("/continue ada") == f"{ADA}: echo 3\n"


def test_the_same_seed_gives_the_same_group_chat(make_repl):
    def chat() -> str:
        generator = Fixed(Ada=0.4, Bo=0.3, Me=0.3)
        repl = make_repl(generator=generator, decoding=Decoding(seed=3), you="Me")
        return repl.hear("/with bo", "hi", "ho", "/self 9")

    assert chat() == chat()


def test_facts_name_everybody(group):
    assert "Ada Lovelace, Zoë [x] · tiny" in group().hear("/status")


def test_who_was_in_the_room_is_kept(group, tmp_path):
    repl = group(ZOE, None)
    repl.hear("hi", f"/save {tmp_path / 'chat.jsonl'}")
    assert dict(read_chat(tmp_path / "chat.jsonl").room) == {
        ADA: "ada-lovelace",
        ZOE: "ada-lovelace",
    }


@pytest.mark.parametrize("room", [7, [], {"Ada": 1}, {"": "ada"}, {"Ada": ""}, None])
def test_a_room_that_makes_no_sense_is_none(tmp_path, room):
    file = tmp_path / "chat.jsonl"
    file.write_text(json.dumps({"sender": "Ada", "text": "hi", "room": room}) + "\n")
    saved = read_chat(file)
    assert saved.room == {}
    assert saved.messages == [Message("Ada", "hi")]


def test_a_resumed_chat_has_the_room_it_had(make_repl, home):
    repl = make_repl()
    repl.kept = Kept(home / "chats", repl.screen.note)
    for name, mimic in (("Cyd", "cyd"), ("Zoë [x]", "zoe"), ("Eve", "gone")):
        write = {"sender": "Bob", "text": "hi", "mimic": "cyd", "mine": True}
        room = {"Cyd": "cyd", name: mimic, ADA: "ada-lovelace"}
        (private_folder(home / "chats") / f"{mimic}-1.jsonl").write_text(
            json.dumps(write | {"room": room}) + "\n"
        )
    shown = repl.hear("/resume zoe")
    assert repl.session.room == {"Cyd": "cyd", "Zoë [x]": "zoe", ADA: "ada-lovelace"}
    assert "Cyd, Zoë [x] and Ada Lovelace now answer" in shown
    assert repl.session.you == "Bob"
    shown = repl.hear("/resume gone")
    assert "Eve is missing: There is no mimic called" in shown
    assert repl.session.room == {"Cyd": "cyd", ADA: "ada-lovelace"}
    assert "now answer" not in repl.hear("/resume cyd")


def test_a_resumed_chat_of_which_no_mimic_is_left_keeps_who_answers(make_repl, home):
    repl = make_repl()
    said = {"sender": "Bob", "text": "hi", "room": {"Eve": "gone"}}
    (private_folder(home / "chats") / "gone-1.jsonl").write_text(json.dumps(said) + "\n")
    assert "Eve is missing" in repl.hear("/resume gone")
    assert repl.session.room == {ADA: "ada-lovelace"}

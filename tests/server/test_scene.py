"""Who speaks to whom, as the messages of a client say it."""

from __future__ import annotations

import pytest

from chatmimic.server.asked import Said
from chatmimic.server.scene import scene_of

PEOPLE = ("Ada Lovelace", "Bob", "Zoë [x]")
CASES = [
    ("", "Ada Lovelace", "Bob", ()),
    ("You are Ada Lovelace.", "Ada Lovelace", "Bob", ()),
    ("you're zoe [x], talking to Bob", "Zoë [x]", "Bob", ()),
    ("You are Bob and chat with Ada.", "Bob", "Ada Lovelace", ()),
    ("I am Charles.", "Ada Lovelace", "Charles", ()),
    ("Persona: bob\nUser: Zoë [x]", "Bob", "Zoë [x]", ()),
    ("You talk to Charles\n\n I have two cats. ", "Ada Lovelace", "Charles", ("I have two cats.",)),
    (
        "You are a helpful assistant.",
        "Ada Lovelace",
        "Bob",
        ("You are a helpful assistant.",),
    ),
]


@pytest.mark.parametrize(("told", "persona", "you", "facts"), CASES)
def test_a_system_message_sets_the_scene(told, persona, you, facts):
    said = [Said("system", told), Said("user", "hi"), Said("assistant", "/me waves")]
    scene = scene_of(said, PEOPLE, "Ada Lovelace", "Bob", 5)
    assert (scene.persona, scene.you, scene.facts) == (persona, you, facts)
    assert [(m.sender, m.text, m.sent_at) for m in scene.history] == [
        (you, "hi", 5),
        (persona, "waves", 5),
    ]


@pytest.mark.parametrize(
    ("name", "sender"),
    [
        ("ada", "Ada Lovelace"),
        ("Ada_Lovelace", "Ada Lovelace"),
        ("x_y", "x_y"),
        ("c" * 99, "c" * 64),
    ],
)
def test_a_name_is_a_person_or_a_stranger(name, sender):
    scene = scene_of([Said("user", "hi", name)], PEOPLE, "Bob", "You", 0)
    assert [message.sender for message in scene.history] == [sender]

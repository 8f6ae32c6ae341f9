"""What a line in the chat means, and what Tab offers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.chat.commands import LIGHT, NAMES, Command, Unknown, Words, completions, pairs, parse
from chatmimic.chat.repl import Repl


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("hi", Words("hi")),
        ("  hi  there ", Words("hi  there")),
        ("", Words("")),
        ("   ", Words("")),
        ("//etc/hosts", Words("/etc/hosts")),
        ("//", Words("/")),
        ("/me waves", Words("/me waves")),
        ("a /quit", Words("a /quit")),
        ("/quit", Command("quit", "")),
        (" /QUIT ", Command("quit", "")),
        ("/exit", Command("quit", "")),
        ("/?", Command("help", "")),
        ("/persona  Ada Lovelace ", Command("persona", "Ada Lovelace")),
        ("/set top_p=0.5 seed=1", Command("set", "top_p=0.5 seed=1")),
        ("/quti", Unknown("quti", "quit")),
        ("/retyr now", Unknown("retyr", "retry")),
        ("/zzzz", Unknown("zzzz", "")),
        ("/", Unknown("", "")),
    ],
)
def test_a_line_means_what_it_should(line, meant):
    assert parse(line) == meant


@settings(deadline=None, max_examples=60)
@given(st.text())
def test_any_text_can_be_said(text):
    meant = parse(f"/{text.strip()}" if text.strip().startswith("/") else text)
    assert isinstance(meant, Words | Command | Unknown)


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        ("", []),
        ("a=1", [("a", "1")]),
        ("a = 1 b=2", [("a", "1"), ("b", "2")]),
        ("seed 7", [("seed", "7")]),
        ("temperature 0.6 top_p 0.7", [("temperature", "0.6"), ("top_p", "0.7")]),
        (
            "top_p 0.7 temperature=0.6  seed = 1",
            [("top_p", "0.7"), ("temperature", "0.6"), ("seed", "1")],
        ),
        ("top-p=0.5", [("top-p", "0.5")]),
    ],
)
def test_settings_are_read_as_people_write_them(argument, found):
    assert pairs(argument) == found


@pytest.mark.parametrize("argument", ["a", "a=", "=1", "a=1 b", "a b c", "a==1", "a b=1", "a=1=2"])
def test_what_is_no_setting_is_refused(argument):
    with pytest.raises(ValueError, match="KEY=VALUE"):
        pairs(argument)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        (
            "/",
            [
                *("/help", "/persona ", "/with ", "/without ", "/as ", "/retry", "/alternatives "),
                *("/pick ", "/continue ", "/self "),
                *("/edit ", "/undo", "/reset", "/set ", "/seed ", "/stats", "/why", "/memory "),
                *(
                    "/status ",
                    "/rhythm ",
                    "/sessions",
                    "/resume ",
                    "/discard",
                    "/save ",
                    "/load ",
                    "/export ",
                ),
                "/quit",
            ],
        ),
        ("/re", ["/retry", "/reset", "/resume "]),
        ("/persona ", ["Ada Lovelace", "Bob", "cyd"]),
        ("/persona ada", ["Ada Lovelace"]),
        ("/persona Ada L", ["Ada Lovelace"]),
        ("/as c", []),
        ("/set temp", ["temperature="]),
        ("/undo ", []),
        ("/resume ada-2", ["ada-20260101-090000"]),
        ("//", []),
        ("hello", []),
        ("", []),
    ],
)
def test_tab_offers_what_can_stand_there(line, offered):
    chats = ["ada-20260101-090000", "cyd-20250101-090000"]
    assert completions(line, ["Ada Lovelace", "Bob"], ["cyd"], chats) == offered


def test_every_command_of_the_list_is_obeyed(make_repl):
    repl: Repl = make_repl()
    repl.hear("hi", "/save")  # something to resume
    for name in NAMES:
        assert repl.take(f"/{name}") is (name != "quit")


def test_the_light_commands_are_commands():
    assert set(NAMES) > LIGHT

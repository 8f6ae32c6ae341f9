"""The chat in narrow, plain and resized terminals, in every script, and when it is killed."""

from __future__ import annotations

import os
import signal
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("needs a POSIX pseudo-terminal", allow_module_level=True)

from terminal import CTRL_C, CTRL_D, ENTER, ready

from chatmimic.chat.saving import read_chat

SCRIPTS = [
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "\u0645\u0631\u062d\u0628\u0627",
    "\u65e5\u672c\u8a9e\u306e\u30e1\u30c3\u30bb\u30fc\u30b8",
    "👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈 👍🏽",
    "e\u0301\u0327 a",
]


@pytest.mark.parametrize("columns", [8, 20])
def test_a_narrow_terminal_still_talks(chat, columns):
    terminal = chat(["a reply much longer than the terminal is wide"], columns=columns)
    terminal.enter("hi")
    terminal.wait_for(lambda text: "wide" in text.replace("\n", ""))
    assert terminal.leave(CTRL_D) == 0


@pytest.mark.parametrize("text", SCRIPTS)
def test_every_script_is_typed_said_and_kept_as_it_is(chat, home, text):
    terminal = chat([text], columns=60)
    terminal.enter(text)
    ready(terminal)
    (file,) = home.glob("chats/*.jsonl")
    assert [m.text for m in read_chat(file).messages] == [text, text]
    assert f" › {text}\r\n".encode() in terminal.raw


@pytest.mark.parametrize("text", SCRIPTS)
def test_every_script_may_be_a_name(chat, text):
    terminal = chat(["hello"], people=["Ada", text], prompt=" ›")
    terminal.enter("hi")
    terminal.wait_for("Ada › hello")
    assert f"{text} › ".encode() in terminal.raw
    assert terminal.leave(CTRL_D) == 0


def test_long_wide_text_is_whole_in_a_narrow_terminal(chat):
    text = SCRIPTS[2] * 8
    terminal = chat([text], columns=40)
    terminal.enter(text)
    ready(terminal)
    said = "".join("".join(terminal.screen.display).split())
    assert said.count(text) == 2


def test_a_terminal_may_change_its_size_while_something_is_typed(chat, home):
    terminal = chat(["hello"], columns=80)
    line = "a line that is much longer than the narrow terminal will be wide"
    terminal.type(line)
    terminal.wait_for("wide")
    for columns in (30, 12, 100):
        terminal.resize(columns, 40)
        terminal.read(0.3)
    terminal.enter("!")
    terminal.wait_for("hello")
    (file,) = home.glob("chats/*.jsonl")
    assert read_chat(file).messages[0].text == f"{line}!"


# --- terminals without escape sequences ---

DUMB = {"TERM": "dumb"}


def test_a_dumb_terminal_gets_plain_text(chat):
    terminal = chat(["hello"], env=DUMB)
    terminal.enter("hi")
    ready(terminal)
    assert terminal.lines[-3:] == ["Bob › hi", "Ada Lovelace › hello", "Bob ›"]
    terminal.enter("/quit")
    assert terminal.status() == 0
    assert b"\x1b" not in terminal.raw


def test_on_a_dumb_terminal_a_line_goes_on_and_notes_fit(chat, home):
    terminal = chat(env=DUMB, columns=40)
    terminal.enter("one\\")
    terminal.enter("two")
    ready(terminal)
    (file,) = home.glob("chats/*.jsonl")
    assert read_chat(file).messages[0].text == "one\ntwo"
    assert terminal.lines[:3] == [
        "This is a model that imitates Ada", "Lovelace, not the person: everything it",
        "says is made up.",
    ]  # fmt: skip


def test_on_a_dumb_terminal_ctrl_c_asks_and_then_leaves(chat):
    terminal = chat(env=DUMB)
    terminal.type(CTRL_C)
    terminal.wait_for("Press Ctrl-C again or type /quit to leave.")
    ready(terminal)
    terminal.enter("hi")
    terminal.wait_for("echo 1")
    ready(terminal, 3)
    terminal.type(CTRL_C)
    ready(terminal, 4)
    terminal.type(CTRL_C)
    assert terminal.status() == 130


@pytest.mark.parametrize(("answer", "mimic"), [(ENTER, "the-queen"), ("n" + ENTER, "ada-lovelace")])
def test_on_a_dumb_terminal_questions_are_asked(chat, answer, mimic):
    terminal = chat(env=DUMB)
    terminal.enter("/persona zoë")
    terminal.wait_for("Use it? [Y/n]")
    terminal.enter("what")
    terminal.wait_for(lambda text: text.count("Use it? [Y/n]") == 2)
    terminal.type(answer)
    terminal.wait_for(f"now answers (mimic {mimic})")
    assert terminal.leave(CTRL_D) == 0


# --- ends that nobody asked for ---


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_kill_loses_only_what_is_being_written(chat, home, end):
    terminal = chat(["whole"], ["half "] * 200, pause=0.1)
    terminal.enter("one")
    ready(terminal)
    terminal.enter("two")
    terminal.wait_for("half half")
    os.kill(terminal.child.pid, end)
    terminal.child.wait()
    (file,) = home.joinpath("chats").iterdir()
    assert [m.text for m in read_chat(file).messages] == ["one", "whole", "two"]

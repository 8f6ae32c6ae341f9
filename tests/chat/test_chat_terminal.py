"""The chat in a real terminal: keys go in, the screen is looked at."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("needs a POSIX pseudo-terminal", allow_module_level=True)

from terminal import ALT_ENTER, CTRL_C, CTRL_D, ENTER, TAB, UP, Terminal

DRIVER = Path(__file__).parent / "drive.py"
PASTE = "\x1b[200~{}\x1b[201~"


@pytest.fixture
def chat(tmp_path, home):
    opened = []

    def start(*replies: list[str], columns: int = 100, env=None, **script) -> Terminal:
        file = tmp_path / "script.json"
        file.write_text(json.dumps({"replies": replies, **script}))
        terminal = Terminal(
            [sys.executable, str(DRIVER), str(home), str(file)], columns=columns, env=env
        )
        opened.append(terminal)
        terminal.wait_for("Bob ›", 15)
        return terminal

    yield start
    for terminal in opened:
        terminal.child.close(force=True)


def ready(terminal: Terminal, prompts: int = 2) -> None:
    """Wait for the prompt to come back."""
    terminal.wait_for(lambda text: text.count("Bob ›") >= prompts)
    terminal.read(0.1)


def test_a_reply_is_shown_as_it_is_made(chat):
    terminal = chat(["one ", "two ", "three"], pause=0.4)
    terminal.enter("hi")
    terminal.wait_for("Ada Lovelace › one")
    assert "two" not in terminal.text
    terminal.wait_for("Ada Lovelace › one two three")
    ready(terminal)
    assert terminal.lines[-3:] == ["Bob › hi", "Ada Lovelace › one two three", "Bob ›"]


def test_the_head_says_who_this_is_not(chat):
    terminal = chat()
    assert terminal.lines[0].startswith(
        "This is a model that imitates Ada Lovelace, not the person"
    )
    assert "Mimic ada-lovelace · base tiny" in terminal.lines[1]
    terminal.enter("/help")
    terminal.wait_for("/quit")
    terminal.enter("/quit")
    assert terminal.status() == 0


def test_ctrl_c_stops_the_reply_and_not_the_chat(chat):
    terminal = chat(["more and "] * 200, ["hello again"], pause=0.05)
    terminal.enter("hi")
    terminal.wait_for("more and more")
    started = time.monotonic()
    terminal.type(CTRL_C)
    terminal.wait_for("(stopped)")
    assert time.monotonic() - started < 2  # of the many that the reply would take
    ready(terminal)
    terminal.enter("still there?")
    terminal.wait_for("Ada Lovelace › hello again")
    terminal.enter("/save")
    terminal.wait_for("Saved 4 messages")
    assert terminal.leave(CTRL_D) == 0
    assert b"\x1b[?25l" not in terminal.raw.rpartition(b"\x1b[?25h")[2]  # the cursor is back


WARNING = "Press Ctrl-C again or type /quit to leave."


def test_ctrl_c_at_the_prompt_empties_the_line_then_asks_and_then_leaves(chat):
    terminal = chat()
    terminal.type("half a though")
    terminal.wait_for("half a though")
    terminal.type(CTRL_C)
    terminal.wait_for(lambda text: "half" not in text)
    assert WARNING not in terminal.text
    terminal.type(CTRL_C)
    terminal.wait_for(WARNING)
    ready(terminal)
    terminal.type(CTRL_C)
    assert terminal.status() == 130
    assert not terminal.child.signalstatus


def test_what_is_typed_in_between_makes_ctrl_c_ask_again(chat):
    terminal = chat()
    terminal.type(CTRL_C)
    terminal.wait_for(WARNING)
    ready(terminal)
    terminal.type("x")
    terminal.wait_for("› x")
    terminal.type(CTRL_C)
    terminal.wait_for(lambda text: "› x" not in text)
    terminal.type(CTRL_C)
    terminal.wait_for(lambda text: text.count(WARNING) == 2)
    ready(terminal, 3)
    terminal.enter("still here")
    terminal.wait_for("echo 1")
    ready(terminal, 4)
    terminal.type(CTRL_C)
    terminal.wait_for(lambda text: text.count(WARNING) == 3)
    ready(terminal, 5)
    assert terminal.leave(CTRL_D) == 0


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (ENTER, "Zoë [x] now answers (mimic the-queen); you speak as Bob."),
        ("n" + ENTER, "anybody else is a rough guess."),
        (CTRL_D, "anybody else is a rough guess."),
        (CTRL_C, "Stopped."),
    ],
)
def test_the_own_mimic_of_somebody_is_offered(chat, answer, says):
    terminal = chat()
    terminal.enter("/persona zoë")
    terminal.wait_for("There is a mimic of Zoë [x], the-queen. Use it? [Y/n]")
    terminal.read(0.2)
    terminal.type(answer)
    terminal.wait_for(says)
    ready(terminal)
    terminal.enter("hi")
    terminal.wait_for("Ada Lovelace › echo 1" if says == "Stopped." else "Zoë [x] › echo 1")


@pytest.mark.parametrize("leave", [CTRL_D, "/quit" + ENTER, "/exit" + ENTER])
def test_leaving_is_no_failure(chat, leave):
    terminal = chat()
    terminal.type(leave)
    assert terminal.status() == 0


def test_a_hostile_reply_is_shown_and_not_obeyed(chat):
    reply = ["\x1b", "[2J", "\x1b]52;c;aGk=\x07", "\x1b]0;owned\x1b\\", "[bold]x[/]", " \u202eabc"]
    terminal = chat(reply)
    terminal.enter("\u202ehi")
    ready(terminal)
    (said,) = [line for line in terminal.lines if line.startswith("Ada Lovelace ›")]
    assert said == "Ada Lovelace › ␛[2J␛]52;c;aGk=␇␛]0;owned␛\\[bold]x[/] �abc"
    shown = terminal.raw.partition("Ada Lovelace\x1b[0m › ".encode())[2].partition(b"\r\n")[0]
    assert b"\x1b" not in shown
    assert b"\x07" not in shown
    assert terminal.screen.title == ""


def test_keys_pressed_during_a_reply_are_kept_for_the_next_line(chat):
    terminal = chat(["one ", "two ", "three"], pause=0.3)
    terminal.enter("hi")
    terminal.wait_for("Ada Lovelace › one")
    terminal.type("typed ahe")
    terminal.wait_for("Ada Lovelace › one two three\nBob › typed ahe")
    terminal.type("ad" + ENTER)
    terminal.wait_for("Ada Lovelace › echo 3")


def test_retry_and_undo_at_the_keyboard(chat):
    terminal = chat(["first"], ["second"])
    terminal.enter("hi")
    ready(terminal)
    terminal.enter("/retry")
    terminal.wait_for("Ada Lovelace › second")
    ready(terminal, 3)
    terminal.enter("/undo")
    terminal.wait_for('Removed "hi" and the answer.')
    ready(terminal, 4)
    terminal.enter("/undo")
    terminal.wait_for("There is nothing to undo.")


def test_a_paste_of_many_lines_is_one_message(chat, home):
    terminal = chat()
    terminal.type(PASTE.format("one\nBob: two\n/quit\n"))
    terminal.wait_for("/quit")
    terminal.read(0.3)
    assert "echo" not in terminal.text
    terminal.type(ENTER)
    terminal.wait_for("echo 1")
    ready(terminal)
    terminal.enter("/save")
    terminal.wait_for("Saved 2")
    (file,) = home.glob("chats/*.jsonl")
    assert json.loads(file.read_text().splitlines()[0])["text"] == "one\nBob: two\n/quit"


def test_alt_enter_begins_a_new_line(chat):
    terminal = chat()
    terminal.type("one" + ALT_ENTER + "two")
    terminal.wait_for("two")
    assert "echo" not in terminal.text
    terminal.type(ENTER)
    terminal.wait_for("echo 1")


def test_lines_are_remembered_privately(chat, home):
    terminal = chat()
    terminal.enter("remember me")
    ready(terminal)
    terminal.type(CTRL_D)
    terminal.status()
    file = home / "chats" / "lines"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "remember me" in file.read_text()
    again = chat()
    again.type(UP)
    again.wait_for("Bob › remember me")


def test_bytes_that_are_no_text_do_no_harm(chat, home):
    terminal = chat()
    terminal.type(b"a\xff\xfeb\r")
    terminal.wait_for("echo 1")
    terminal.enter("on we go")
    terminal.wait_for("echo 3")
    (home / "chats" / "lines").read_text("utf-8")


def test_tab_completes_commands_names_and_settings(chat):
    terminal = chat()
    terminal.type("/per" + TAB)
    terminal.wait_for("Bob › /persona")
    terminal.type("z" + TAB)
    terminal.wait_for("/persona Zoë [x]")
    terminal.type(ENTER)
    terminal.wait_for("[Y/n]")
    terminal.read(0.2)
    terminal.type(ENTER)
    terminal.wait_for("Zoë [x] now answers")
    terminal.type("/set tem" + TAB + "0.4" + ENTER)
    terminal.wait_for("temperature  0.4")


def test_persona_and_as_change_who_speaks(chat):
    terminal = chat(["hello"])
    terminal.enter("/as zoë")
    terminal.wait_for("You speak as Zoë [x].")
    terminal.wait_for("Zoë [x] ›")
    terminal.enter("hi")
    terminal.wait_for("Ada Lovelace › hello")
    terminal.enter("/persona cyd")
    terminal.wait_for("Cyd now answers (mimic cyd)")
    terminal.enter("/persona nobody")
    terminal.wait_for('There is no mimic called "nobody".')


@pytest.mark.parametrize("columns", [8, 20])
def test_a_narrow_terminal_still_talks(chat, columns):
    terminal = chat(["a reply much longer than the terminal is wide"], columns=columns)
    terminal.enter("hi")
    terminal.wait_for(lambda text: "wide" in text.replace("\n", ""))
    assert terminal.leave(CTRL_D) == 0


def test_without_colour_there_is_none(chat):
    terminal = chat(["hello"], env={"NO_COLOR": "1"})
    terminal.enter("hi")
    ready(terminal)
    assert b"[32" not in terminal.raw.replace(b"\x1b[?", b"")
    assert b";32" not in terminal.raw
    assert b"36m" not in terminal.raw


def test_a_dumb_terminal_gets_plain_text(chat):
    terminal = chat(["hello"], env={"TERM": "dumb"})
    terminal.enter("hi")
    terminal.wait_for("hello")
    terminal.enter("/quit")
    assert terminal.status() == 0
    assert b"\x1b" not in terminal.raw

"""The chat in a real terminal: keys go in, the screen is looked at."""

from __future__ import annotations

import json
import re
import sys
import time

import pytest

if sys.platform == "win32":
    pytest.skip("needs a POSIX pseudo-terminal", allow_module_level=True)

from terminal import ALT_ENTER, CTRL_C, CTRL_D, ENTER, TAB, UP, ready

PASTE = "\x1b[200~{}\x1b[201~"


def test_a_reply_is_shown_as_it_is_made(chat):
    terminal = chat(["one ", "two ", "three"], pause=0.4)
    terminal.enter("hi")
    terminal.wait_for("Ada Lovelace › one")
    assert "two" not in terminal.text
    terminal.wait_for("Ada Lovelace › one two three")
    ready(terminal)
    assert terminal.lines[-4:-2] == ["Bob › hi", "Ada Lovelace › one two three"]
    assert terminal.lines[-2].startswith("Ada Lovelace · tiny · int8 · ")  # and how fast
    assert terminal.lines[-1] == "Bob ›"


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


def test_ctrl_c_stops_the_reply_and_not_the_chat(chat, home):
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
    (file,) = home.glob("chats/*.jsonl")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row.get("stopped") for row in rows] == [None, True, None, None]
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
    terminal.wait_for(lambda text: text.endswith("tokens/s\nBob › typed ahe"))
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
    (file,) = home.glob("chats/*.jsonl")
    assert json.loads(file.read_text().splitlines()[0])["text"] == "one\nBob: two\n/quit"


def test_alt_enter_begins_a_new_line(chat):
    terminal = chat()
    terminal.type("one" + ALT_ENTER + "two")
    terminal.wait_for("two")
    assert "echo" not in terminal.text
    terminal.type(ENTER)
    terminal.wait_for("echo 1")


def test_lines_are_remembered_privately_where_that_is_asked_for(chat, home):
    terminal = chat(keep_lines=True)
    terminal.enter("remember me")
    ready(terminal)
    terminal.type(CTRL_D)
    terminal.status()
    file = home / "chats" / "lines"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "remember me" in file.read_text()
    again = chat(keep_lines=True)
    again.type(UP)
    again.wait_for("Bob › remember me")


def test_lines_that_cannot_be_kept_are_said_to_be(chat, home):
    home.mkdir(exist_ok=True)
    (home / "chats").write_text("a file in the way")
    terminal = chat(keep_lines=True, prompt="Error")
    assert "Cannot keep lines in" in terminal.text
    assert "Leave out --keep-lines." in terminal.text


def test_otherwise_they_are_remembered_in_this_chat_only(chat, home):
    terminal = chat()
    terminal.enter("remember me")
    ready(terminal)
    terminal.type(UP)
    terminal.wait_for(lambda text: text.count("Bob › remember me") == 2)
    assert [file.suffix for file in (home / "chats").iterdir()] == [".jsonl"]


def test_bytes_that_are_no_text_do_no_harm(chat, home):
    terminal = chat(keep_lines=True)
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


def test_without_colour_there_is_none(chat):
    terminal = chat(["hello"], env={"NO_COLOR": "1"})
    terminal.enter("hi")
    ready(terminal)
    assert not re.search(rb"\x1b\[[\d;]*\b(3[0-7]|9[0-7]|38)\b[\d;]*m", terminal.raw)


# --- several lines ---


def test_a_line_that_ends_with_a_backslash_goes_on(chat, home):
    terminal = chat()
    terminal.enter("one\\")
    terminal.wait_for("Bob › one")
    terminal.enter("two\\")
    terminal.enter("three")
    terminal.wait_for("echo 1")
    (file,) = home.glob("chats/*.jsonl")
    assert json.loads(file.read_text().splitlines()[0])["text"] == "one\ntwo\nthree"


@pytest.mark.parametrize("line", ["C:\\ ", "a\\b"])
def test_a_backslash_elsewhere_is_one(chat, home, line):
    terminal = chat()
    terminal.enter(line)
    terminal.wait_for("echo 1")
    (file,) = home.glob("chats/*.jsonl")
    assert json.loads(file.read_text().splitlines()[0])["text"] == line.strip()


# --- loading ---


def test_the_prompt_is_there_before_the_voice(chat):
    terminal = chat(["hello"], loading=1.5)
    terminal.enter("/stats")
    terminal.wait_for("There are no messages yet.")
    terminal.enter("hi")
    terminal.wait_for("Loading ada-lovelace …")
    terminal.wait_for("Ada Lovelace › hello")


def test_a_line_typed_while_loading_is_not_lost(chat):
    terminal = chat(["hello"], loading=1)
    terminal.type("hi th")
    terminal.read(1.2)
    terminal.enter("ere")
    terminal.wait_for("Bob › hi there\nAda Lovelace › hello")


def test_ctrl_c_while_loading_stops_the_answer_only(chat):
    terminal = chat(["hello"], loading=2)
    terminal.enter("hi")
    terminal.wait_for("Loading")
    terminal.type(CTRL_C)
    terminal.wait_for("Stopped before the first word.\nBob ›")
    terminal.enter("/retry")
    terminal.wait_for("Ada Lovelace › hello")


@pytest.mark.parametrize("typed", ["", "half a line", "hi" + ENTER])
def test_a_voice_that_cannot_be_loaded_ends_the_chat(chat, typed):
    terminal = chat(loading="The mimic is damaged.")
    terminal.type(typed)
    assert terminal.status() == 1
    assert "Error: The mimic is damaged. Train it again." in terminal.text


# --- the line of facts ---


def test_the_line_of_facts_can_be_switched_off(chat):
    terminal = chat()
    terminal.enter("/status off")
    terminal.wait_for("is off")
    terminal.enter("hi")
    terminal.wait_for("echo 1")
    ready(terminal, 3)
    assert "tokens/s" not in terminal.text
    terminal.enter("/status")
    terminal.wait_for("Ada Lovelace · tiny · int8 · ")


def test_in_a_narrow_terminal_the_line_of_facts_is_shorter(chat):
    terminal = chat([f"{'x' * 15}"], columns=26, pause=0.3)
    terminal.enter("hi")
    terminal.wait_for(re.compile(r"x\n(tiny · )?int8 · [\d.]+ tokens/s\n").search)


def test_each_name_has_its_colour(chat):
    terminal = chat()
    terminal.enter("hi")
    ready(terminal)
    shown = terminal.screen.buffer
    colours = {
        line[0].fg
        for number, text in enumerate(terminal.screen.display)
        for line in [shown[number]]
        if text.startswith(("Bob ›", "Ada Lovelace ›"))
    }
    assert len(colours) == 2
    assert "default" not in colours


def test_the_persona_writes_when_nothing_is_typed(chat):
    terminal = chat(["are you there?"], ["hm"], ["never said"], silence=0.5)
    terminal.wait_for("Ada Lovelace › are you there?")
    terminal.wait_for("Ada Lovelace › hm")
    ready(terminal, 3)
    terminal.read(1.0)
    assert "never said" not in terminal.text


def test_nobody_interrupts_a_line_that_is_being_typed(chat):
    terminal = chat(["so?"], silence=0.8)
    terminal.child.send("i am thin")
    terminal.read(1.5)
    assert "so?" not in terminal.text
    terminal.enter("king")
    terminal.wait_for("Ada Lovelace › so?")
    assert "Bob › i am thinking" in terminal.text


def test_a_reply_waits_in_the_rhythm_of_the_person(chat):
    terminal = chat(["at last"], rhythm="real")
    terminal.enter("/rhythm quick")
    terminal.wait_for("replies wait up to 3 seconds")
    ready(terminal)
    terminal.enter("hi")
    terminal.wait_for("Ada Lovelace › at last", 8)


def test_a_group_talks_in_colours_of_their_own_until_ctrl_c(chat):
    talk = ["Zoë [x]", "Ada Lovelace", "Zoë [x]", None] + ["Ada Lovelace", "Zoë [x]"] * 50
    terminal = chat(columns=40, speakers=talk, pause=0.1)
    terminal.enter("/with zoë")
    terminal.wait_for(lambda text: "Use it?" in " ".join(text.split()))
    terminal.enter("n")
    terminal.wait_for("guess.")
    ready(terminal)
    terminal.enter("hi")
    terminal.wait_for("Zoë [x] › echo 3")
    ready(terminal, 3)
    said = [line for line in terminal.lines if "› echo" in line]
    assert said == ["Zoë [x] › echo 1", "Ada Lovelace › echo 2", "Zoë [x] › echo 3"]
    lines = [(terminal.screen.buffer[n], t) for n, t in enumerate(terminal.screen.display)]
    assert len({line[0].fg for line, text in lines if "› echo" in text}) == 2
    terminal.enter("/self 100")
    terminal.wait_for("Ada Lovelace › echo 6")
    terminal.type(CTRL_C)
    terminal.wait_for(lambda text: "topped" in text)
    assert terminal.leave(CTRL_D) == 0

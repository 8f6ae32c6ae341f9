"""The chat from line to line, with a scripted voice."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatmimic.errors import ChatmimicError
from chatmimic.generation import Decoding
from chatmimic.generation.decoding import SETTINGS
from chatmimic.generation.generator import LONGEST_TURN
from chatmimic.records import Message

# What no text may send to a terminal: all controls but newline, and what turns text around.
UNSHOWABLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]"
)


def test_a_whole_talk_through_a_pipe(make_repl):
    repl = make_repl(["hel", "lo"], ["fine, ", "you?"])
    assert repl.pipe(b"hi\n\n  \nhow are you\n/quit\nnever read\n") == 0
    assert repl.shown == (
        "This is a model that imitates Ada Lovelace, not the person: everything it says is made "
        "up.\n"
        "Mimic ada-lovelace · base tiny · temperature 0.9 · top_p 0.95\n"
        "You speak as Bob. /help shows the commands.\n"
        "Ada Lovelace: hello\n"
        "Ada Lovelace: fine, you?\n"
    )
    assert [message.text for message in repl.session.history] == [
        "hi", "hello", "how are you", "fine, you?",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("piped", "said"),
    [
        (b"hi", ["hi"]),  # no newline at the end
        (b"hi\r\n", ["hi"]),
        (b"\xff\xfe\n", ["\ufffd\ufffd"]),
        (b"a\x00b\x1b[2J\n", ["a\ufffdb[2J"]),
        (b"//quit\n", ["/quit"]),
        (b"", []),
    ],
)
def test_a_pipe_may_hold_anything(make_repl, piped, said):
    repl = make_repl()
    assert repl.pipe(piped) == 0
    assert [entry.message.text for entry in repl.session.entries if entry.mine] == said


def test_a_voice_hears_the_whole_talk_and_the_settings(make_repl):
    repl = make_repl(["hello"], decoding=Decoding(seed=5))
    repl.hear("hi", "/set temperature=0.3 top-p=0.5", "again")
    (_, _, first), (history, speaker, second) = repl.generator.asked
    assert [(m.sender, m.text) for m in history] == [
        ("Bob", "hi"),
        ("Ada Lovelace", "hello"),
        ("Bob", "again"),
    ]
    assert speaker == "Ada Lovelace"
    assert (first.seed, first.temperature) == (5, 0.9)
    assert (second.seed, second.temperature, second.top_p) == (6, 0.3, 0.5)


def test_a_burst_is_several_messages_and_ends(make_repl):
    most = LONGEST_TURN
    repl = make_repl(*([f"{n}"] for n in range(most + 1)), bursts=[True] * (most + 1))
    assert repl.hear("hi") == "".join(f"Ada Lovelace: {n}\n" for n in range(most))
    said = repl.hear("more").splitlines()
    echoes = [f"Ada Lovelace: echo {most + n}" for n in (3, 4)]  # nothing was drawn after the last
    assert said == [f"Ada Lovelace: {most}", *echoes]


def test_retry_asks_anew_and_undo_takes_back(make_repl):
    repl = make_repl(["one"], ["two"], ["three"], bursts=[False, True])
    repl.hear("hi")
    assert repl.hear("/retry") == "Ada Lovelace: two\nAda Lovelace: three\n"
    assert [len(history) for history, *_ in repl.generator.asked] == [1, 1, 2]
    assert repl.hear("/undo") == 'Removed "hi" and 2 answers.\n'
    assert repl.session.history == []
    assert repl.hear("/undo") == "There is nothing to undo.\n"
    assert repl.hear("/retry") == "There is nothing to answer yet.\n"


def test_undo_says_where_the_talk_stands(make_repl):
    repl = make_repl(["one"], ["two"])
    assert repl.hear("hi", "ho", "/undo").endswith(
        'Removed "ho" and the answer.\nLast message: Ada Lovelace: one\n'
    )


def test_alternatives_are_shown_and_one_is_picked(make_repl):
    repl = make_repl(["first"], ["one"], ["two"], ["one"], ["\x1b[31mthree"], ["next"])
    said = repl.hear("hi", "/alternatives")
    assert [line.split() for line in said.splitlines()[1:4]] == [
        ["1", "one"], ["2", "two"], ["3", "␛[31mthree"]
    ]  # fmt: skip
    assert said.endswith("Take one with /pick NUMBER.\n")
    assert repl.session.history[-1].text == "first"
    assert repl.hear("/pick 2") == "Ada Lovelace: two\n"
    assert [m.text for m in repl.session.history] == ["hi", "two"]
    assert [len(history) for history, *_ in repl.generator.asked[1:]] == [1, 1, 1, 1]
    assert "no alternatives" in repl.hear("/pick 1")


def test_alternatives_are_of_the_last_message_only(make_repl):
    repl = make_repl(["first"], ["one"], ["two"])
    assert "no alternatives" in repl.hear("hi", "/alternatives 2", "ho", "/pick 1")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/alternatives", "There is nothing to answer yet."),
        ("/alternatives 1", "Use /alternatives with a number from 2 to 20."),
        ("/alternatives x", "Use /alternatives with a number from 2 to 20."),
        ("/alternatives ²", "Use /alternatives with a number from 2 to 20."),
        ("/pick", "There are no alternatives to your last message: /alternatives."),
        ("/edit", "Use /edit with the new text of your last message."),
        ("/edit hello", "There is nothing to edit yet."),
        ("/stats", "There are no messages yet."),
        ("/load", "Use /load with a file that /save wrote."),
        ("/seed x", "seed is 'x'; it must be a whole number from 0 to 4294967295."),
    ],
)
def test_a_command_that_cannot_be_obeyed_says_why(make_repl, line, says):
    repl = make_repl()
    assert repl.pipe(line.encode()) == 0
    assert repl.shown.endswith(f"{says}\n")
    assert repl.session.entries == []


def test_a_pick_out_of_range_is_refused(make_repl):
    repl = make_repl(["first"], ["one"], ["two"])
    assert "from 1 to 2" in repl.hear("hi", "/alternatives 2", "/pick 3")
    assert [m.text for m in repl.session.history] == ["hi", "first"]


def test_words_are_barred_and_allowed_again(make_repl):
    repl = make_repl()
    said = repl.hear("/set bad_words=tea,kiln")
    assert "bad_words" in said
    assert "None" not in said
    assert repl.session.decoding.bad_words == "tea,kiln"
    repl.hear("/set bad_words=none")
    assert repl.session.decoding.bad_words == ""


def test_the_persona_goes_on_when_asked(make_repl):
    repl = make_repl(["one"], ["two"])
    assert repl.hear("hi", "/continue") == "Ada Lovelace: one\nAda Lovelace: two\n"
    assert make_repl(["hello"]).hear("/continue") == "Ada Lovelace: hello\n"  # writes first


def test_the_last_message_is_edited_and_answered_anew(make_repl):
    repl = make_repl(["one"], ["two"], ["three"])
    assert repl.hear("hi", "teh", "/edit the tea").endswith("Ada Lovelace: three\n")
    assert [m.text for m in repl.session.history] == ["hi", "one", "the tea", "three"]


def test_a_seed_begins_again_and_goes(make_repl):
    repl = make_repl()
    repl.hear("/seed 7", "hi", "/seed", "ho")
    first, second = (decoding.seed for _, _, decoding in repl.generator.asked)
    assert (first, second) == (7, None)


def test_what_was_said_is_counted(make_repl):
    said = make_repl(["one two"], ["three"]).hear("hi", "ho there", "/stats")
    rows = [" ".join(line.split()) for line in said.splitlines()[2:]]
    assert rows[:2] == [
        "Bob 2 messages, 1.5 words each",
        "Ada Lovelace 2 messages, 1.5 words each",
    ]
    assert re.fullmatch(r"replies \d+\.\d s each", rows[2])


def test_a_saved_talk_is_gone_on_with(make_repl, tmp_path):
    file = tmp_path / "talk.jsonl"
    make_repl(["one"]).hear("hi", f"/save {file}")
    repl = make_repl(["two"], ["three"])
    said = repl.hear(f"/load {file}")
    shown = f"Loaded 2 messages from {file} Last message: Ada Lovelace: one"
    assert said.split() == shown.split()  # a long path goes over the line
    assert [entry.mine for entry in repl.session.entries] == [True, False]
    refused = repl.hear("/retry", "more", f"/save {file}")
    assert "already exists" in " ".join(refused.split())  # it may hold more than a chat needs
    assert [m.text for m in repl.session.history] == ["hi", "two", "more", "three"]
    assert len(file.read_text("utf-8").splitlines()) == 2
    assert repl.pipe(b"/load no-such-file\n") == 0
    assert "Cannot read" in repl.shown


def test_reset_begins_anew(make_repl):
    repl = make_repl(["one"])
    assert repl.hear("hi", "/reset").endswith("Started a new conversation.\n")
    repl.hear("hello")
    assert [m.text for m in repl.generator.asked[-1][0]] == ["hello"]


def test_another_person_answers(make_repl):
    repl = make_repl(["I am Bob"])
    said = repl.hear("/persona bob", "hi")
    assert "Bob now answers (mimic ada-lovelace); you speak as Ada Lovelace." in said
    assert "trained only on the words of Ada Lovelace" in said
    assert said.endswith("Bob: I am Bob\n")
    assert repl.session.history[0].sender == "Ada Lovelace"


def test_another_mimic_answers_and_the_talk_goes_on(make_repl):
    repl = make_repl(["hello"])
    repl.hear("hi")
    said = repl.hear("/persona cyd", "and you?")
    assert "Cyd now answers (mimic cyd); you speak as Bob." in said
    assert "learnt only" not in said
    assert said.endswith("Cyd: echo 3\n")


def test_who_has_a_mimic_of_their_own_answers_with_it(make_repl):
    repl = make_repl(own={"Zoë [x]": "zoe", "Bob": "bob", "Ada Lovelace": "ada-lovelace"})
    said = repl.hear("/persona zoë", "hi")
    assert "Zoë [x] now answers (mimic zoe); you speak as Bob." in said
    assert "rough guess" not in said
    assert "now answers (mimic zoe)" in repl.hear("/persona zoe")


def test_the_persona_of_a_mimic_is_not_looked_for_elsewhere(make_repl):
    repl = make_repl(own={"Ada Lovelace": "an-older-one"})
    repl.hear("/persona bob")
    assert "Ada Lovelace now answers (mimic ada-lovelace)" in repl.hear("/persona ada")


def test_a_mimic_that_is_not_there_changes_nothing(make_repl):
    repl = make_repl()
    assert repl.pipe(b"/persona nobody\nhi\n") == 0
    assert 'There is no mimic called "nobody". There are: cyd.\n' in repl.shown
    assert repl.shown.endswith("Ada Lovelace: echo 1\n")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/persona", "Ada Lovelace answers. It knows: Ada Lovelace, Bob, Zoë [x].\nMimics: cyd.\n"),
        ("/as", "Bob is you. It knows: Ada Lovelace, Bob, Zoë [x].\n"),
        ("/as zoë", "You speak as Zoë [x].\n"),
        ("/as you", "You speak as You.\n"),
        ("/as ada", "Ada Lovelace is the one who answers. Change that first: /persona NAME.\n"),
        ("/as nobody", 'The mimic knows nobody called "nobody".\nBob is you. It knows: '),
        ("/quti", "There is no command /quti. Did you mean /quit? See /help.\n"),
        ("/zzzz", "There is no command /zzzz. See /help.\n"),
        ("/hlep", "There is no command /hlep. Did you mean /help?\n"),
        ("/set temperature=9", "temperature is 9; it must be from 0 to 5.\n"),
        ("/set temprature=1", "There is no setting 'temprature'; did you mean temperature?\n"),
        ("/set temperature", "Use KEY=VALUE, e.g. /set temperature=0.7 top_p=0.8.\n"),
        ("/set seed=7", "seed  7  Random seed: same seed, same reply. (from 0 to 4294967295)"),
        ("/save", "There are no messages yet.\n"),
    ],
)
def test_a_command_says_what_it_did(make_repl, line, says):
    assert make_repl().hear(line).startswith(says)


@pytest.mark.parametrize(
    "line",
    ["/set temperature=0.5 top_p=7", "/set top_p 7 temperature 0.5", "/set seed 1 temprature 2"],
)
def test_a_wrong_value_changes_no_setting(make_repl, line):
    repl = make_repl()
    assert repl.hear(line).count("\n") == 1
    assert repl.session.decoding == Decoding()


@pytest.mark.parametrize(
    "line",
    ["/set min_tokens 100 max_tokens 200", "/set max-tokens=200 min-tokens=100"],
)
def test_values_count_together_and_in_any_order(make_repl, line):
    repl = make_repl()
    shown = repl.hear(line)
    assert (repl.session.decoding.min_tokens, repl.session.decoding.max_tokens) == (100, 200)
    assert [row.split()[:2] for row in shown.splitlines()] == [
        ["max_tokens", "200"],
        ["min_tokens", "100"],
    ]


def test_set_lists_every_setting_and_help_every_command(make_repl):
    repl = make_repl()
    shown = repl.hear("/set")
    for name in (one.name for one in SETTINGS):
        assert name in shown
    shown = repl.hear("/help")
    for name in ("persona", "as", "reset", "undo", "retry", "set", "save", "quit"):
        assert f"/{name}" in shown


def test_ctrl_c_keeps_what_was_said_and_marks_it(make_repl, tmp_path):
    repl = make_repl()

    def breaking(*_):
        yield "half a "
        yield "sen"
        raise KeyboardInterrupt

    repl.generator.stream = breaking
    assert repl.hear("hi") == "Ada Lovelace: half a sen (stopped)\n"
    assert repl.session.history[-1].text == "half a sen"
    repl.hear(f"/save {tmp_path / 'talk.jsonl'}")
    rows = [json.loads(line) for line in (tmp_path / "talk.jsonl").read_text().splitlines()]
    assert [row.get("stopped") for row in rows] == [None, True]


def test_ctrl_c_before_a_word_keeps_the_question(make_repl):
    repl = make_repl()

    def breaking(*_):
        raise KeyboardInterrupt
        yield

    repl.generator.stream = breaking
    assert repl.hear("hi") == "Stopped before the first word.\n"
    assert [message.text for message in repl.session.history] == ["hi"]
    del repl.generator.stream
    assert repl.hear("/retry") == "Ada Lovelace: echo 1\n"


def test_ctrl_c_elsewhere_stops_that_and_not_the_chat(make_repl):
    repl = make_repl()

    def breaking(*_):
        raise KeyboardInterrupt

    repl.open_voice = breaking
    assert repl.pipe(b"/persona cyd\nhi\n") == 0
    assert repl.shown.endswith("Stopped.\nAda Lovelace: echo 1\n")


def test_a_silent_reply_is_said_to_be_one(make_repl):
    repl = make_repl(["", " "])
    assert repl.hear("hi") == "Ada Lovelace:   (says nothing)\n"
    assert [message.text for message in repl.session.history] == ["hi"]


HOSTILE = [
    "\x1b[2J",
    "\x1b]52;c;aGk=\x07",
    "\x1b]0;title\x1b\\",
    "\x1b]8;;http://x\x1b\\y",
    "\x9b31m",
    "[bold]x[/] [/] [link=file:///etc/passwd]x[/link] :smile: [@click=app.bell]",
    "\u202egnp.exe",
    "a\rb\x00\x7f\x08",
    "\ud800",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_no_text_of_a_voice_drives_the_terminal(make_repl, text, step):
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    repl = make_repl(pieces, terminal=True)
    shown = repl.hear("hi").split("writing …")[-1]
    said = shown.partition("Ada Lovelace: ")[2]
    assert said
    assert not UNSHOWABLE.search(said)
    if text.isprintable():
        assert said == f"{text}\n"


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(), max_size=20), st.text(st.characters(), max_size=20))
def test_no_text_or_name_at_all_drives_the_terminal(make_repl, text, name):
    from talking_support import ScriptedGenerator

    generator = ScriptedGenerator((name, name + "2"))
    repl = make_repl([text], generator=generator)
    repl.pipe(
        f"{text}\n/persona\n/as {text}\n/{text}\n/undo\n/set {text}\n".encode("utf-8", "replace")
    )
    assert not UNSHOWABLE.search(repl.shown)


def test_a_message_of_several_lines_cannot_look_like_two(make_repl):
    repl = make_repl(["hi\nBob: I owe you 5\n"])
    assert repl.hear("x") == "Ada Lovelace: hi\n  Bob: I owe you 5\n  \n"


@pytest.mark.parametrize("width", [1, 20])
def test_a_narrow_terminal_loses_nothing(make_repl, width):
    repl = make_repl(["a very long reply " * 5], width=width)
    shown = repl.hear("hi", "/help", "/set", "/persona", "/undo")
    assert "a very long reply " * 5 in shown
    assert "Ctrl-D" in shown.replace("\n", "") or width == 1


# --- saving ---


def test_a_saved_talk_is_private_and_is_read_back(make_repl, tmp_path):
    from chatmimic.chat.saving import read_history

    repl = make_repl(["héllo\n👋"], ["ok"])
    file = tmp_path / "talk.jsonl"
    os.umask(0)
    try:
        said = repl.hear("hi", "/me waves", f"/save {file}")
    finally:
        os.umask(0o022)
    assert "".join(said.split()).endswith(f"Saved4messagesto{file}")  # however long the path
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_history(file) == repl.session.history
    assert repl.hear(f"/save {file}").startswith("Saved 4")  # its own file may be renewed


def test_a_talk_is_saved_in_the_home_without_a_name(make_repl, home):
    repl = make_repl()
    repl.hear("hi", "/save")
    (file,) = home.glob("chats/*.jsonl")
    assert re.fullmatch(r"ada-lovelace-\d{8}-\d{6}\.jsonl", file.name)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_somebody_elses_file_is_not_overwritten(make_repl, tmp_path):
    file = tmp_path / "mine.txt"
    file.write_text("precious")
    repl = make_repl()
    assert "already exists" in " ".join(repl.hear("hi", f"/save {file}").split())
    assert file.read_text() == "precious"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_that_leads_nowhere_is_not_replaced(make_repl, tmp_path):
    file = tmp_path / "talk.jsonl"
    file.symlink_to(tmp_path / "gone")
    assert "already exists" in " ".join(make_repl().hear("hi", f"/save {file}").split())
    assert file.is_symlink()


def test_a_new_conversation_does_not_replace_one_that_was_saved(make_repl, tmp_path):
    file = tmp_path / "talk.jsonl"
    repl = make_repl(["ok"], ["fine"])
    repl.hear("hi", f"/save {file}", "/reset", "again")
    before = file.read_bytes()
    assert "already exists" in " ".join(repl.hear(f"/save {file}").split())
    assert file.read_bytes() == before


def test_a_folder_that_is_not_there_is_said(make_repl, tmp_path):
    repl = make_repl()
    assert repl.pipe(f"hi\n/save {tmp_path}/no/talk.jsonl\nho\n".encode()) == 0
    assert "There is no folder" in repl.shown
    assert repl.shown.endswith("Ada Lovelace: echo 3\n")


@pytest.mark.parametrize(
    "content",
    [
        b"x",
        b"[]",
        b'{"sender": "Bob"}',
        b'{"sender": 1, "text": "x"}',
        b"null",
        b"\xff",
        b'"' + b"[" * 9999,
    ],
)
def test_a_history_that_is_none_names_its_line(tmp_path, content):
    from chatmimic.chat.saving import read_history

    file = tmp_path / "history.jsonl"
    file.write_bytes(b'{"sender": "Bob", "text": "hi"}\n\n' + content + b"\n")
    with pytest.raises(ChatmimicError, match="line 3"):
        read_history(file)


def test_a_history_needs_only_sender_and_text(tmp_path: Path):
    from chatmimic.chat.saving import read_history

    file = tmp_path / "history.jsonl"
    file.write_text('{"sender": "Bob\\u0000", "text": "hi", "sent_at": "2020"}\n')
    assert read_history(file) == [Message("Bob\ufffd", "hi")]

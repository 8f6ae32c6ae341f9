"""Chats that are kept: what is in the file at each moment, and which chat is gone on with."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from talking_support import ScriptedGenerator

from chatmimic.chat.kept import Kept, find_chat, kept_chats, kept_files, new_chat_file
from chatmimic.chat.saving import as_lines, read_chat
from chatmimic.chat.session import Session
from chatmimic.chat.voice import Voice
from chatmimic.errors import ChatmimicError
from chatmimic.generated import is_generated
from chatmimic.generation import Decoding
from chatmimic.records import Message


def session() -> Session:
    return Session(Voice(ScriptedGenerator(("Ada", "Bob")), "ada", "tiny"), Decoding())


class Chat:
    """A chat that is kept, and what was said about that."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self.kept = Kept(folder, self.said.append)
        self.session = session()

    def exchange(self, text: str) -> None:
        self.session.say(text)
        self.write()
        self.session.hear(f"{text}!")
        self.write()

    def write(self) -> None:
        self.kept.write(self.session.entries, "ada")

    @property
    def in_file(self) -> list[str]:
        assert self.kept.path is not None
        return [m.text for m in read_chat(self.kept.path).messages]


@pytest.fixture
def chat(tmp_path: Path) -> Chat:
    return Chat(tmp_path / "chats")


def test_nothing_is_written_before_the_first_message(chat: Chat) -> None:
    chat.write()
    assert not chat.kept.folder.exists()


def test_the_file_follows_the_chat(chat: Chat) -> None:
    chat.exchange("one")
    chat.exchange("two\u2028\n\x85three")
    assert chat.in_file == ["one", "one!", "two\u2028\nthree", "two\u2028\nthree!"]
    chat.session.undo()
    chat.write()
    assert chat.in_file == ["one", "one!"]
    chat.session.edit("1")
    chat.write()
    assert chat.in_file == ["1"]
    assert chat.said == []


def test_a_message_is_appended_however_long_the_chat_is(chat: Chat) -> None:
    chat.exchange("one")
    assert chat.kept.path is not None
    file = chat.kept.path.stat().st_ino
    for number in range(50):
        chat.exchange(str(number))
    assert chat.kept.path.stat().st_ino == file  # a file that is written anew is another one
    assert len(chat.in_file) == 102


def test_it_is_private_and_marked_as_generated(chat: Chat) -> None:
    os.umask(0)
    try:
        chat.exchange("one")
    finally:
        os.umask(0o022)
    assert chat.kept.path is not None
    assert chat.kept.path.stat().st_mode & 0o777 == 0o600
    assert chat.kept.folder.stat().st_mode & 0o777 == 0o700
    assert is_generated(chat.kept.path.read_text())


def test_what_was_read_is_what_was_written(chat: Chat) -> None:
    chat.session.say("/me waves")
    chat.session.hear("half a sen", stopped=True)
    chat.write()
    assert chat.kept.path is not None
    saved = read_chat(chat.kept.path)
    assert list(saved.entries) == chat.session.entries
    assert saved.mimic == "ada"


@pytest.mark.parametrize("cut", [1, 2, 30])
def test_a_message_that_was_being_written_is_left_out(chat: Chat, cut: int) -> None:
    chat.exchange("one")
    path = chat.kept.path
    assert path is not None
    path.write_bytes(path.read_bytes()[:-cut])
    saved = read_chat(path, unfinished=True)
    assert [m.text for m in saved.messages] == ["one"]
    chat.kept.go_on(path)
    chat.session.load(saved.entries)
    chat.exchange("two")
    assert chat.in_file == ["one", "two", "two!"]


def test_another_chat_has_another_file(chat: Chat) -> None:
    chat.exchange("one")
    first = chat.kept.path
    chat.session.reset()
    chat.kept.begin_anew()
    chat.write()
    chat.exchange("two")
    assert first is not None
    assert [m.text for m in read_chat(first).messages] == ["one", "one!"]
    assert chat.in_file == ["two", "two!"]


def test_a_chat_of_which_all_is_taken_back_leaves_no_file(chat: Chat) -> None:
    chat.exchange("one")
    chat.session.undo()
    chat.write()
    assert list(chat.kept.folder.iterdir()) == []
    chat.exchange("two")
    assert chat.in_file == ["two", "two!"]


def test_a_file_that_was_deleted_stays_deleted(chat: Chat) -> None:
    chat.exchange("one")
    assert chat.kept.path is not None
    chat.kept.path.unlink()
    chat.exchange("two")
    chat.exchange("three")
    assert list(chat.kept.folder.iterdir()) == []
    (said,) = chat.said
    assert "was deleted: this chat is kept no more." in said


def test_two_chats_do_not_write_over_each_other(tmp_path: Path) -> None:
    one, other = Chat(tmp_path), Chat(tmp_path)
    one.exchange("one")
    assert one.kept.path is not None
    other.session.load(one.session.entries)
    other.kept.go_on(one.kept.path)
    other.exchange("two")
    one.exchange("three")
    assert other.in_file == ["one", "one!", "two", "two!"]
    assert one.in_file == ["one", "one!", "three", "three!"]
    assert "was changed elsewhere" in one.said[0]


def test_a_disk_that_takes_nothing_is_said_once(chat: Chat) -> None:
    chat.kept.folder.parent.joinpath("chats").write_text("a file in the way")
    chat.exchange("one")
    chat.exchange("two")
    (said,) = chat.said
    assert said.startswith("This chat is kept no more: ")


def test_two_chats_of_one_second_have_two_files(tmp_path: Path) -> None:
    assert len({new_chat_file(tmp_path, "ada") for _ in range(5)}) == 5


@pytest.mark.parametrize(
    "row",
    [
        {"sent_at": 10**30},
        {"sent_at": -1},
        {"sent_at": True},
        {"sent_at": 1e300},
        {"mimic": 7, "mine": "yes", "stopped": 1, "kind": ["action"]},
    ],
)
def test_what_a_file_says_wrongly_is_not_believed(tmp_path: Path, row: dict[str, object]) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps({"sender": "Bob", "text": "hi"} | row))
    saved = read_chat(file, "Bob")
    assert saved.messages == [Message("Bob", "hi")]
    assert (saved.mimic, saved.entries[0].mine, saved.entries[0].stopped) == ("", True, False)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="has no such device")
def test_a_file_without_an_end_is_too_large() -> None:
    with pytest.raises(ChatmimicError, match="too large"):
        read_chat(Path("/dev/zero"))


# --- which one ---


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for age, (name, mimic) in enumerate(
        [
            ("ada-20260103-090000", "ada"),
            ("ann-20260102-090000", "ann"),
            ("ada-20260101-090000", "ada"),
        ]
    ):
        talk = session()
        talk.say(name)
        path = tmp_path / f"{name}.jsonl"
        path.write_text(as_lines(talk.entries, mimic))
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    (tmp_path / "ada-20260104-090000.jsonl").touch()  # killed before the first message
    (tmp_path / "ada-20260105-090000.jsonl").write_text('{"generat')  # killed while writing it
    (tmp_path / "new.jsonl").write_text("[]\n")
    (tmp_path / "other.jsonl").write_text("[]\n")
    (tmp_path / "lines").write_text("x")
    os.utime(tmp_path / "other.jsonl", (1, 1))
    return tmp_path


@pytest.mark.parametrize(
    ("wanted", "mimic", "found"),
    [
        ("", "", "ada-20260103-090000"),
        ("", "ann", "ann-20260102-090000"),
        ("ada", "", "ada-20260103-090000"),
        ("Ann", "", "ann-20260102-090000"),
        ("a", "", "ada-20260103-090000"),
        ("ada-20260101", "", "ada-20260101-090000"),
        ("ann-20260102-090000", "ada", "ann-20260102-090000"),  # with another mimic
        ("ada-20260105", "", "ada-20260105-090000"),  # no other has such a name
    ],
)
def test_the_newest_that_fits_is_found(folder: Path, wanted: str, mimic: str, found: str) -> None:
    assert find_chat(folder, wanted, mimic).stem == found


@pytest.mark.parametrize(
    "wanted", ["zoe", "../zoe", "/etc/passwd", "*", "ada-2027", "\x00", "x" * 999]
)
def test_what_is_not_there_is_not_found(folder: Path, wanted: str) -> None:
    with pytest.raises(ChatmimicError, match="is kept in"):
        find_chat(folder, wanted)


def test_a_chat_that_cannot_be_read_is_passed_over(folder: Path) -> None:
    assert len(kept_files(folder)) == 6
    assert [path.stem for path, _ in kept_chats(folder)] == [
        "ada-20260103-090000", "ann-20260102-090000", "ada-20260101-090000",
    ]  # fmt: skip


def test_without_a_name_only_chats_that_can_be_read_are_found(tmp_path: Path) -> None:
    (tmp_path / "cut.jsonl").write_text('{"generat')
    (tmp_path / "damaged.jsonl").write_text("[]\n")
    with pytest.raises(ChatmimicError, match="No chat is kept in"):
        find_chat(tmp_path)


# --- the commands ---


def kept_repl(make_repl, home, *replies):
    repl = make_repl(*replies)
    repl.kept = Kept(home / "chats", repl.screen.note)
    return repl


def files(home: Path) -> list[Path]:
    return sorted((home / "chats").glob("*"))


def test_each_message_is_kept_when_it_is_said(make_repl, home):
    repl = kept_repl(make_repl, home)
    seen = []

    def looking(history, *_):
        (file,) = files(home)
        seen.append([json.loads(line)["text"] for line in file.read_text().splitlines()])
        yield f"{len(history)}"

    repl.generator.stream = looking
    repl.pipe(b"hi\nho\n/undo\n")
    assert seen == [["hi"], ["hi", "1", "ho"]]
    (file,) = files(home)
    assert [m.text for m in read_chat(file).messages] == ["hi", "1"]


def test_a_kept_chat_is_listed_and_gone_on_with(make_repl, home):
    first = kept_repl(make_repl, home, ["one"])
    first.pipe(b"hi\n")
    (file,) = files(home)
    repl = kept_repl(make_repl, home, ["two"], ["three"])
    said = repl.hear("/sessions")
    assert said.startswith(f"{file.stem}  2 messages; Ada Lovelace: one\n")
    repl.pipe(b"/resume\nmore\n")
    assert "2 messages so far:\nBob: hi\nAda Lovelace: one\nAda Lovelace: two\n" in repl.shown
    assert files(home) == [file]
    assert [m.text for m in read_chat(file).messages] == ["hi", "one", "more", "two"]
    assert "(this one)" in repl.hear("/sessions")


def test_on_a_narrow_terminal_names_are_whole(make_repl, home):
    kept_repl(make_repl, home, ["one"]).pipe(b"hi\n")
    (file,) = files(home)
    table = make_repl(width=30).hear("/sessions").partition("They are")[0]
    assert file.stem in "".join(row.split("  ")[0] for row in table.splitlines())


def test_a_chat_that_is_kept_nowhere_is_left_as_it_was(make_repl, home):
    kept_repl(make_repl, home, ["one"]).pipe(b"hi\n")
    (file,) = files(home)
    before = file.read_bytes()
    make_repl(["two"]).pipe(b"/resume\nmore\n/discard\n")
    assert file.read_bytes() == before


def test_reset_and_resume_go_back_and_forth(make_repl, home):
    repl = kept_repl(make_repl, home, ["one"], ["two"])
    repl.pipe(b"hi\n/reset\nho\n/resume\n")
    assert [m.text for m in repl.session.history] == ["hi", "one"]
    repl.pipe(b"/resume\n")
    assert [m.text for m in repl.session.history] == ["ho", "two"]


def test_a_discarded_chat_is_gone_and_stays_so(make_repl, home):
    repl = kept_repl(make_repl, home)
    repl.pipe(b"hi\n/discard\nho\n/discard\n")
    assert files(home) == []
    assert "This chat is kept no more." in repl.shown
    assert repl.shown.endswith("This chat is not kept.\n")


def test_the_chat_after_a_discarded_one_is_kept(make_repl, home):
    repl = kept_repl(make_repl, home)
    repl.pipe(b"hi\n/discard\nho\n/reset\nanew\n")
    (file,) = files(home)
    assert read_chat(file).messages[0].text == "anew"


def test_a_file_in_place_of_the_folder_is_said(make_repl, home):
    home.mkdir(exist_ok=True)
    (home / "chats").write_text("")
    repl = kept_repl(make_repl, home)
    assert repl.pipe(b"hi\n/save\nho\n") == 0
    shown = " ".join(repl.shown.split())
    assert "This chat is kept no more: Cannot write to" in shown
    assert "File exists. Choose another place with --home." in shown
    assert shown.endswith("Ada Lovelace: echo 3")


def test_that_a_chat_is_kept_is_said(make_repl, home):
    repl = kept_repl(make_repl, home)
    repl.pipe(b"")
    assert "This chat is kept; /discard deletes it." in repl.shown


def test_the_end_of_a_long_chat_is_shown(make_repl, home):
    repl = kept_repl(make_repl, home)
    repl.pipe(b"".join(b"line %d\n" % n for n in range(8)) + b"/reset\n/resume\n")
    said = repl.shown.partition("16 messages so far, the last 6:\n")[2]
    assert said.splitlines() == [
        "Bob: line 5", "Ada Lovelace: echo 11", "Bob: line 6", "Ada Lovelace: echo 13",
        "Bob: line 7", "Ada Lovelace: echo 15",
    ]  # fmt: skip


def test_what_a_kill_left_of_a_first_message_is_no_chat(make_repl, home):
    (home / "chats").mkdir(parents=True)
    (home / "chats" / "cut.jsonl").write_text('{"generat')
    repl = kept_repl(make_repl, home)
    assert "No chat is kept in" in repl.hear("/sessions")
    assert "Files there that hold no chat, or a damaged one: 1." in " ".join(repl.shown.split())
    said = " ".join(repl.hear("hi", "/sessions").split())
    assert "2 messages (this one)" in said
    assert "more are" not in said


def test_where_nothing_is_kept_that_is_said(make_repl):
    repl = make_repl()
    assert repl.pipe(b"/sessions\n/resume\n") == 0
    assert "No chat is kept in" in repl.hear("/sessions")
    assert repl.shown.count("is kept in") == 3

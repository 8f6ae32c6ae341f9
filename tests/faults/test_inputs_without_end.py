"""Files that a command is given: pipes that nobody writes to, devices without end, any line."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from chatmimic.bases.folder import read_json
from chatmimic.bases.terms import terms_of
from chatmimic.chat import lines as chat_lines
from chatmimic.chat import saving
from chatmimic.chat.saving import read_chat, save
from chatmimic.chat.session import Entry
from chatmimic.cli.commands import reply as reply_command
from chatmimic.errors import ChatmimicError
from chatmimic.evaluation.dialogue import lines as dialogue_lines
from chatmimic.evaluation.dialogue.lines import read_lines
from chatmimic.files import read_up_to
from chatmimic.fragment import reading
from chatmimic.fragment.reading import read_fragment, read_pasted
from chatmimic.records import Message
from chatmimic.transcript.facts import read_facts

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX pipes and devices")

READERS: list[Callable[[Path], object]] = [
    read_chat,
    lambda path: list(read_lines(path, "--references")),
    lambda path: read_facts(str(path)),
    read_json,
    read_fragment,
]


@pytest.fixture(autouse=True)
def small_limits(monkeypatch) -> None:
    """Limits that a test reaches at once."""
    monkeypatch.setattr(dialogue_lines, "_LARGEST", 1 << 20)
    monkeypatch.setattr(saving, "_LARGEST", 1 << 20)
    monkeypatch.setattr(reading, "_PASTE", 4 << 20)


@posix
@pytest.mark.parametrize("reader", READERS)
def test_a_device_without_end_is_refused(reader) -> None:
    with pytest.raises(ChatmimicError):
        reader(Path("/dev/zero"))


@posix
@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path, reader) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ChatmimicError):
        reader(tmp_path / "pipe")


@posix
def test_a_pipe_that_somebody_writes_to_is_read(tmp_path) -> None:
    read, write = os.pipe()
    with open(write, "w") as out:
        out.write('{"sender": "Ada", "text": "tea"}\n')
    assert read_chat(Path(f"/dev/fd/{read}")).messages[0].text == "tea"
    os.close(read)


@posix
def test_a_slow_writer_is_waited_for(tmp_path) -> None:
    read, write = os.pipe()
    begun = threading.Event()

    def writes() -> None:
        begun.wait()
        os.write(write, b"tea\n")
        os.close(write)

    writer = threading.Thread(target=writes)
    writer.start()
    begun.set()
    assert read_up_to(Path(f"/dev/fd/{read}"), 100) == b"tea\n"
    writer.join()
    os.close(read)


def test_a_file_as_large_as_the_limit_is_read(tmp_path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    assert read_up_to(tmp_path / "x", 5) == b"12345"
    with pytest.raises(OSError, match="larger than"):
        read_up_to(tmp_path / "x", 4)
    assert read_up_to(Path(os.devnull), 4) == b""


class Endless(io.RawIOBase):
    """A stream of zeros without end or line end."""

    def __init__(self) -> None:
        super().__init__()
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "all of it"
        self.given += size
        return bytes(size)

    def readline(self, size: int | None = -1) -> bytes:
        assert size is not None
        return self.read(size)


def test_standard_input_without_end_is_refused(monkeypatch) -> None:
    endless = Endless()
    with pytest.raises(ChatmimicError, match="larger than 4 MiB"):
        read_pasted(endless)
    with pytest.raises(ChatmimicError, match="longer than 1 MiB"):
        chat_lines.PipedLines(endless).read("")
    monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": endless, "isatty": bool})())
    with pytest.raises(Exception, match="longer than 1 MiB"):
        reply_command._text_given("-")
    assert endless.given < 10 << 20


@posix
def test_the_card_of_a_stranger_is_read_up_to_a_limit(tmp_path) -> None:
    for name in ("README.md", "base.json", "mimic.json"):
        (tmp_path / name).symlink_to("/dev/zero")
    assert str(terms_of(str(tmp_path))) == ""


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\r", "\x1c"])
def test_a_saved_chat_is_read_back_whatever_is_in_it(tmp_path, odd: str) -> None:
    entries = [Entry(Message("Ada", f"tea{odd}time"), mine=False), Entry(Message("Bo", "x"), True)]
    save(entries, tmp_path / "chat", "ada")
    read = [entry.message.text for entry in read_chat(tmp_path / "chat").entries]
    assert [text.replace("\n", odd) for text in read][1] == "x"
    assert len(read) == 2

"""imessage-exporter: what of a block is the sender's, replies, ids; any conversation back."""

from __future__ import annotations

import html
import time
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from test_text_round_trips import QUIET, Said, conversations, read_back
from text_exports import imessage_exporter, imessage_page

from chatmimic.errors import ExportError
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.imessage.exported_contents import parts_of, tapback_of
from chatmimic.importers.imessage.exported_text import is_exported_text
from chatmimic.records import Kind, Message

AT = "May 17, 2022  5:29:42 PM"


def read(
    folder: Path, text: str, name: str = "+15550100.txt"
) -> tuple[list[Message], ImportReport]:
    (folder / name).write_text(text, encoding="utf-8")
    report = ImportReport()
    return list(read_exports(folder / name, ImportOptions(tz="UTC"), report)), report


@pytest.mark.parametrize(
    ("lines", "kind", "text"),
    [
        ("hello", Kind.TEXT, "hello"),
        ("two\n\nparts\n\n", Kind.TEXT, "two\n\nparts"),
        ("", Kind.TEXT, ""),
        ("attachments/12/3.heic", Kind.MEDIA, ""),
        ("~/Library/Messages/Attachments/ab/11/GUID/IMG 1.jpeg", Kind.MEDIA, ""),
        ("/var/mobile/Backup/33/33c81da8ae3194fc5a0ea993ef6ffe0b048baedb", Kind.MEDIA, ""),
        ("IMG_0001.HEIC", Kind.MEDIA, ""),
        ("Attachment missing!", Kind.MEDIA, ""),
        ("Outline Sticker from Me: attachments/1/2.heic", Kind.MEDIA, ""),
        ("attachments/1/voice.caf\nTranscription: never typed", Kind.MEDIA, ""),
        ("attachments/1/2.jpeg\nlook", Kind.TEXT, "look"),
        ("/usr/bin is full", Kind.TEXT, "/usr/bin is full"),
        ("/me waves", Kind.TEXT, "/me waves"),
        ("~/notes.md has it", Kind.TEXT, "~/notes.md has it"),
        ("read attachments/ first", Kind.TEXT, "read attachments/ first"),
        ("Transcription: hi", Kind.TEXT, "Transcription: hi"),
        ("Hooray\nSent with Confetti", Kind.TEXT, "Hooray"),
        ("Sent with Confetti", Kind.TEXT, "Sent with Confetti"),
        ("Sent with love", Kind.TEXT, "Sent with love"),
        (f"{AT} one\nEdited 5 seconds later: two", Kind.TEXT, "two"),
        (f"{AT} one\nmore\nEdited 1 hour later: two\nand more", Kind.TEXT, "two\nand more"),
        (f"{AT} was pasted", Kind.TEXT, f"{AT} was pasted"),
        ("Edited 5 seconds later: my own", Kind.TEXT, "Edited 5 seconds later: my own"),
        ("You unsent this message part 4 seconds after sending!", Kind.DELETED, ""),
        ("They deleted a message.", Kind.DELETED, ""),
        ("left\nBo unsent this message part 1 hour after sending!", Kind.TEXT, "left"),
        ("This message was deleted from the conversation!\nold", Kind.DELETED, "old"),
        ("SharePlay Message\nEnded", Kind.SYSTEM, "SharePlay Message\nEnded"),
        ("Started sharing location!", Kind.SYSTEM, "Started sharing location!"),
        ("Loved “hello”", Kind.SYSTEM, "Loved “hello”"),
        ("GamePigeon message:\nDarts", Kind.MEDIA, "GamePigeon message:\nDarts"),
        ("Apple Cash transaction: $5", Kind.MEDIA, "Apple Cash transaction: $5"),
        ("one message: call me", Kind.TEXT, "one message: call me"),
        ("https://example.org\nTitle\nSummary", Kind.TEXT, "https://example.org"),
        ("see https://example.org\nok", Kind.TEXT, "see https://example.org\nok"),
        ("Tapbacks:\nare what I miss", Kind.TEXT, "Tapbacks:\nare what I miss"),
    ],
)
def test_what_of_a_message_is_its_words(lines: str, kind: Kind, text: str) -> None:
    parts = parts_of(lines.split("\n"))
    assert (parts.kind, parts.text) == (kind, text)


@pytest.mark.parametrize("label", ["Tapbacks:", "Reactions:"])
def test_tapbacks(label: str) -> None:
    lines = ["hi", label, "Loved by Ada", "☕️ by Bo", "Sticker from Di not found!", "", "more"]
    parts = parts_of(lines)
    assert parts.text == "hi\nmore"
    assert parts.tapbacks == [("❤️", "Ada"), ("☕️", "Bo")]


@pytest.mark.parametrize(
    ("line", "tapback"),
    [
        ("Laughed by Ada", ("😂", "Ada")), ("👍🏽 by +15550100", ("👍🏽", "+15550100")),
        ("Written by Ada", None), ("Loved", None), ("", None),
    ],
)  # fmt: skip
def test_a_tapback_is_a_known_verb_or_a_sign(line: str, tapback: tuple[str, str] | None) -> None:
    assert tapback_of(line) == tapback


def test_a_reply_is_one_message_that_answers_another(tmp_path: Path) -> None:
    head, later = AT, AT.replace("5:29", "5:30")
    text = (
        f"{head}\nBo\nasked\n    {later}\n    Me\n    answered\n    in two lines\n\n\n"
        f"{later}\nMe\nanswered\nin two lines\nThis message responded to an earlier message.\n\n"
    )
    messages, report = read(tmp_path, text)
    assert [(m.text, m.reply_to == messages[0].message_id) for m in messages] == [
        ("asked", False), ("answered\nin two lines", True)
    ]  # fmt: skip
    assert report.left_out == {"duplicate": 1}


def test_a_message_goes_on_below_its_replies(tmp_path: Path) -> None:
    text = f"{AT}\nBo\none\n    {AT}\n    Me\n    reply\n\n    of two parts\n\ntwo\n\n"
    messages, _ = read(tmp_path, text)
    assert [m.text for m in messages] == ["one\ntwo", "reply\n\nof two parts"]


def test_equal_messages_of_one_second_are_two(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    text = f"{AT}\nBo\nyes\n\n" * 2
    read(tmp_path, text)
    (tmp_path / "again" / "+15550100.txt").write_text(text)
    report = ImportReport()
    messages = list(read_exports(tmp_path, ImportOptions(tz="UTC"), report))
    assert [m.text for m in messages] == ["yes", "yes"]
    assert report.left_out == {"duplicate": 2}


@pytest.mark.parametrize(
    ("file", "title"), [("+15550100.txt", "+15550100"), ("Looms - 12.txt", "Looms")]
)
def test_the_chat_is_named_by_the_file(file: str, title: str, tmp_path: Path) -> None:
    messages, _ = read(tmp_path, f"{AT}\nBo\nhi\n\n", file)
    assert [(m.thread, m.thread_title) for m in messages] == [(file.removesuffix(".txt"), title)]


def test_lines_above_the_first_message_are_counted(tmp_path: Path) -> None:
    text = f"{AT} You named the conversation Looms\nstray\n\n{AT}\nBo\nhi\n\n"
    messages, report = read(tmp_path, text)
    assert [m.kind for m in messages] == [Kind.SYSTEM, Kind.TEXT]
    assert report.left_out == {"system": 1, "unparsed": 1}


@pytest.mark.parametrize("text", ["", "hi", f"{AT} started", f"    {AT}\nBo\nhi"])
def test_what_is_no_such_file(text: str) -> None:
    assert not is_exported_text(text)


@pytest.mark.parametrize(
    "piece", [f"{AT}\n", f"    {AT}\n", "/attachments", "Sent with ", " by ", "a/", "Tapbacks:\n"]
)
def test_no_file_takes_long(piece: str, tmp_path: Path) -> None:
    began = time.process_time()
    read(tmp_path, f"{AT}\nBo\n" + (piece * 200_000)[:200_000])
    assert time.process_time() - began < 4


STAMPS = [
    "{0:%b %d, %Y} {1:>2}:{0:%M:%S %p}", "{0:%b %d, %Y} {1:02}:{0:%M:%S %p}",
    "{0:%b} {0.day}, {0:%Y} {1}:{0:%M:%S %p}",
]  # fmt: skip


@given(said=conversations(second=1))
@QUIET
def test_any_conversation_on_a_page(said: list[Said], tmp_path: Path) -> None:
    # In HTML other ends of lines are "\n", and what is no character cannot be written.
    said = [(at, name, text) for at, name, text in said if html.unescape(html.escape(text)) == text]
    assume(said and not any("\u2028" in text for _, _, text in said))
    assume(all(name == " ".join(name.split()) for _, name, _ in said))
    whole = imessage_page(said)
    assert read_back(tmp_path / "x.html", whole, "iMessage (imessage-exporter)") == said


def test_a_page_that_lacks_its_end_is_refused(tmp_path: Path) -> None:
    whole = imessage_page([(datetime(2024, 1, 25, 15, 4, 5), "Bo", "hi")])
    with pytest.raises(ExportError, match="is cut short; 1 whole message stands before it"):
        read(tmp_path, whole.removesuffix("</html>\n"), "x.html")


@given(
    said=conversations(second=1), stamp=st.sampled_from(STAMPS), end=st.sampled_from(["\n", "\r\n"])
)
@QUIET
def test_any_conversation(said: list[Said], stamp: str, end: str, tmp_path: Path) -> None:
    # What a text has of empty lines around it cannot be told from the gap.
    said = [(at, name, text.strip("\n")) for at, name, text in said]
    assume(all(name == name.strip() for _, name, _ in said))
    assume(all(parts_of(text.split("\n")).text == text for _, _, text in said))
    assume(not any(line.startswith("    ") for _, _, text in said for line in text.split("\n")))
    whole = imessage_exporter(said, stamp).replace("\n", end)
    assert read_back(tmp_path / "x.txt", whole, "iMessage (imessage-exporter)") == said

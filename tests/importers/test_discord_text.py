"""DiscordChatExporter's plain text: its first versions, and files that lost their top."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from discord_exports import CHANNEL, GUILD, RULE, at

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.discord.text import is_text
from chatmimic.records import Kind, Message

AT = 1_544_831_160_000  # 2018-12-14 23:46 UTC
STAMP = "%d-%b-%y %I:%M %p"
SHOWN = "14-Dec-18 11:46 PM"


def said(minute: int, who: str, text: str) -> Message:
    return Message(who, text, AT + minute * 60_000, sender_key=f"{who}#1815")


TALK = [
    said(0, "mira", "hello"),
    said(2, "bo", "hi\nmira"),
    said(3, "tove", "two\n\nlines"),
    said(9, "mira", "bye"),
]
ADDRESS = "https://github.com/Tyrrrz/DiscordChatExporter\n\n"


def first(messages: Sequence[Message]) -> str:
    """Version 2.0: names come first, two spaces before the time, a line of 48 signs."""
    rule, total = "=" * 48, len(messages)
    top = f"{rule}\nGuild: {GUILD}\nChannel: {CHANNEL}\nTopic: \nMessages: {total}\n{rule}\n\n"
    talk = "".join(f"{m.sender_key}  [{at(m):{STAMP}}]\n{m.text}\n\n" for m in messages)
    return ADDRESS + top + talk


def padded(messages: Sequence[Message]) -> str:
    """Version 2.3: made from a template, values in a column."""
    top = f"{RULE}\nGuild:    {GUILD}\nChannel:  {CHANNEL}\nTopic:    x: y\n"
    top += f"Messages: {len(messages)}\n"
    talk = "".join(f"{m.sender_key} [{at(m):{STAMP}}]\n{m.text}\n\n" for m in messages)
    return f"{top}{RULE}\n\n{talk}"


def turned(messages: Sequence[Message]) -> str:
    """Version 2.6: the time comes first."""
    top = f"{RULE}\nGuild:    {GUILD}\nChannel:  {CHANNEL}\nTopic:    \nMessages: {len(messages)}\n"
    talk = "".join(f"[{at(m):{STAMP}}] {m.sender_key}\n{m.text}\n\n\n" for m in messages)
    return f"{top}Range:    \n{RULE}\n\n{talk}"


def topless(whole: str) -> str:
    """A file whose top was cut off."""
    return whole.rpartition("=\n\n")[2]


FORMS = [first, padded, turned]


def read(folder: Path, text: str, **options: Any) -> tuple[list[Message], ImportReport]:
    path, report = folder / "x.txt", ImportReport()
    path.write_text(text, encoding="utf-8", newline="")
    return list(read_exports(path, ImportOptions(tz="UTC", **options), report)), report


def compared(messages: Sequence[Message]) -> list[tuple[str, str, int | None]]:
    return [(m.sender, m.text, m.sent_at) for m in messages]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("form", FORMS)
def test_first_versions_are_read(form: Any, end: str, tmp_path: Path) -> None:
    messages, report = read(tmp_path, form(TALK).replace("\n", end))
    assert compared(messages) == compared(TALK)
    assert {(m.thread, m.thread_title) for m in messages} == {(f"{GUILD} / gears",) * 2}
    assert report.format == "Discord"
    assert report.notes == []
    assert report.left_out == {}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_without_its_top_is_read(form: Any, tmp_path: Path) -> None:
    messages, report = read(tmp_path, topless(form(TALK)))
    assert compared(messages) == compared(TALK)
    assert {m.thread for m in messages} == {"x"}
    assert report.notes == [
        "x.txt lacks the exporter's first and last lines, so it may be incomplete; to be sure, "
        "export it again."
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[14-Dec-18 11:46 PM] mira#1815\nhello\n",
        "[14-Dec-18 11:46 PM] mira#1815 (pinned)\nhello\n",
        "[01/02/2024 3:04 PM] mira#1815\n\n\n[01/02/2024 3:05 PM] bo#1815\nhello\n",
        "[1/2/2024 3:04 PM] mira\nhello\n\n\n[1/2/2024 3:05 PM] bo\nhi\n",
        "mira#1815 [14-Dec-18 11:46 PM]\nhello\n",
    ],
)
def test_one_message_may_be_enough(text: str, tmp_path: Path) -> None:
    assert is_text(text)
    messages, _ = read(tmp_path, text)
    assert messages[0].sender == "mira"


@pytest.mark.parametrize(
    "text",
    [
        "[14-Dec-18 11:46 PM] mira: hello\n[14-Dec-18 11:47 PM] bo: hi\n",
        "[14-Dec-18 11:46 PM] mira\nhello\n[14-Dec-18 11:47 PM] bo\nhi\n",
        "[2024-01-02 15:04:05] <mira> hello\n[2024-01-02 15:04:06] <bo> hi\n",
        "[some time] mira#1815\nhello\n",
        "mira#1815 [some time]\nhello\n",
        "=" * 48 + "\nGuild: x\nTopic: y\n",
        "",
    ],
)
def test_what_is_no_export(text: str) -> None:
    assert not is_text(text)


@pytest.mark.parametrize("form", FORMS[:2])
def test_what_stands_under_one_time_is_told(form: Any, tmp_path: Path) -> None:
    """Messages of one person in a row are read as one: nothing shows where one ends."""
    whole = form([TALK[0], said(2, "bo", "one\ntwo")]).replace("Messages: 2", "Messages: 3")
    messages, report = read(tmp_path, whole)
    assert [m.text for m in messages] == ["hello", "one\ntwo"]
    assert report.notes == [
        "x.txt should have 3 messages, but 2 were found: old exports merge messages in a row."
    ]


@pytest.mark.parametrize("form", FORMS)
def test_addresses_of_files_are_no_words(form: Any, tmp_path: Path) -> None:
    address = "https://cdn.discordapp.com/attachments/1/2/cog.png"
    talk = [said(0, "mira", f"look\n{address}"), said(1, "bo", address), said(2, "bo", "ok")]
    messages, _ = read(tmp_path, form(talk))
    assert [(m.text, m.kind) for m in messages] == [
        ("look", Kind.TEXT),
        ("", Kind.MEDIA),
        ("ok", Kind.TEXT),
    ]


def test_a_name_may_begin_with_a_bracket(tmp_path: Path) -> None:
    messages, _ = read(tmp_path, first([said(0, "[COM] mira", "hello"), said(1, "bo", "hi")]))
    assert [m.sender for m in messages] == ["[COM] mira", "bo"]


def test_headers_that_were_joined_are_told(tmp_path: Path) -> None:
    """Somebody took the empty lines out."""
    whole = turned(TALK).replace("\n\n\n[", "\n[")
    messages, report = read(tmp_path, whole)
    assert len(messages) == 1
    assert report.notes[0].startswith("x.txt should have 4 messages, but 1 were found")
    assert report.notes[1].startswith("3 lines that were joined to the message above")
    assert "(first: x.txt:11)" in report.notes[1]


def test_a_name_with_a_colon_makes_no_other_format_of_a_text_without_its_top(
    tmp_path: Path,
) -> None:
    path = tmp_path / "chat.txt"
    said = [("Ada", "hi"), ("Bo: B", "yo: x"), ("Ada", "z")]
    rows = [
        f"[1/{day}/2024 3:04 PM] {name}\n{text}\n\n\n" for day, (name, text) in enumerate(said, 12)
    ]
    path.write_text("".join(rows))
    report = ImportReport()
    found = list(read_exports(path, ImportOptions(tz="UTC"), report))
    assert report.format == "Discord"
    assert [(m.sender, m.text) for m in found] == said

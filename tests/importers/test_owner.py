"""Whose export it is, where the export does not say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chatmimic.archive import Archive
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.records import OWNER, Message

EXPORTS = Path(__file__).parent / "exports"
NAMELESS = [
    "google-voice", "imessage-exporter-Engines - 12.txt", "signal-folders", "sms-backup.xml",
    "sms-signal.xml", "snapchat-2021.json", "viber-csv", "wechat-msg_utf8.csv", "wechat-pages",
    "wechat-weflow.json",
]  # fmt: skip


def read(path: Path, owner: str | None = None) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    return list(read_exports(path, ImportOptions(owner=owner), report)), report


def named(message: Message, owner: str) -> Message:
    """What is to come of a message."""
    reactions = tuple(
        replace(r, sender=owner) if r.sender == OWNER else r for r in message.reactions
    )
    sender = owner if message.sender == OWNER else message.sender
    return replace(message, sender=sender, reactions=reactions, sender_key="")


@pytest.mark.parametrize("export", NAMELESS)
def test_the_owner_is_called_as_was_said_and_nothing_else_changes(export: str) -> None:
    without, told = read(EXPORTS / export)
    given, silent = read(EXPORTS / export, "Grace Hopper")
    assert any(m.sender == OWNER for m in without)
    assert [replace(m, sender_key="") for m in given] == [named(m, "Grace Hopper") for m in without]
    assert "--owner" in " ".join(told.notes) or export == "signal-folders"
    assert "--owner" not in " ".join(silent.notes)


@pytest.mark.parametrize("export", NAMELESS)
def test_two_owners_are_two_people_and_one_said_later_adds_nothing(
    export: str, tmp_path: Path
) -> None:
    with Archive.open(tmp_path / "a.sqlite") as archive:
        archive.add(read(EXPORTS / export)[0])
        assert archive.add(read(EXPORTS / export, "Grace Hopper")[0]).new == 0
    with Archive.open(tmp_path / "b.sqlite") as archive:
        assert archive.add(read(EXPORTS / export, "Grace Hopper")[0]).new > 0
        other = [
            replace(m, text=f"{m.text}!", message_id="") for m in read(EXPORTS / export, "Bo")[0]
        ]
        assert archive.add(other).new > 0
        names = {person.name for person in archive.people()}
        assert {"Grace Hopper", "Bo"} <= names
        assert OWNER not in names


def test_the_name_is_on_one_line_and_of_bearable_length() -> None:
    messages, _ = read(EXPORTS / "sms-backup.xml", "Zed\n\x1b[31mHopper" + "r" * 500)
    (name,) = {m.sender for m in messages if m.sender.startswith("Zed")}
    assert name.startswith("Zed [31mHopper")
    assert len(name) == 200


@pytest.mark.parametrize("export", NAMELESS)
def test_the_report_says_how_the_owner_is_signed(export: str) -> None:
    assert read(EXPORTS / export)[1].owner in (OWNER, "")  # signal-folders has nothing to tell
    assert read(EXPORTS / export, "Grace Hopper")[1].owner == "Grace Hopper"


CHAT = "12/03/2024, 10:01 - Zoë: hi\n12/03/2024, 10:02 - Bo: ho\n"


@pytest.mark.parametrize(("asked", "owner"), [("Bo", "Bo"), ("ZOE", "Zoë")])
def test_whose_export_it_is_may_be_said_of_any(tmp_path: Path, asked: str, owner: str) -> None:
    (tmp_path / "chat.txt").write_text(CHAT, "utf-8")
    messages, report = read(tmp_path / "chat.txt", asked)
    assert report.owner == owner
    assert messages == read(tmp_path / "chat.txt")[0]
    assert "--owner" not in " ".join(report.notes)


def test_an_owner_who_is_nobody_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "chat.txt").write_text(CHAT, "utf-8")
    report = read(tmp_path / "chat.txt", "Cy")[1]
    assert report.owner == ""
    assert 'There is nobody called "Cy", given as --owner.' in report.notes

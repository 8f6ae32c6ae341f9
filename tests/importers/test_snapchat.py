"""Snapchat: both shapes of its histories, types, times, names; any conversation back."""

from __future__ import annotations

import html
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from account_exports import snapchat, snapchat_old
from hypothesis import given
from test_round_trips import QUICK, conversations, parts

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.records import Kind, Message

AT = "2024-01-05 15:04:05 UTC"
MS = 1_704_467_045_000


def record(**more: Any) -> dict[str, Any]:
    return {"From": "bo_b", "Media Type": "TEXT", "Created": AT, "Content": "hi"} | more


def read(folder: Path, **files: Any) -> tuple[list[Message], ImportReport]:
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value))
    report = ImportReport()
    return list(read_exports(folder, ImportOptions(), report)), report


@pytest.mark.parametrize(
    ("type_", "content", "kind"),
    [
        ("TEXT", "hi", Kind.TEXT), ("MEDIA", "", Kind.MEDIA), ("MEDIA", None, Kind.MEDIA),
        ("MEDIA", "a caption", Kind.TEXT), ("NOTE", "", Kind.MEDIA), ("STICKER", "", Kind.MEDIA),
        ("SHARE", "x", Kind.MEDIA), ("SHARESAVEDSTORY", "", Kind.MEDIA),
        ("LOCATION", "", Kind.MEDIA), ("STATUSERASEDMESSAGE", "", Kind.DELETED),
        ("STATUSERASEDSNAPMESSAGE", None, Kind.DELETED), ("STATUS", "", Kind.SYSTEM),
        ("STATUSSAVETOCAMERAROLL", "", Kind.SYSTEM),
        ("STATUSCONVERSATIONCAPTURESCREENSHOT", "", Kind.SYSTEM),
        ("STATUSCALLMISSEDVIDEO", "", Kind.CALL), ("HOLOGRAM", "?", Kind.OTHER),
        ("", "?", Kind.OTHER), (None, "?", Kind.OTHER),
    ],
)  # fmt: skip
def test_types(type_: Any, content: Any, kind: Kind, tmp_path: Path) -> None:
    one = record(**{"Media Type": type_, "Content": content})
    messages, _ = read(tmp_path, chat_history={"bo_b": [one]})
    assert [m.kind for m in messages] == [kind]


@pytest.mark.parametrize(
    ("exact", "at"),
    [(MS + 123, MS + 123), ((MS + 123) * 1000, MS + 123), (None, MS), (0, MS), ("x", MS)],
)
def test_times(exact: Any, at: int, tmp_path: Path) -> None:
    one = record(**{"Created(microseconds)": exact})
    messages, _ = read(tmp_path, chat_history={"bo_b": [one]})
    assert [m.sent_at for m in messages] == [at]


@pytest.mark.parametrize(
    "written", [AT, "2024-01-05 15:04:05", "2024-01-05T15:04:05Z", "Fri Jan 05 15:04:05 UTC 2024"]
)
def test_written_times_are_utc(written: str, tmp_path: Path) -> None:
    messages, _ = read(tmp_path, chat_history={"bo_b": [record(Created=written)]})
    assert [m.sent_at for m in messages] == [MS]


def test_what_was_received_and_sent_by_sections(tmp_path: Path) -> None:
    sent = {"To": "bo_b", "Media Type": "TEXT", "Created": AT, "Text": "mine"}
    received = {"From": "bo_b", "Media Type": "TEXT", "Created": AT, "Text": "it&#39;s"}
    old = {"Received Unsaved Chat History": [received], "Sent Saved Chat History": [sent]}
    messages, report = read(tmp_path, chat_history=old)
    assert {(m.sender, m.text, m.thread) for m in messages} == {
        ("bo_b", "it's", "bo_b"), ("Me", "mine", "bo_b")
    }  # fmt: skip
    assert any("--owner" in note for note in report.notes)
    account = {"Basic Information": {"Username": "mira_k", "Name": "Mira"}}
    friends = {"Friends": [{"Username": "bo_b", "Display Name": "Bo"}]}
    messages, report = read(tmp_path, chat_history=old, account=account, friends=friends)
    assert {(m.sender, m.sender_key, m.thread_title) for m in messages} == {
        ("Bo", "bo_b", "Bo"), ("Mira", "mira_k", "Bo")
    }  # fmt: skip
    assert not report.notes


def test_sections_that_hold_a_list_for_each_friend(tmp_path: Path) -> None:
    received = {"From": "bo_b", "Media Type": "TEXT", "Created": AT, "Text": "hi"}
    old = {
        "Received Saved Chat History": {"bo_b": [received], "x": 1},
        "Sent Saved Chat History": {},
    }
    messages, _ = read(tmp_path, chat_history=old)
    assert [(m.sender, m.thread) for m in messages] == [("bo_b", "bo_b")]


def test_snaps_are_media_and_memories_are_no_chat(tmp_path: Path) -> None:
    snap = {"From": "bo_b", "Media Type": "IMAGE", "Created": AT, "IsSender": False}
    memories = {"Saved Media": [{"Date": AT, "Media Type": "Image", "Download Link": "x"}]}
    messages, report = read(tmp_path, snap_history={"bo_b": [snap]}, memories_history=memories)
    assert [m.kind for m in messages] == [Kind.MEDIA]
    assert any("memories_history.json" in note for note in report.notes)


WRITERS: list[tuple[Callable[[Path, Sequence[Message]], Path], int]] = [
    (snapchat, 1), (snapchat_old, 1000)
]  # fmt: skip


@pytest.mark.parametrize(("write", "step"), WRITERS)
@given(messages=conversations())
@QUICK
def test_any_conversation(
    write: Callable[[Path, Sequence[Message]], Path], step: int, messages: list[Message]
) -> None:
    if step > 1:  # HTML has no way to write some characters
        messages = [m for m in messages if html.unescape(html.escape(m.text)) == m.text]
    if not messages:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder, "chat_history.json"), messages)
        found = list(read_exports(path, ImportOptions(), ImportReport()))
    found.sort(key=lambda m: m.sent_at or 0)
    assert parts(found, ids=False) == parts(messages, ids=False)

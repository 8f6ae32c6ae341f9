"""Instagram: told from Messenger, edited messages, the one file of 2018 to 2020."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from importing import read
from meta_exports import body, box, thread_page

from chatmimic.errors import DamagedExport
from chatmimic.importers.parsing.mojibake import repaired
from chatmimic.records import Kind, Message
from chatmimic.text import clean

AT = 1_700_000_000_000


def export(folder: Path, *messages: dict[str, Any], title: str = "grace") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    people = [{"name": "ada"}, {"name": "grace"}]
    whole = {"participants": people, "messages": list(messages), "title": title}
    path = folder / "message_1.json"
    path.write_text(json.dumps(whole | {"thread_path": f"inbox/{folder.name}"}))
    return path


def said(sender: str, text: str, at: int = 0) -> dict[str, Any]:
    return {"sender_name": sender, "content": text, "timestamp_ms": AT + at}


# --- whose it is ---


@pytest.mark.parametrize(
    ("folder", "sender", "text", "asked", "service", "note"),
    [
        ("your_instagram_activity/messages/inbox/g_1", "ada", "hi", None, "instagram", ""),
        ("instagram-ada-2024-05-01-Xy/messages/inbox/g_1", "ada", "hi", None, "instagram", ""),
        ("your_facebook_activity/messages/inbox/g_1", "ada", "hi", None, "messenger", ""),
        ("messages/inbox/g_1", "Instagram User", "hi", None, "instagram", "--format messenger"),
        ("messages/inbox/g_1", "ada", "Liked a message", None, "instagram", "--format messenger"),
        ("messages/inbox/g_1", "Facebook user", "hi", None, "messenger", ""),
        ("messages/inbox/g_1", "ada", "hi", None, "messenger", "--format instagram"),
        ("messages/inbox/g_1", "ada", "hi", "instagram", "instagram", ""),
        ("messages/inbox/g_1", "Instagram User", "hi", "messenger", "messenger", ""),
    ],
)
def test_whose_a_thread_is(
    folder: str, sender: str, text: str, asked: str | None, service: str, note: str, tmp_path: Path
) -> None:
    export(tmp_path / folder, said(sender, text))
    messages, report = read(tmp_path, format=asked)
    assert [m.service for m in messages] == [service]
    told = [one for one in report.notes if "--format" in one]
    assert (note in told[0]) if note else not told


def test_one_sign_settles_all_threads_of_an_export(tmp_path: Path) -> None:
    export(tmp_path / "messages/inbox/g_1", said("Instagram User", "hi"))
    export(tmp_path / "messages/inbox/b_2", said("bo", "ho"), title="bo")
    messages, report = read(tmp_path)
    assert {m.service for m in messages} == {"instagram"}
    assert sum("--format" in note for note in report.notes) == 1


def test_both_services_in_one_folder_stay_apart(tmp_path: Path) -> None:
    for place in ("your_instagram_activity", "your_facebook_activity"):
        export(tmp_path / place / "messages/inbox/g_1", said("ada", "hi"))
    messages, report = read(tmp_path)
    assert sorted(m.service for m in messages) == ["instagram", "messenger"]
    assert report.format == "Facebook Messenger, Instagram"
    assert report.left_out == {}


def test_a_page_alone_is_instagram_s_by_what_it_refers_to(tmp_path: Path) -> None:
    photo = '<img src="your_instagram_activity/messages/inbox/g_1/photos/1.jpg" />'
    boxes = [box("ada", body("look", photo), "Jan 08, 2026 4:41 am", "2023")]
    (tmp_path / "chat.html").write_text(thread_page("grace", boxes))
    assert [m.service for m in read(tmp_path / "chat.html")[0]] == ["instagram"]


# --- edited messages ---


@pytest.mark.parametrize(
    ("records", "texts", "duplicates"),
    [
        ([("see you soon (edited)", 60), ("see you son", 0)], ["see you soon"], 1),
        ([("Last year 😭 (edited)", 24), ("Last year", 0)], ["Last year 😭"], 1),
        ([("ok then (edited)", 9), ("no", 5), ("ok", 0)], ["no", "ok then"], 1),
        ([("abcd (edited)", 9), ("abc (edited)", 5), ("ab", 0)], ["abcd"], 2),
        ([("abcd (edited)", 9), ("wxyz", 0)], ["wxyz", "abcd"], 0),
        ([("abcd (edited)", 3600), ("abc", 0)], ["abc", "abcd"], 0),
        ([("abcd (edited)", 9), ("abc", 5), ("abc", 0)], ["abc", "abcd"], 1),
        ([("abc", 9), ("abc", 0)], ["abc", "abc"], 0),
        ([(" (edited)", 9), ("x", 0)], ["x", " (edited)"], 0),
    ],
)
def test_an_edited_message_is_read_once(
    records: list[tuple[str, int]], texts: list[str], duplicates: int, tmp_path: Path
) -> None:
    path = export(
        tmp_path / "your_instagram_activity/messages/inbox/g_1",
        *(said("ada", text, at * 1000) for text, at in records),
    )
    messages, report = read(path)
    assert [m.text for m in sorted(messages, key=lambda m: m.sent_at or 0)] == texts
    assert report.left_out["duplicate"] == duplicates


def test_another_s_words_are_no_earlier_wording(tmp_path: Path) -> None:
    path = export(tmp_path / "g_1", said("ada", "abcd (edited)", 9), said("grace", "abc", 0))
    messages, report = read(path)
    assert sorted(m.text for m in messages) == ["abc", "abcd"]
    assert report.repairs == {"edit marks": 1}


# --- messages.json of 2018 to 2020 ---

SIGNS = st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")
TEXTS = st.text(SIGNS, min_size=1, max_size=40).filter(
    lambda text: bool(clean(text).strip()) and repaired(text) == text
)
NAMES = st.text("abcxyz0189._", min_size=1, max_size=8)


def write_list(path: Path, talks: list[list[Message]]) -> Path:
    whole = [
        {
            "participants": sorted({m.sender for m in talk}),
            "conversation": [
                {
                    "sender": m.sender,
                    "created_at": datetime.fromtimestamp((m.sent_at or 0) / 1000, UTC).isoformat(),
                    "text": m.text,
                }
                for m in reversed(talk)
            ],
        }
        for talk in talks
    ]
    path.write_text(json.dumps(whole, indent=1))
    return path


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    at, messages = 1_500_000_000_000, []
    for text in draw(st.lists(TEXTS, min_size=1, max_size=6)):
        at += draw(st.integers(0, 10**9))
        messages.append(Message(draw(NAMES), text, at))
    return messages


def named(talk: list[Message]) -> str:
    return ", ".join(sorted({m.sender for m in talk}))


@given(st.lists(conversations(), min_size=1, max_size=3))
@settings(deadline=None, max_examples=60)
def test_lists_are_read_back(talks: list[list[Message]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found, _ = read(write_list(Path(folder, "messages.json"), talks))
    for number, talk in enumerate(talks):
        thread = named(talk)
        if thread not in map(named, talks[:number] + talks[number + 1 :]):
            mine = sorted((m for m in found if m.thread == thread), key=lambda m: m.sent_at or 0)
            assert [(m.sent_at, m.sender, clean(m.text)) for m in mine] == [
                (m.sent_at, m.sender, clean(m.text)) for m in talk
            ]
    assert len(found) == sum(map(len, talks))


def test_two_lists_that_overlap_are_read_once(tmp_path: Path) -> None:
    talk = [Message("ada", "hi", AT), Message("grace", "ho", AT + 5)]
    for name, some in (("a", talk), ("b", [*talk, Message("ada", "new", AT + 9)])):
        (tmp_path / name).mkdir()
        write_list(tmp_path / name / "messages.json", [some])
    messages, report = read(tmp_path)
    assert sorted(m.text for m in messages) == ["hi", "ho", "new"]
    assert report.left_out == {"duplicate": 2}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"text": "hi"}, Kind.TEXT),
        ({"text": "hi", "media": "https://example.org/x"}, Kind.TEXT),
        ({"heart": "❤️"}, Kind.TEXT),
        ({"media_share_url": "x", "media_share_caption": "not ours"}, Kind.MEDIA),
        ({"voice_media": "x"}, Kind.MEDIA),
        ({"story_share": "Shared grace's story"}, Kind.MEDIA),
        ({"video_call_action": "video_call_started"}, Kind.CALL),
        ({"action": "ada named the group Engines"}, Kind.SYSTEM),
        ({"text": "Liked a message"}, Kind.SYSTEM),
        ({"text": None}, Kind.OTHER),
        ({"sender": None}, Kind.OTHER),
    ],
)
def test_records_of_a_list(fields: dict[str, Any], kind: Kind, tmp_path: Path) -> None:
    record = {"sender": "ada", "created_at": "2019-10-20T18:34:12+00:00"} | fields
    path = tmp_path / "messages.json"
    path.write_text(json.dumps([{"participants": ["ada", "bo"], "conversation": [record]}]))
    assert [m.kind for m in read(path)[0]] == [kind]


@pytest.mark.parametrize("cut", [60, 100, 130])
def test_a_list_that_is_cut_short_says_so(cut: int, tmp_path: Path) -> None:
    path = write_list(tmp_path / "messages.json", [[Message("ada", "hi", AT)] * 3])
    path.write_text(path.read_text()[:-cut])
    with pytest.raises(DamagedExport):
        read(path)
    assert len(read(path, allow_truncated=True)[0]) < 3

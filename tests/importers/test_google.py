"""Google: Hangouts of both ages, Chat in any language, the pages of Voice."""

from __future__ import annotations

import json
import tempfile
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google_exports import (
    chat,
    chat_record,
    hangouts,
    hangouts_event,
    hangouts_people,
    voice_call,
    voice_message,
    voice_page,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from importing import read

from chatmimic.errors import DamagedExport
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.google.voice import VoicePage
from chatmimic.records import Kind, Message
from chatmimic.text import clean

AT = 1_400_000_000_000
TALK = [
    Message("Ada", "hello", AT, sender_key="1", message_id="e1"),
    Message("Grace", "hi\nthere", AT + 1000, sender_key="2", message_id="e2"),
]


SIGNS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
TEXTS = (
    st.lists(
        st.sampled_from(["\n", "<br>", "&lt;", "</q>", '"', "\\u0041"]) | st.text(SIGNS, max_size=8)
    )
    .map("".join)
    .map(lambda text: "\n".join(line.strip() for line in text.strip().split("\n")).strip())
    .filter(str.strip)
)
NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9)


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Up to eight messages of up to three people, by the second."""
    people = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    at, messages = AT, []
    for number, text in enumerate(draw(st.lists(TEXTS, min_size=1, max_size=8))):
        at += draw(st.integers(0, 3 * 86_400)) * 1000
        who = draw(st.integers(0, len(people) - 1))
        one = Message(people[who], text, at, sender_key=f"+1555{who}", message_id=f"e{number}")
        messages.append(one)
    return messages


def parts(messages: list[Message]) -> list[tuple[Any, ...]]:
    return [(m.sent_at, m.sender, m.sender_key, clean(m.text), m.message_id) for m in messages]


QUICK = settings(deadline=None, max_examples=60)


# --- Hangouts ---


@pytest.mark.parametrize("old", [True, False])
@given(messages=conversations())
@QUICK
def test_hangouts_are_read_back(old: bool, messages: list[Message]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found, report = read(hangouts(Path(folder, "Hangouts.json"), messages, old))
    assert parts(found) == parts(messages)
    assert {(m.service, m.thread, m.thread_title) for m in found} == {
        ("hangouts", "UgxA", "Engines")
    }
    assert report.format == "Google (Hangouts, Chat, Voice)"


def event(**fields: Any) -> dict[str, Any]:
    return hangouts_event(TALK[0]) | fields


def said(*segments: dict[str, Any], **beside: Any) -> dict[str, Any]:
    return {"chat_message": {"message_content": {"segment": list(segments)} | beside}}


def write_hangouts(path: Path, *events: Any, people: Any = None, **about: Any) -> Path:
    given_ = {"participant_data": hangouts_people(TALK) if people is None else people} | about
    inner = {"conversation_id": {"id": "UgxA"}, "conversation": given_}
    whole = {"conversations": [{"conversation": inner, "events": list(events)}]}
    path.write_text(json.dumps(whole))
    return path


@pytest.mark.parametrize(
    ("fields", "kind", "text"),
    [
        ({}, Kind.TEXT, "hello"),
        (said({"type": "TEXT", "text": "a "}, {"type": "LINK", "text": "b"}), Kind.TEXT, "a b"),
        (said({"type": "TEXT", "text": "a"}, {"type": "LINE_BREAK"}, {"text": "b"}), Kind.TEXT,
         "a\nb"),
        (said({"type": "LINE_BREAK", "text": "\n"}, {"text": "b"}), Kind.TEXT, "\nb"),
        (said(attachment=[{"embed_item": {}}]), Kind.MEDIA, ""),
        (said({"text": "look"}, attachment=[{}]), Kind.TEXT, "look"),
        (said(), Kind.OTHER, ""),
        (said("x", None, {"text": 5}), Kind.TEXT, "5"),
        ({"event_type": "SMS"}, Kind.TEXT, "hello"),
        ({"event_type": None}, Kind.TEXT, "hello"),
        ({"event_type": "ADD_USER"}, Kind.SYSTEM, "add user"),
        ({"event_type": "RENAME_CONVERSATION", "conversation_rename": {"new_name": "N"}},
         Kind.SYSTEM, "N"),
        ({"event_type": "HANGOUT_EVENT"}, Kind.CALL, ""),
        ({"event_type": "PHONE_CALL"}, Kind.CALL, ""),
        ({"event_type": "NEW", "chat_message": None}, Kind.OTHER, ""),
        ({"sender_id": None}, Kind.OTHER, "hello"),
        ({"timestamp": "soon"}, Kind.TEXT, "hello"),
    ],
)  # fmt: skip
def test_events(fields: dict[str, Any], kind: Kind, text: str, tmp_path: Path) -> None:
    messages, _ = read(write_hangouts(tmp_path / "Hangouts.json", event(**fields)))
    assert [(m.kind, m.text) for m in messages] == [(kind, text)]


def test_what_is_no_event_is_counted(tmp_path: Path) -> None:
    messages, report = read(write_hangouts(tmp_path / "h.json", event(), None, [], "x"))
    assert [m.kind for m in messages] == [Kind.TEXT, Kind.OTHER, Kind.OTHER, Kind.OTHER]
    assert report.left_out == {"unparsed": 3}


@pytest.mark.parametrize(
    ("about", "title"),
    [
        ({"name": "Engines"}, "Engines"),
        ({}, "Ada, Grace"),
        ({"self_conversation_state": {"self_read_state": {"participant_id": {"gaia_id": "1"}}}},
         "Grace"),
        ({"participant_data": []}, "UgxA"),
        ({"participant_data": "none"}, "UgxA"),
    ],
)  # fmt: skip
def test_conversations_without_a_name_are_called_after_the_others(
    about: dict[str, Any], title: str, tmp_path: Path
) -> None:
    messages, _ = read(write_hangouts(tmp_path / "h.json", event(), **about))
    assert [m.thread_title for m in messages] == [title]


def test_a_name_that_is_missing_is_taken_from_another_conversation(tmp_path: Path) -> None:
    people = [{"id": {"gaia_id": "1"}, "fallback_name": "Ada"}]
    inner = {"conversation": {"id": {"id": "A"}, "participant_data": [{"id": {"gaia_id": "1"}}]}}
    other = {"conversation": {"id": {"id": "B"}, "participant_data": people}}
    talks = [{"conversation": one, "events": [event()]} for one in (inner, other)]
    path = tmp_path / "h.json"
    path.write_text(json.dumps({"conversations": talks}))
    messages, report = read(path)
    assert [(m.sender, m.thread) for m in messages] == [("Ada", "A"), ("Ada", "B")]
    assert report.notes == []
    talks.pop()
    path.write_text(json.dumps({"conversations": talks}))
    messages, report = read(path)
    assert [m.sender for m in messages] == ["1"]
    assert report.notes[0].startswith("1 person has no name in the export")


def test_two_hangouts_files_are_read_once(tmp_path: Path) -> None:
    hangouts(tmp_path / "2014.json", TALK[:1], old=True)
    hangouts(tmp_path / "2020.json", TALK)
    messages, report = read(tmp_path)
    assert [m.message_id for m in messages] == ["e1", "e2"]
    assert report.left_out == {"duplicate": 1}


def test_many_events_are_read_in_little_memory(tmp_path: Path) -> None:
    events = [event(event_id=f"e{n}", **said({"text": "word " * 400})) for n in range(5000)]
    path = write_hangouts(tmp_path / "Hangouts.json", *events)
    assert path.stat().st_size > 10 << 20
    tracemalloc.start()
    count = sum(1 for _ in read_exports(path, ImportOptions(), ImportReport()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 5000
    assert peak < 10 << 20


@pytest.mark.parametrize("cut", [10, 200, 400])
def test_a_file_cut_short_says_so(cut: int, tmp_path: Path) -> None:
    path = hangouts(tmp_path / "Hangouts.json", TALK)
    path.write_text(path.read_text()[:-cut])
    with pytest.raises(DamagedExport, match=r"Hangouts\.json ends"):
        read(path)
    messages, report = read(path, allow_truncated=True)
    assert len(messages) < 3
    assert any("lost" in note for note in report.notes)


# --- Chat ---


@given(messages=conversations(), quoted=st.integers(0, 7))
@QUICK
def test_chats_are_read_back(messages: list[Message], quoted: int) -> None:
    messages = [replace(m, message_id=f"AAAA/{m.message_id}/{m.message_id}") for m in messages]
    messages[-1] = replace(messages[-1], reply_to=messages[quoted % len(messages)].message_id)
    with tempfile.TemporaryDirectory() as folder:
        chat(Path(folder, "Google Chat/Groups/Space AAAA"), messages)
        found, report = read(Path(folder))
    assert parts(found) == parts(messages)
    assert found[-1].reply_to == messages[-1].reply_to
    assert {(m.thread, m.thread_title) for m in found} == {("AAAA", "Engines")}
    assert report.notes == []


def write_chat(folder: Path, *records: Any, group: str = "DM AAAA") -> Path:
    path = folder / group / "messages.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"messages": list(records)}))
    return path


CHAT = chat_record(Message("Ada", "hello", AT, sender_key="a@b", message_id="AAAA/t/t"))


@pytest.mark.parametrize(
    ("fields", "kind", "reply", "is_bot"),
    [
        ({}, Kind.TEXT, "", False),
        ({"message_id": "AAAA/t/u"}, Kind.TEXT, "AAAA/t/t", False),
        ({"message_id": "u"}, Kind.TEXT, "", False),
        ({"creator": {"name": "B", "user_type": "Bot"}}, Kind.TEXT, "", True),
        ({"creator": {"user_type": "Human"}}, Kind.OTHER, "", False),
        ({"text": "", "attached_files": [{}], "message_id": "AAAA/t/u"}, Kind.MEDIA, "", False),
        ({"text": None, "annotations": [{"youtube_metadata": {}}]}, Kind.MEDIA, "", False),
        ({"text": None, "annotations": [{"video_call_metadata": {}}]}, Kind.CALL, "", False),
        ({"message_state": "DELETED"}, Kind.DELETED, "", False),
        ({"text": None}, Kind.OTHER, "", False),
        ({"created_date": None, "updated_date": CHAT["created_date"]}, Kind.TEXT, "", False),
        ({"annotations": 7, "reactions": {"a": 1}}, Kind.TEXT, "", False),
    ],
)
def test_chat_records(
    fields: dict[str, Any], kind: Kind, reply: str, is_bot: bool, tmp_path: Path
) -> None:
    (message,), _ = read(write_chat(tmp_path, CHAT | fields))
    assert (message.kind, message.reply_to, message.is_bot) == (kind, reply, is_bot)
    assert message.sent_at == AT


def test_a_direct_talk_is_called_after_the_other(tmp_path: Path) -> None:
    root = tmp_path / "Takeout/Google Chat"
    write_chat(root / "Groups", CHAT)
    people = [{"name": n, "email": f"{n}@x", "user_type": "Human"} for n in ("Ada", "Grace")]
    (root / "Groups/DM AAAA/group_info.json").write_text(json.dumps({"members": people}))
    (root / "Users/User 1").mkdir(parents=True)
    about = {"user": people[0], "membership_info": [{"group_id": "DM AAAA"}]}
    (root / "Users/User 1/user_info.json").write_text(json.dumps(about))
    messages, report = read(tmp_path)
    assert [(m.thread, m.thread_title) for m in messages] == [("AAAA", "Grace")]
    assert report.notes == []
    (root / "Users/User 1/user_info.json").write_text(json.dumps(about)[:-20])
    _, report = read(tmp_path)
    assert report.notes == [
        "Takeout/Google Chat/Users/User 1/user_info.json cannot be read; names may be missing."
    ]


def test_a_chat_alone_bears_its_group_s_id(tmp_path: Path) -> None:
    assert [m.thread for m in read(write_chat(tmp_path, CHAT))[0]] == ["AAAA"]
    lone = tmp_path / "messages.json"
    lone.write_text(json.dumps({"messages": [CHAT]}))
    assert [m.thread for m in read(lone)[0]] == ["AAAA"]


# --- Voice ---


@given(messages=conversations(), own=st.booleans())
@QUICK
def test_voice_pages_are_read_back(messages: list[Message], own: bool) -> None:
    messages = [replace(m, message_id="") for m in messages]
    if own:
        first = messages[0].sender
        messages = [
            replace(m, sender="Me", sender_key="Me") if m.sender == first else m for m in messages
        ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "Grace - Text - 2014-05-13T16_53_20Z.html")
        path.write_text(voice_page("Grace", list(map(voice_message, messages))), encoding="utf-8")
        found, report = read(path)
    assert parts(found) == parts(messages)
    others = [m.sender for m in messages if m.sender != "Me"]
    assert {m.thread for m in found} == {others[0] if others else "Grace"}
    assert bool(report.notes) == any(m.sender == "Me" for m in messages)


HELLO = Message("Grace", "hi", AT, sender_key="+15550002")


@pytest.mark.parametrize(
    ("page", "thread", "kind", "text"),
    [
        (voice_page("Grace", [voice_message(HELLO)]), "Grace", Kind.TEXT, "hi"),
        (voice_page("Grace", [voice_message(replace(HELLO, text=""), "<img src='x'/>")]), "Grace",
         Kind.MEDIA, ""),
        (voice_page("Grace", [voice_message(replace(HELLO, text="MMS Sent"))]), "Grace",
         Kind.MEDIA, "MMS Sent"),
        (voice_page("Group", [voice_message(HELLO)], [("+15550002", "Grace"), ("+15550001", "Bo")]),
         "Bo, Grace", Kind.TEXT, "hi"),
        (voice_call("Missed call from", "Grace", "+15550002", "2014-05-13T10:53:20.000-06:00"),
         "Grace", Kind.CALL, "Missed call from Grace"),
        (voice_page("Grace", [voice_message(HELLO).replace(">hi<", ">hi<br><")]), "Grace",
         Kind.TEXT, "hi"),
        (voice_page("+1", [voice_message(replace(HELLO, sender=""))]), "+15550002",
         Kind.TEXT, "hi"),
    ],
)  # fmt: skip
def test_voice_pages(page: str, thread: str, kind: Kind, text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.html"
    path.write_text(page)
    messages, _ = read(path)
    assert [(m.thread, m.kind, m.text, m.sent_at) for m in messages] == [(thread, kind, text, AT)]


def test_pages_of_one_talk_are_one_thread_and_overlaps_are_read_once(tmp_path: Path) -> None:
    for name, said_ in (("a", [HELLO]), ("b", [HELLO, replace(HELLO, sent_at=AT + 9)])):
        (tmp_path / f"{name}.html").write_text(voice_page("Grace", list(map(voice_message, said_))))
    messages, report = read(tmp_path)
    assert {m.thread for m in messages} == {"Grace"}
    assert len(messages) == 2
    assert report.left_out == {"duplicate": 1}


def test_a_voice_page_cut_short_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.html"
    path.write_text(voice_page("Grace", [voice_message(HELLO)] * 3).rpartition("<q>")[0])
    with pytest.raises(DamagedExport, match=r"x\.html is cut short; 2 whole messages"):
        read(path)


@pytest.mark.parametrize(
    "inside", ["<!" * 100_000, "<cite>" * 150 + "</q>" * 40_000, "<q>" * 60_000, "&" * 200_000]
)
def test_hostile_voice_pages_cost_no_time(inside: str) -> None:
    text = voice_page("G", [voice_message(HELLO).replace("hi", inside)])
    begun, page = time.process_time(), VoicePage("p")
    try:
        for at in range(0, len(text), 64 << 10):
            list(page.taken(text[at : at + (64 << 10)]))
    except DamagedExport:
        pass
    assert time.process_time() - begun < 1

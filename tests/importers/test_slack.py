"""Slack: its way of writing text, who speaks, what a record is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from importing import read

from chatmimic.errors import DamagedExport
from chatmimic.importers.slack.text import readable
from chatmimic.records import Kind

PEOPLE = {"U1": "Ada & Co", "U2": "Grace"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("&amp;lt;", "&lt;"),
        ("<@U1> and <@U2|old name>", "@Ada & Co and @Grace"),
        ("<@U9|rita> <@U9>", "@rita @U9"),
        ("<#C1> <#C2|random> <#C9>", "#general #random #C9"),
        ("<!here> <!channel|@channel> <!everyone>", "@here @channel @everyone"),
        ("<!subteam^S1|@crew> <!subteam^S1>", "@crew @S1"),
        ("<!date^139^{date} at {time}^https://example.org|18 Feb>", "18 Feb"),
        ("<https://example.org/?a=1&amp;b=2>", "https://example.org/?a=1&b=2"),
        ("<https://example.org|R&amp;D>", "R&D"),
        ("<mailto:a@example.org|a@example.org>", "a@example.org"),
        ("a < b <> <", "a < b  <"),
        ("<<@U2>>", "<@Grace>"),
    ],
)
def test_text_is_written_out(text: str, expected: str) -> None:
    assert readable(text, PEOPLE, {"C1": "general"}) == expected


def said(**fields: Any) -> dict[str, Any]:
    return {"type": "message", "user": "U1", "text": "hello", "ts": "1714557600.000100"} | fields


def day(path: Path, *records: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(records)))
    return path


def users(root: Path, **names: str) -> None:
    listed = [
        {"id": key, "name": "x", "is_bot": key == "UBOT", "profile": {"display_name": name}}
        for key, name in names.items()
    ]
    day(root / "users.json", *listed)


@pytest.mark.parametrize(
    ("fields", "kind", "text"),
    [
        ({}, Kind.TEXT, "hello"),
        ({"subtype": "me_message"}, Kind.ACTION, "hello"),
        ({"subtype": "thread_broadcast"}, Kind.TEXT, "hello"),
        ({"text": "", "files": [{}]}, Kind.MEDIA, ""),
        ({"text": None, "attachments": [{"text": "a page"}]}, Kind.MEDIA, ""),
        ({"subtype": "channel_topic"}, Kind.SYSTEM, "hello"),
        ({"subtype": "group_leave"}, Kind.SYSTEM, "hello"),
        ({"subtype": "pinned_item"}, Kind.SYSTEM, "hello"),
        ({"subtype": "huddle_thread"}, Kind.CALL, "hello"),
        ({"subtype": "tombstone"}, Kind.DELETED, "hello"),
        ({"subtype": "file_share"}, Kind.TEXT, "hello"),
        ({"subtype": "file_share", "text": "<@U1> uploaded a file: <x|y>"}, Kind.TEXT, ""),
        (
            {"subtype": "file_share", "text": "<@U1> uploaded a file: <x|y>", "file": {"id": "F"}},
            Kind.MEDIA,
            "",
        ),
        ({"subtype": "novelty"}, Kind.OTHER, "hello"),
        ({"type": "presence"}, Kind.OTHER, "hello"),
        ({"text": ["x"]}, Kind.OTHER, ""),
    ],
)
def test_kinds(fields: dict[str, Any], kind: Kind, text: str, tmp_path: Path) -> None:
    path = day(tmp_path / "general/2024-05-01.json", said(), said(ts="1714557601.000000", **fields))
    message = read(path)[0][1]
    assert message.text == text
    assert message.kind is (Kind.OTHER if kind is Kind.TEXT and not text else kind)


@pytest.mark.parametrize(
    ("fields", "sender", "key", "is_bot"),
    [
        ({}, "Ada", "U1", False),
        ({"user": "UBOT"}, "Deploys", "UBOT", True),
        ({"user": "U7", "user_profile": {"real_name": "Rita"}}, "Rita", "U7", False),
        ({"user": "U7"}, "U7", "U7", False),
        ({"bot_id": "B1"}, "Ada", "B1/Ada", True),  # an app in her name: not her words
        ({"bot_id": "B1", "username": "CI"}, "CI", "B1/CI", True),
        ({"user": None, "bot_id": "B1", "bot_profile": {"name": "CI"}}, "CI", "B1/CI", True),
        ({"user": None, "bot_id": "B1"}, "B1", "B1/B1", True),
        ({"user": "USLACKBOT"}, "Slackbot", "USLACKBOT", True),
    ],
)
def test_senders(
    fields: dict[str, Any], sender: str, key: str, is_bot: bool, tmp_path: Path
) -> None:
    users(tmp_path, U1="Ada", UBOT="Deploys")
    day(tmp_path / "general/2024-05-01.json", said(**fields))
    message = read(tmp_path)[0][0]
    assert (message.sender, message.sender_key, message.is_bot) == (sender, key, is_bot)


def test_a_day_by_itself_and_a_channel_by_itself(tmp_path: Path) -> None:
    path = day(tmp_path / "general/2024-05-01.json", said())
    for given in (path, path.parent):
        messages, _ = read(given)
        assert [(m.thread, m.sender, m.text) for m in messages] == [("general", "U1", "hello")]


def test_two_workspaces_keep_their_people_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        users(tmp_path / name, U1=f"Ada of {name}")
        day(tmp_path / name / "channels.json", {"id": f"C{name.upper()}", "name": "general"})
        day(tmp_path / name / "general/2024-05-01.json", said())
    messages, report = read(tmp_path)
    assert [(m.thread, m.sender) for m in messages] == [
        ("CONE", "Ada of one"),
        ("CTWO", "Ada of two"),
    ]
    assert report.notes == []


def test_a_thread_is_answered_where_it_began(tmp_path: Path) -> None:
    first, ts = said(thread_ts="1714557600.000100"), "1714557700.000000"
    path = day(tmp_path / "g/2024-05-01.json", first, said(ts=ts, thread_ts=first["ts"]))
    assert [m.reply_to for m in read(path)[0]] == ["", first["ts"]]


def test_a_cut_day_keeps_what_is_whole_when_allowed(tmp_path: Path) -> None:
    path = day(tmp_path / "g/2024-05-01.json", said(), said(ts="1714557601.000000"), said())
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DamagedExport, match=r"2024-05-01\.json ends in the middle of record 3"):
        read(path)
    assert len(read(path, allow_truncated=True)[0]) == 2

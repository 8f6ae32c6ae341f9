"""WeChat's CSV by PyWxDump, WeClone and WeFlow: columns of three ages, kinds, names, threads."""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from account_exports import COLUMNS, wechat_page
from hypothesis import given
from test_round_trips import QUICK, conversations, parts

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.records import Kind, Message


def read(path: Path) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    return list(read_exports(path, ImportOptions(tz="UTC"), report)), report


def page(folder: Path, *rows: dict[str, Any], name: str = "7@chatroom_0_5000.csv") -> Path:
    columns = list(dict.fromkeys([*COLUMNS, *(key for row in rows for key in row)]))
    base = {"type_name": "文本", "is_sender": "0", "talker": "wxid_bo", "room_name": "7@chatroom"}
    with (folder / name).open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, restval="")
        writer.writeheader()
        for number, row in enumerate(rows, 1):
            at = f"2024-01-05 15:04:{number:02}"
            writer.writerow({"MsgSvrID": f"900{number}", "CreateTime": at} | base | row)
    return folder / name


@pytest.mark.parametrize(
    ("row", "sender", "key"),
    [
        ({}, "wxid_bo", "wxid_bo"),
        ({"is_sender": "1", "talker": "我"}, "Me", "Me"),
        ({"is_sender": "1", "talker": ""}, "Me", "Me"),
        ({"is_sender": "1", "talker": "7@chatroom"}, "Me", "Me"),
        ({"is_sender": "True", "talker": "Grace"}, "Grace", "Grace"),
        ({"talker": ""}, "7@chatroom", "7@chatroom"),
        ({"talker": "系统"}, "", ""),
    ],
)
def test_who_speaks_on_a_page(row: dict[str, Any], sender: str, key: str, tmp_path: Path) -> None:
    messages, _ = read(page(tmp_path, row | {"msg": "hi"}))
    assert [(m.sender, m.sender_key) for m in messages] == [(sender, key)]


@pytest.mark.parametrize(
    ("row", "kind", "text"),
    [
        ({"msg": "hi"}, Kind.TEXT, "hi"),
        (
            {"type_name": "引用回复", "msg": "yes\n\n[引用](2024-01-05 15:04:05)Bo:hi"},
            Kind.TEXT,
            "yes",
        ),
        ({"type_name": "Text", "msg": "hi"}, Kind.TEXT, "hi"),
        ({"type_name": "Image", "msg": "Image"}, Kind.MEDIA, "Image"),
        ({"type_name": "Recalled message", "msg": "x"}, Kind.DELETED, "x"),
        ({"type_name": "添加好友", "msg": "x"}, Kind.SYSTEM, "x"),
        ({"type_name": "推荐公众号", "msg": "x"}, Kind.MEDIA, "x"),
        ({"msg": "not mine", "is_forward": "1"}, Kind.FORWARDED, "not mine"),
        ({"type_name": "", "msg": "?"}, Kind.OTHER, "?"),
    ],
)
def test_what_a_row_of_a_page_is(
    row: dict[str, Any], kind: Kind, text: str, tmp_path: Path
) -> None:
    messages, _ = read(page(tmp_path, row))
    assert [(m.kind, m.text) for m in messages] == [(kind, text)]


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-05 15:04:00",
        "2024-01-05T15:04:00.000Z",
        "2024/1/5 15:04",
        "2024/01/05 15:04:00",
        "2024-1-5 15:04",
        "1704467040",
        "1704467040000",
        " 2024-01-05 15:04:00 ",
    ],
)
def test_times_of_a_page(written: str, tmp_path: Path) -> None:
    messages, report = read(page(tmp_path, {"msg": "hi", "CreateTime": written}))
    assert [m.sent_at for m in messages] == [1_704_467_040_000]
    assert not report.repairs


@pytest.mark.parametrize(
    ("name", "room", "thread"),
    [
        ("7@chatroom_0_5000.csv", "wxid_bo", "7@chatroom"), ("wxid_bo_3.csv", "", "wxid_bo"),
        ("all.csv", "wxid_bo", "wxid_bo"), ("Looms.csv", "", "Looms"),
    ],
)  # fmt: skip
def test_which_chat_a_page_is_of(name: str, room: str, thread: str, tmp_path: Path) -> None:
    messages, _ = read(page(tmp_path, {"msg": "hi", "room_name": room}, name=name))
    assert [m.thread for m in messages] == [thread]


def test_the_same_records_in_json(tmp_path: Path) -> None:
    row = {
        "id": 1, "MsgSvrID": "9001", "type_name": "文本", "is_sender": 0, "talker": "wxid_bo",
        "room_name": "wxid_bo", "msg": "hi", "src": "", "extra": {},
        "CreateTime": "2024-01-05 15:04:00",
    }  # fmt: skip
    own = row | {"MsgSvrID": "9002", "is_sender": 1, "talker": "我", "msg": None}
    path = tmp_path / "wxid_bo_0_5000.json"
    path.write_text(json.dumps([row, own, None], ensure_ascii=False))
    messages, report = read(path)
    assert [(m.sender, m.kind, m.text) for m in messages] == [
        ("wxid_bo", Kind.TEXT, "hi"), ("Me", Kind.OTHER, ""), ("wxid_bo", Kind.OTHER, "")
    ]  # fmt: skip
    assert report.format == "WeChat"


@given(conversations())
@QUICK
def test_any_conversation_on_a_page(messages: list[Message]) -> None:
    messages = [m for m in messages if "[引用](" not in m.text and m.sender not in ("系统", "我")]
    if not messages:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = wechat_page(Path(folder, "7@chatroom_0_5000.csv"), messages)
        found, _ = read(path)
    assert parts(found, ids=False) == parts(messages, ids=False)

"""WeChat and QQ: types by number, by name and by text, quotes in XML, heads of every form."""

from __future__ import annotations

import csv
import io
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chatmimic.errors import ExportError
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.wechat.kinds import (
    by_name,
    by_number,
    by_text,
    own_words,
    without_prefix,
)
from chatmimic.importers.wechat.texts import _STAMP, is_qq, is_wechat
from chatmimic.records import Kind, Message

QUIET = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.filter_too_much,
        HealthCheck.too_slow,
    ],
)
QUOTE = (
    '<?xml version="1.0"?>\n<msg><appmsg appid=""><title>my &lt;words&gt;</title><des/>'
    "<type>57</type><refermsg><type>1</type><title>theirs</title><content>x</content></refermsg>"
    "</appmsg><appinfo><title>no</title></appinfo></msg>"
)


def read(path: Path, **options: Any) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    return list(read_exports(path, ImportOptions(tz="UTC", **options), report)), report


BY_NUMBER: list[tuple[int, int, str, Kind, str]] = [
    (1, 0, "hello", Kind.TEXT, "hello"),
    (3, 0, "<msg><img/></msg>", Kind.MEDIA, ""),
    (34, 0, "", Kind.MEDIA, ""),
    (42, 0, "<msg/>", Kind.MEDIA, ""),
    (43, 0, "", Kind.MEDIA, ""),
    (47, 0, "<msg/>", Kind.MEDIA, ""),
    (48, 0, "", Kind.MEDIA, ""),
    (50, 0, "voip", Kind.CALL, "voip"),
    (49, 57, QUOTE, Kind.TEXT, "my <words>"),
    (49, 0, QUOTE, Kind.TEXT, "my <words>"),
    (49, 57, "", Kind.TEXT, ""),
    (49 + (57 << 32), 0, QUOTE, Kind.TEXT, "my <words>"),
    (49, 5, "<msg><appmsg><title>page</title><type>5</type></appmsg></msg>", Kind.MEDIA, "page"),
    (49, 6, "<msg><appmsg><title>a.pdf</title></appmsg></msg>", Kind.MEDIA, "a.pdf"),
    (49, 19, "<msg><appmsg><title>t</title></appmsg></msg>", Kind.FORWARDED, "t"),
    (49, 62, "<msg><appmsg><title>pat</title></appmsg></msg>", Kind.SYSTEM, "pat"),
    (49, 57, "<msg><appmsg><title>cut", Kind.OTHER, ""),
    (49, 57, '<!DOCTYPE a [<!ENTITY b "c">]><msg>&b;</msg>', Kind.OTHER, ""),
    (49, 57, "<" * 2_000_000, Kind.OTHER, ""),
    (49, 57, "<a>" * 100_000, Kind.OTHER, ""),
    (10000, 0, "You have added Ada", Kind.SYSTEM, "You have added Ada"),
    (10000, 0, '"Ada" 撤回了一条消息', Kind.DELETED, '"Ada" 撤回了一条消息'),
    (10002, 0, "<sysmsg/>", Kind.SYSTEM, "<sysmsg/>"),
    (12345, 0, "?", Kind.OTHER, "?"),
]


@pytest.mark.parametrize(("type_", "sub", "content", "kind", "text"), BY_NUMBER)
def test_types_by_number(type_: int, sub: int, content: str, kind: Kind, text: str) -> None:
    began = time.process_time()
    assert by_number(type_, sub, content) == (kind, text)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("文本", Kind.TEXT), ("文本消息", Kind.TEXT), ("引用消息", Kind.TEXT),
        ("图片消息", Kind.MEDIA), ("语音消息", Kind.MEDIA), ("动画表情", Kind.MEDIA),
        ("名片消息", Kind.MEDIA), ("卡片式链接", Kind.MEDIA), ("转账卡片", Kind.MEDIA),
        ("视频号直播卡片", Kind.MEDIA), ("语音通话", Kind.CALL), ("系统消息", Kind.SYSTEM),
        ("聊天记录合并转发", Kind.FORWARDED), ("未知类型(88)", Kind.OTHER), ("", Kind.OTHER),
    ],
)  # fmt: skip
def test_types_by_name(name: str, kind: Kind) -> None:
    assert by_name(name, "x") == (kind, "x")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[图片]", Kind.MEDIA),
        ("[图片][图片] [表情]", Kind.MEDIA),
        ("[图片] look", Kind.TEXT),
        ("[微笑]", Kind.TEXT),  # a face that somebody typed
        ("[视频通话]", Kind.CALL),
        ("[" * 100_000, Kind.TEXT),
        ("[图片]" * 20_000, Kind.TEXT),
        ("", Kind.TEXT),
    ],
)
def test_types_by_text(text: str, kind: Kind) -> None:
    began = time.process_time()
    assert by_text(text) is kind
    assert time.process_time() - began < 1


def test_quotes_and_prefixes_are_not_the_senders_words() -> None:
    assert own_words("yes\n引用:Ada:hello") == "yes"
    assert own_words("引用:this is all I said") == "引用:this is all I said"
    assert without_prefix("wxid_a1:\nhi") == ("wxid_a1", "hi")
    assert without_prefix("7@chatroom:\nhi") == ("7@chatroom", "hi")
    assert without_prefix("note: \nhi") == ("", "note: \nhi")


QQ_HEAD = "消息记录（此消息记录为文本格式，不支持重新导入）\n\n消息分组:x\n消息对象:Ada\n\n"
RECOGNISED: list[tuple[str, str]] = [
    (QQ_HEAD + "2024-01-02 03:04:05 Ada\nhi\n\n", "qq"),
    ("2024-01-02 3:04:05 Ada(10001)\nhi\n\n", "qq"),
    ("2024-01-02 3:04:05 Ada<ada@example.org>\nhi\n\n2024-01-02 3:04:06 Bo(20002)\nho\n", "qq"),
    ("2024-01-02 03:04:05 Ada\nhi\n\n", "wechat"),
    ("\ufeff2024-01-02 03:04:05 Ada\r\nhi\r\n\r\n2024-01-02 03:04:06 Bo\r\nho\r\n\r\n", "wechat"),
    ("2024-01-02 03:04:05 INFO started\n2024-01-02 03:04:06 INFO stopped\n", ""),
    ("2024-01-02 03:04:05\tAda\thi\n2024-01-02 03:04:06\tBo\tho\n", "irc"),
    ("2024-01-02 03:04:05 <Ada> hi\n", "irc"),
    ("Dear diary\n2024-01-02 03:04:05 Ada\nhi\n", ""),
]


@pytest.mark.parametrize(("text", "service"), RECOGNISED)
def test_what_is_whose(text: str, service: str, tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_bytes(text.encode())
    try:
        messages, _ = read(path)
    except ExportError:
        messages = []
    assert {m.service for m in messages} == ({service} if service else set())


def test_sections_of_qq_are_threads_and_what_people_type_is_not_one(tmp_path: Path) -> None:
    rule = "=" * 64
    text = f"{QQ_HEAD}2024-01-02 03:04:05 Ada\n消息对象:nobody\n\n"
    text += f"{rule}\n消息分组:y\n{rule}\n消息对象:Bo\n{rule}\n\n2024-01-02 03:04:06 Bo\nhi\n"
    path = tmp_path / "all.txt"
    path.write_text(text)
    messages, report = read(path)
    assert [(m.thread, m.text) for m in messages] == [("Ada", "消息对象:nobody"), ("Bo", "hi")]
    assert not report.left_out


def test_pictures_of_a_group_may_be_larger_than_a_record(tmp_path: Path) -> None:
    path = tmp_path / "chat.json"
    said = {"createTime": 1_700_000_000, "type": "文本消息", "content": "hi"}
    said |= {"isSend": 0, "senderUsername": "wxid_ada", "senderDisplayName": "Ada"}
    avatars = {f"wxid_{n}": "A" * (6 << 20) for n in range(4)}
    whole = {"weflow": {"version": "1"}, "session": {"wxid": "7@chatroom"}, "avatars": avatars}
    path.write_text(json.dumps({**whole, "messages": [said]}))
    assert [(m.sender, m.text, m.thread) for m in read(path)[0]] == [("Ada", "hi", "7@chatroom")]


ODD = [None, 3, {}, {"content": 5, "type": [], "localType": "x", "createTime": "soon"},
       {"createTime": 1e300, "localType": 2**70, "senderID": {}, "isSend": "yes"}]  # fmt: skip


def test_records_of_any_shape_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "chat.json"
    path.write_text(json.dumps({"weflow": {}, "session": [], "messages": ODD}))
    _, report = read(path)
    assert report.records == len(ODD)
    assert report.left_out == {"unparsed": len(ODD)}


# --- any conversation ---

SIGNS = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t")
TEXTS = st.text(SIGNS, min_size=1, max_size=40).filter(str.strip)
NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=10)
Said = list[tuple[str, str]]


@st.composite
def conversations(draw: st.DrawFn) -> Said:
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    return draw(st.lists(st.tuples(st.sampled_from(names), TEXTS), min_size=1, max_size=8))


def at(number: int) -> datetime:
    return datetime(2024, 4, 25, 23, 59, tzinfo=UTC) + timedelta(seconds=40 * number)


def parts(messages: list[Message]) -> list[tuple[str, str, int | None, Kind]]:
    return [(m.sender, m.text, m.sent_at, m.kind) for m in messages]


def expected(said: Said) -> list[tuple[str, str, int | None, Kind]]:
    return [
        (name, text, int(at(number).timestamp() * 1000), Kind.TEXT)
        for number, (name, text) in enumerate(said)
    ]


HEADER = "localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,StrTime,Remark"


@given(said=conversations())
@QUIET
def test_any_table_is_read_back(said: Said, tmp_path: Path) -> None:
    assume(not any(without_prefix(text)[0] for _, text in said))
    out = io.StringIO(newline="")
    out.write(f"\ufeff{HEADER},NickName,Sender\r\n")
    writer = csv.writer(out)
    for number, (name, text) in enumerate(said):
        seconds = int(at(number).timestamp())
        writer.writerow([number, 3, 1, 0, 0, seconds, 2, text, "", "", name, f"wxid_{name}"])
    path = tmp_path / "chat.csv"
    path.write_bytes(out.getvalue().encode())
    messages, _ = read(path)
    assert parts(messages) == expected(said)
    assert [m.sender_key for m in messages] == [f"wxid_{name}" for name, _ in said]


@given(said=conversations())
@QUIET
def test_any_weflow_file_is_read_back(said: Said, tmp_path: Path) -> None:
    assume(not any(without_prefix(text)[0] for _, text in said))
    records = [
        {"localId": number, "createTime": int(at(number).timestamp()), "type": "文本消息",
         "localType": 1, "content": text, "isSend": 0, "senderUsername": f"wxid_{name}",
         "senderDisplayName": name}
        for number, (name, text) in enumerate(said)
    ]  # fmt: skip
    path = tmp_path / "chat.json"
    session = {"wxid": "7@chatroom", "displayName": "Engines"}
    path.write_text(json.dumps({"weflow": {}, "session": session, "messages": records}))
    assert parts(read(path)[0]) == expected(said)


def plain(said: Said) -> Said:
    """What a text file can hold: no gap at an end, and nothing that looks like its own lines."""
    said = [(name, text.strip("\n")) for name, text in said]
    rows = [row for _, text in said for row in text.split("\n")]
    assume(not any(_STAMP.fullmatch(row) or row.startswith(("=", "引用", "消息")) for row in rows))
    assume(all(by_text(text) is Kind.TEXT and text[0] != "\ufeff" for _, text in said))
    assume(not any(name[0] == "\ufeff" for name, _ in said))
    return said


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@given(said=conversations())
@QUIET
def test_any_text_of_wechat_is_read_back(end: str, said: Said, tmp_path: Path) -> None:
    said = plain(said)
    text = "".join(
        f"{at(number):%Y-%m-%d %H:%M:%S} {name}\n{text}\n\n"
        for number, (name, text) in enumerate(said)
    )
    assume(is_wechat(text))
    path = tmp_path / "Grace.txt"
    path.write_bytes(text.replace("\n", end).encode())
    messages, _ = read(path)
    assert parts(messages) == expected(said)
    assert {m.thread for m in messages} == {"Grace"}


@pytest.mark.parametrize("head", ["", QQ_HEAD])
@given(
    said=conversations(),
    date=st.sampled_from(["{0.year}-{0:%m-%d}", "{0.year}/{0.month}/{0.day}", "{0:%Y.%m.%d}"]),
    halves=st.sampled_from(["", "{} AM", "{} PM", "上午{}", "下午 {}"]),
)
@QUIET
def test_any_text_of_qq_is_read_back(
    head: str, date: str, halves: str, said: Said, tmp_path: Path
) -> None:
    said = plain(said)
    numbers = {name: str(20_000 + n) for n, name in enumerate(dict(said))}

    def stamp(moment: datetime) -> str:
        hour = (moment.hour + 11) % 12 + 1 if halves else moment.hour
        late = "PM" if moment.hour >= 12 else "AM"
        half = halves.replace("AM", late).replace("PM", late)
        half = half.replace("上午", "下午") if late == "PM" else half.replace("下午", "上午")
        clock = f"{hour}:{moment:%M:%S}"
        return f"{date.format(moment)} {half.format(clock) if half else clock}"

    text = head + "".join(
        f"{stamp(at(number))} {name}({numbers[name]})\n{text}\n\n"
        for number, (name, text) in enumerate(said)
    )
    assert is_qq(text)
    path = tmp_path / "Ada.txt"
    path.write_bytes(text.encode())
    messages, _ = read(path)
    assert parts(messages) == expected(said)
    assert [m.sender_key for m in messages] == [numbers[name] for name, _ in said]
    assert {m.thread for m in messages} == {"Ada"}

"""LINE's exported chats: days, times, quotation marks, and names before a mere space."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.line.importer import kind_of
from chatmimic.importers.line.names import Names
from chatmimic.records import Kind, Message

HEAD = "[LINE] Chat history with Ada\nSaved on: 2020/09/26 12:34\n\n"


def read(path: Path, text: str, **options: str) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    path.write_text(text)
    return list(read_exports(path, ImportOptions(**options), report)), report  # type: ignore[arg-type]


def moment(message: Message) -> str:
    if message.sent_at is None:
        return "-"
    return datetime.fromtimestamp(message.sent_at / 1000, UTC).isoformat()[:16]


@pytest.mark.parametrize(
    ("day", "stamp", "at"),
    [
        ("2017.09.02 Saturday", "10:05", "2017-09-02T10:05"),
        ("2018/04/16(Mon)", "10:05", "2018-04-16T10:05"),
        ("2018/04/16(月)", "10:05", "2018-04-16T10:05"),
        ("2018/04/16 (月)", "午後2:37", "2018-04-16T14:37"),
        ("2018/04/16(月)", "午前12:37", "2018-04-16T00:37"),
        ("2018/04/16 月曜日", "下午02:37", "2018-04-16T14:37"),
        ("2018.04.16 星期一", "上午02:37", "2018-04-16T02:37"),
        ("Fri, 9/25/2020", "02:37PM", "2020-09-25T14:37"),
        ("Fri, 9/4/2020", "2:37 PM", "2020-09-04T14:37"),
        ("Fri, 4/9/2020", "14:37", "2020-09-04T14:37"),  # 9 April was a Thursday
        ("Fri, 04.09.2020", "14:37", "2020-09-04T14:37"),
        ("2018/04/16(Mon)", "24:53", "2018-04-16T00:53"),
        ("2018/04/16(Mon)", "12:53 a.m.", "2018-04-16T00:53"),
    ],
)
def test_days_and_times(day: str, stamp: str, at: str, tmp_path: Path) -> None:
    messages, report = read(tmp_path / "a.txt", f"{HEAD}{day}\n{stamp}\tAda\thi\n")
    assert [(moment(m), m.sender, m.text, m.thread) for m in messages] == [(at, "Ada", "hi", "Ada")]
    assert report.left_out == {}


@pytest.mark.parametrize(
    ("title", "chat"),
    [
        ("[LINE] Chat history with Ada", "Ada"),
        ("[LINE] Chat history in The shed", "The shed"),
        ("[LINE] 花子とのトーク履歴", "花子"),
        ("[LINE] 機関のトーク履歴", "機関"),
        ("[LINE] 與Ada的聊天記錄", "Ada"),
        ("[LINE] in a language not known here", "a"),
    ],
)
def test_titles(title: str, chat: str, tmp_path: Path) -> None:
    text = f"{title}\nSaved on: today\n\n2018/04/16(Mon)\n10:05\tAda\thi\n"
    messages, report = read(tmp_path / "a.txt", text)
    assert [m.thread for m in messages] == [chat]
    assert report.left_out == {}


@pytest.mark.parametrize(
    ("rows", "texts"),
    [
        (['"a', 'b"'], ["a\nb"]),
        (['"a""', 'b"'], ['a"\nb']),
        (['"""a', '""', '"'], ['"a\n"\n']),
        (['"a', "", "", 'b"'], ["a\n\n\nb"]),
        (['"a"'], ['"a"']),
        (['"a" b'], ['"a" b']),
        (['"a'], ['"a']),
        (["a", "b"], ["a\nb"]),
        (["a", "", "b"], ["a\n\nb"]),
        (['"a', "10:06\tBo\tb"], ['"a', "b"]),
        (['"a', 'b" c'], ['"a\nb" c']),
        (['"a', "2018/04/17(Tue)", 'b"'], ["a\n2018/04/17(Tue)\nb"]),
        (["a", "", "2018/04/17(Tue)", "10:06\tBo\tb"], ["a", "b"]),
        (['"a', "", "2018/04/17(Tue)", "10:06\tBo\tb"], ['"a', "b"]),
    ],
)
def test_texts_of_several_lines(rows: list[str], texts: list[str], tmp_path: Path) -> None:
    text = f"{HEAD}2018/04/16(Mon)\n10:05\tAda\t" + "\n".join(rows) + "\n"
    messages, report = read(tmp_path / "a.txt", text)
    assert [m.text for m in messages] == texts
    assert report.left_out == {}


@pytest.mark.parametrize(
    ("sender", "text", "kind"),
    [
        ("Ada", "hi", Kind.TEXT),
        ("Ada", "[Photo]", Kind.MEDIA),
        ("Ada", "[写真]", Kind.MEDIA),
        ("Ada", "[貼圖]", Kind.MEDIA),
        ("Ada", "[File] plan.pdf", Kind.MEDIA),
        ("Ada", "[Photo] of us", Kind.TEXT),
        ("Ada", "[sic]", Kind.TEXT),
        ("Ada", "☎ Call time 1:23", Kind.CALL),
        ("", "Ada unsent a message.", Kind.DELETED),
        ("Ada", "Ada unsent a message.", Kind.DELETED),
        ("Ada", "Bo unsent a message.", Kind.TEXT),
        ("", "Ada已收回訊息", Kind.DELETED),
        ("", "Ada joined the chat.", Kind.SYSTEM),
    ],
)
def test_what_a_text_is(sender: str, text: str, kind: Kind) -> None:
    assert kind_of(sender, text) is kind


def test_names_before_a_space_are_found_by_repetition() -> None:
    names = Names()
    names.title = "Juno Park"
    lines = ["Ada Lovelace hi", "Ada Lovelace ho ho", "Bo hi you", "Bo ho you two", "Cy", "Di yes"]
    for rest in lines:
        names.saw(rest)
    lines += ["Juno Park", "Juno Park hi", "Juno Parker"]
    assert [names.parted(rest) for rest in lines] == [
        ("Ada Lovelace", "hi"), ("Ada Lovelace", "ho ho"), ("Bo", "hi you"), ("Bo", "ho you two"),
        ("Cy", ""), ("Di", "yes"), ("Juno Park", ""), ("Juno Park", "hi"), ("Juno", "Parker"),
    ]  # fmt: skip


def test_a_chat_without_its_title_is_known_by_its_days_and_tabs(tmp_path: Path) -> None:
    messages, report = read(tmp_path / "a.txt", "2018/04/16(Mon)\n10:05\tAda\thi\n")
    assert report.format == "LINE"
    assert messages[0].thread == "a"


def test_a_day_in_either_order_asks_for_the_option(tmp_path: Path) -> None:
    text = f"{HEAD}Jeu, 9/4/2020\n10:05\tAda\thi\n"
    assert any("--date-order mdy" in note for note in read(tmp_path / "a.txt", text)[1].notes)
    messages, report = read(tmp_path / "a.txt", text, date_order="mdy", tz="UTC")
    assert moment(messages[0]) == "2020-09-04T10:05"
    assert report.notes == []

"""LINE's exported chats: days, times, quotation marks, and names before a mere space."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.line.names import Names
from chatmimic.importers.line.system_messages import kind_of
from chatmimic.importers.parsing.dates.date_separators import WEEKDAY_ROWS, date_separator
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
        ("2024/1/2週二", "下午03:04", "2024-01-02T15:04"),
        ("2024/1/2周二", "上午 9:04", "2024-01-02T09:04"),
        ("2024/1/2（二）", "15:04", "2024-01-02T15:04"),
        ("2024/01/05（週五）", "15:04", "2024-01-05T15:04"),
        ("2024/1/2星期二", "15:04", "2024-01-02T15:04"),
        ("2024年1月2日 星期二", "15:04", "2024-01-02T15:04"),
        ("2024/1/2 화요일", "오후 3:04", "2024-01-02T15:04"),
        ("2024년 1월 2일 화요일", "오후 3:04", "2024-01-02T15:04"),
        ("2024. 1. 2. (화)", "15:04", "2024-01-02T15:04"),
        ("2024/01/15 จันทร์", "10:30", "2024-01-15T10:30"),
        ("2025.05.15 วันพฤหัสบดี", "08:35", "2025-05-15T08:35"),
        ("ศ. 28/11/2568", "08:54", "2025-11-28T08:54"),
        ("อ. 2/1/2567", "08:54", "2024-01-02T08:54"),
        ("R6/01/02(火)", "15:04", "2024-01-02T15:04"),
        ("令和6年1月2日(火)", "15:04", "2024-01-02T15:04"),
        ("113/1/2 週二", "15:04", "2024-01-02T15:04"),
        ("Thứ Ba, 2/1/2024", "15:04", "2024-01-02T15:04"),
        ("Sel, 2/1/2024", "15:04", "2024-01-02T15:04"),
        ("terça-feira, 02/01/2024", "15:04", "2024-01-02T15:04"),
        ("Di., 02.01.2024", "15:04", "2024-01-02T15:04"),
        ("2/1/24 mardi", "15:04", "2024-01-02T15:04"),
        ("вт, 02.01.2024", "15:04", "2024-01-02T15:04"),
        ("Sal, 02.01.2024", "15:04", "2024-01-02T15:04"),
        ("2024/1/2 الثلاثاء", "3:04 م", "2024-01-02T15:04"),
        ("Tue, Jan 2, 2024", "3:04 PM", "2024-01-02T15:04"),
        ("Tuesday 2 January 2024", "15:04", "2024-01-02T15:04"),
        ("2018/04/16(Mon)", "24:53", "2018-04-16T00:53"),
        ("2018/04/16(Mon)", "12:53 a.m.", "2018-04-16T00:53"),
        ("2024/1/2(火)", "午後0:04", "2024-01-02T12:04"),
        ("2024/1/2(火)", "午前0:04", "2024-01-02T00:04"),
        ("2024/1/2（二）", "清晨5:04", "2024-01-02T05:04"),
        ("2024/1/2（二）", "傍晚6:04", "2024-01-02T18:04"),
        ("2024/1/2（二）", "深夜11:04", "2024-01-02T23:04"),
        ("2024/1/2(화)", "저녁 7:04", "2024-01-02T19:04"),
        ("Sel, 2/1/2024", "15.04", "2024-01-02T15:04"),
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
        ("[LINE] 与Ada的聊天记录", "Ada"),
        ("[LINE] 與 Ada 的聊天紀錄", "Ada"),
        ("[LINE] 机房的聊天记录", "机房"),
        ("[LINE] 與Ada的對話", "Ada"),
        ("[LINE] Ada님과의 대화", "Ada"),
        ('[LINE] ประวัติการแชทในกลุ่ม "โรงเรือน"', "โรงเรือน"),
        ("[LINE] ประวัติแชทกับ Ada", "Ada"),
        ("[LINE] Chat avec Ada", "Ada"),
        ("[LINE] Riwayat chat dengan Ada", "Ada"),
        ("[LINE] in a language not known here", "a"),
    ],
)
@pytest.mark.parametrize(
    "saved",
    ["Saved on: today", "保存日期：2024/01/03 09:00", "保存日時：R6/04/11 20:01",
     "บันทึกเมื่อ 04/09/2567 07:48", "Guardado el: 3/1/2024 9:00"],
)  # fmt: skip
def test_titles(title: str, saved: str, chat: str, tmp_path: Path) -> None:
    text = f"{title}\n{saved}\n\n2018/04/16(Mon)\n10:05\tAda\thi\n"
    messages, report = read(tmp_path / "a.txt", text)
    assert [(m.thread, m.text) for m in messages] == [(chat, "hi")]
    assert report.left_out == {}


@pytest.mark.parametrize(
    "name", ["[LINE] 與Ada的聊天.txt", "[LINE] Chat with Ada.txt", "[LINE]Ada.txt"]
)
def test_a_chat_is_called_after_its_file_where_it_has_no_title(name: str, tmp_path: Path) -> None:
    messages, _ = read(tmp_path / name, "2018/04/16(Mon)\n10:05\tAda\thi\n")
    assert [m.thread for m in messages] == ["Ada"]


def test_no_weekday_stands_for_two_days() -> None:
    seen: dict[str, int] = {}
    for row in WEEKDAY_ROWS:
        assert len(row.split()) == 7
        for number, day in enumerate(row.split()):
            for form in day.split("/"):
                assert seen.setdefault(form, number) == number, form


@pytest.mark.parametrize(
    "line",
    ["2024/1/2 lunch with Bo", "10.5.2 is out", "192.168.10.1", "3/4/5", "12/25 (Mon)", "1/2",
     "2024/1/2: (Tue)", "at 2024/1/2 sharp, as ever", "v1.2.2024beta", "2024/1/2\t(Tue)"],
)  # fmt: skip
def test_lines_that_are_no_days(line: str) -> None:
    found = date_separator(line)
    assert found is None or not found.is_certain


@pytest.mark.parametrize(
    ("above", "line", "texts", "noted"),
    [
        ("", "2024/1/2", ["one", "two"], True),
        ("", "2024/1/2 Tysdag", ["one", "two"], True),
        ("", "Tysdag 2024/1/2", ["one", "two"], True),
        ("more", "2024/1/2", ["one\nmore\n2024/1/2", "two"], False),  # no gap above it
        ("", "2024/1/2 lunch\nat noon", ["one\n\n2024/1/2 lunch\nat noon", "two"], False),
    ],
)
def test_days_beside_unknown_words(
    above: str, line: str, texts: list[str], noted: bool, tmp_path: Path
) -> None:
    day = "2024/1/1" if noted else "2024/1/1(Mon)"
    text = f"{HEAD}{day}\n10:05\tAda\tone\n{above}\n{line}\n10:06\tBo\ttwo\n"
    messages, report = read(tmp_path / "a.txt", text, tz="UTC")
    assert [m.text for m in messages] == texts
    assert [moment(m)[8:10] for m in messages] == ["01", "02" if noted else "01"]
    assert any("read as date separators" in note for note in report.notes) == noted


def test_a_weekday_that_is_known_makes_other_dates_words(tmp_path: Path) -> None:
    text = f"{HEAD}2024/1/1(Mon)\n10:05\tAda\tone\n\n2024/1/2\n10:06\tBo\ttwo\n"
    assert [m.text for m in read(tmp_path / "a.txt", text)[0]] == ["one\n\n2024/1/2", "two"]


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
        ("Ada", "[语音信息]", Kind.MEDIA),
        ("Ada", "[贴图]", Kind.MEDIA),
        ("Ada", "[記事本]", Kind.MEDIA),
        ("Ada", "[位置]", Kind.MEDIA),
        ("Ada", "[位置情報] 東京都千代田区", Kind.MEDIA),
        ("Ada", "[相簿] (null)", Kind.MEDIA),
        ("Ada", "[음성 메시지]", Kind.MEDIA),
        ("Ada", "[สติกเกอร์]", Kind.MEDIA),
        ("Ada", "[Hình ảnh]", Kind.MEDIA),
        ("Ada", "[Стикер]", Kind.MEDIA),
        ("Ada", "[ملصق]", Kind.MEDIA),
        ("Ada", "[Sprachnachricht]", Kind.MEDIA),
        ("Ada", "[Sticker] of a cat", Kind.TEXT),
        ("Ada", "[Sticker]!", Kind.TEXT),
        ("Ada", "Photo", Kind.TEXT),
        (
            "Ada",
            "ⓘ このメッセージは、利用していた端末から移行されなかったため表示できません。",
            Kind.SYSTEM,
        ),
        ("", "Adaがグループに参加しました。", Kind.SYSTEM),
        ("Ada", "Ada joined the group.", Kind.SYSTEM),
        ("Ada", "Bo joined the group.", Kind.TEXT),
        ("", "メッセージの送信を取り消しました", Kind.DELETED),
        ("", "Ada撤回了一条消息", Kind.DELETED),
        ("", "Ada ยกเลิกข้อความ", Kind.DELETED),
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
        names.add(rest)
    lines += ["Juno Park", "Juno Park hi", "Juno Parker"]
    assert [names.split(rest) for rest in lines] == [
        ("Ada Lovelace", "hi"), ("Ada Lovelace", "ho ho"), ("Bo", "hi you"), ("Bo", "ho you two"),
        ("Cy", ""), ("Di", "yes"), ("Juno Park", ""), ("Juno Park", "hi"), ("Juno", "Parker"),
    ]  # fmt: skip


def test_without_tabs_what_line_says_itself_is_no_name(tmp_path: Path) -> None:
    rows = ["2025.05.15 Thursday", "08:34 Ada joined the chat.", "08:35 Ada Photos", "08:36 Ada hi",
            "08:37 You unsent a message.", "08:38 Bo Missed call", "08:39 Bo ho",
            "08:40 ยกเลิกข้อความแล้ว"]  # fmt: skip
    messages, report = read(tmp_path / "a.txt", "\n".join(rows))
    assert [(m.sender, m.text) for m in messages if m.kind is Kind.TEXT] == [
        ("Ada", "hi"), ("Bo", "ho"),
    ]  # fmt: skip
    assert report.left_out == {"system": 1, "media only": 1, "deleted": 2, "call": 1}


def test_a_line_that_looks_like_a_message_is_told(tmp_path: Path) -> None:
    text = f"{HEAD}2024/1/1(Mon)\n10:05\tAda\tone\n2024-01-02 10:06 Bo: two\n"
    messages, report = read(tmp_path / "a.txt", text)
    assert len(messages) == 1
    assert any("a.txt:6" in note for note in report.notes)


def test_notes_tell_the_path(tmp_path: Path) -> None:
    (tmp_path / "chats" / "one").mkdir(parents=True)
    text = f"{HEAD}Tor, 9/4/2020\n10:05\tAda\thi\n"
    (tmp_path / "chats" / "one" / "a.txt").write_text(text)
    report = ImportReport()
    list(read_exports(tmp_path / "chats", ImportOptions(), report))
    assert any("one/a.txt" in note for note in report.notes)


def test_a_chat_without_its_title_is_known_by_its_days_and_tabs(tmp_path: Path) -> None:
    messages, report = read(tmp_path / "a.txt", "2018/04/16(Mon)\n10:05\tAda\thi\n")
    assert report.format == "LINE"
    assert messages[0].thread == "a"


def test_a_day_in_either_order_asks_for_the_option(tmp_path: Path) -> None:
    text = f"{HEAD}Tor, 9/4/2020\n10:05\tAda\thi\n"
    assert any("--date-order mdy" in note for note in read(tmp_path / "a.txt", text)[1].notes)
    messages, report = read(tmp_path / "a.txt", text, date_order="mdy", tz="UTC")
    assert moment(messages[0]) == "2020-09-04T10:05"
    assert report.notes == []

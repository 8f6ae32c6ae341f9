"""KakaoTalk's exported chats, a line at a time, as each device writes it."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.kakaotalk.lines import DateSeparator, read_line
from chatmimic.importers.kakaotalk.system_messages import is_event, kind_of
from chatmimic.importers.parsing.dates.dated_lines import MessageStart
from chatmimic.records import Kind, Message


@pytest.mark.parametrize(
    ("raw", "day", "clock", "sender", "text"),
    [
        ("[아다] [오후 2:37] 안녕", None, (14, 37, 0), "아다", "안녕"),
        ("[Ada] [2:37 PM] hi", None, (14, 37, 0), "Ada", "hi"),
        ("[Ada] [14:37] hi", None, (14, 37, 0), "Ada", "hi"),
        ("[Ada] [12:51 AM]", None, (0, 51, 0), "Ada", ""),
        ("[[A] b] [2:37 PM] [c] [3:37 PM] d", None, (14, 37, 0), "[A] b", "[c] [3:37 PM] d"),
        ("2015년 7월 9일 오후 8:34, 아다 : 안녕", (2015, 7, 9), (20, 34, 0), "아다", "안녕"),
        ("2015년 7월 9일 오전 12:51, 아다 : ", (2015, 7, 9), (0, 51, 0), "아다", ""),
        ("2015년 7월 9일 20:34, 아다 : a : b", (2015, 7, 9), (20, 34, 0), "아다", "a : b"),
        ("2015년 7월 9일 오후 8:34, 보님이 왔다", (2015, 7, 9), (20, 34, 0), "", "보님이 왔다"),
        ("8:34pm, July 9, 2015, Ada : hi", (2015, 7, 9), (20, 34, 0), "Ada", "hi"),
        ("February 10, 2016, 2:33 AM, you : hi", (2016, 2, 10), (2, 33, 0), "you", "hi"),
        ("Feb 10, 2016, 2:33\u202fAM, you : hi", (2016, 2, 10), (2, 33, 0), "you", "hi"),
        ("Jul 9, 2015 at 8:34 PM, Ada : hi", (2015, 7, 9), (20, 34, 0), "Ada", "hi"),
        ("Jul 9, 2015, 8:34 PM: Bo left", (2015, 7, 9), (20, 34, 0), "", "Bo left"),
        ("2015. 7. 9. 오후 8:34, 아다 : 안녕", (2015, 7, 9), (20, 34, 0), "아다", "안녕"),
        ("2015. 7. 9. 오후 8:34: a : b", (2015, 7, 9), (20, 34, 0), "", "a : b"),
        ("2015. 7. 9. 오후 8:34, 아다 :", (2015, 7, 9), (20, 34, 0), "아다", ""),
        ("[Ada] [AM 9:04] hi", None, (9, 4, 0), "Ada", "hi"),
        ("[花子] [午後 2:37] はい", None, (14, 37, 0), "花子", "はい"),
        ("Dec 31, 2014 at 19:12, Ada : hi", (2014, 12, 31), (19, 12, 0), "Ada", "hi"),
        ("July 9, 2015, 8:34 p.m., Ada : hi", (2015, 7, 9), (20, 34, 0), "Ada", "hi"),
        ("9 Jul 2015 at 20:34, Ada : hi", (2015, 7, 9), (20, 34, 0), "Ada", "hi"),
        ("9. Juli 2015 um 20:34, Ada : hi", (2015, 7, 9), (20, 34, 0), "Ada", "hi"),
        ("2015年7月9日 午後8:34, 花子 : はい", (2015, 7, 9), (20, 34, 0), "花子", "はい"),
        ("2015年7月9日 午後0:34, 花子 : はい", (2015, 7, 9), (12, 34, 0), "花子", "はい"),
        ("2015年7月9日 傍晚6:34, 小明 : 好", (2015, 7, 9), (18, 34, 0), "小明", "好"),
        ("2015年7月9日 下午 8:34, 小明 : 好", (2015, 7, 9), (20, 34, 0), "小明", "好"),
        ("2015/07/09 20:34, Ada : hi", (2015, 7, 9), (20, 34, 0), "Ada", "hi"),
        ("09.07.2015, 20:34, Ada : hi", (2015, 7, 9), (20, 34, 0), "Ada", "hi"),
        ("2015. 7. 9. 20:34, 아다 : 안녕", (2015, 7, 9), (20, 34, 0), "아다", "안녕"),
    ],
)  # fmt: skip
def test_messages(
    raw: str, day: tuple[int, int, int] | None, clock: tuple[int, int, int], sender: str, text: str
) -> None:
    assert read_line(raw) == MessageStart(date(*day) if day else None, clock, sender, text)


@pytest.mark.parametrize(
    "raw",
    [
        "--------------- 2015년 7월 9일 목요일 ---------------",
        "--------------- Thursday, July 9, 2015 ---------------",
        "2015년 7월 9일 목요일",
        "2015년 7월 9일 오후 8:34",
        "July 9, 2015, 8:34 PM",
        "8:34pm, July 9, 2015",
        "Thursday, July 9, 2015",
        "--------------- 2015年7月9日木曜日 ---------------",
        "2015年7月9日 星期四",
        "Donnerstag, 9. Juli 2015",
    ],
)
def test_days(raw: str) -> None:
    assert read_line(raw) == DateSeparator(date(2015, 7, 9))


@pytest.mark.parametrize(
    "raw",
    [
        "", "hi", "[Ada] hi", "[Ada] [hi] you", "[] [2:37 PM] hi", "[Ada] [25:37] hi",
        "2015년 13월 9일 오후 8:34, 아다 : 안녕", "2015년 7월 9일에 만나", "Jul 9, 2015 was nice",
        "Smarch 9, 2015, 8:34 PM, Ada : hi", "---", "2015. 7. 9. 오후", "8:34pm, see you",
    ],
)  # fmt: skip
def test_lines_that_go_on(raw: str) -> None:
    assert read_line(raw) is None


def test_no_line_takes_long() -> None:
    began = time.process_time()
    for unit in ("[", "] [", "] [2:37", "2015년 ", "Jul 9, 2015, ", " : ", "-", "님이 ", "8:34"):
        read_line(unit * 100_000)
        read_line("[Ada" + unit * 100_000)
        is_event(unit * 200)
        kind_of("Ada", unit * 100_000)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("sender", "text", "kind"),
    [
        ("Ada", "hi", Kind.TEXT),
        ("Ada", "사진", Kind.MEDIA),
        ("Ada", "사진 3장", Kind.MEDIA),
        ("Ada", "사진 봐", Kind.TEXT),
        ("Ada", "Photo", Kind.MEDIA),
        ("Ada", "이모티콘", Kind.MEDIA),
        ("Ada", "<Photo>", Kind.MEDIA),
        ("Ada", "(사진)", Kind.MEDIA),
        ("Ada", "<사진 읽지 않음>", Kind.MEDIA),
        ("Ada", "<사진 읽지 않음>\n<동영상 읽지 않음>", Kind.MEDIA),
        ("Ada", "(이모티콘)", Kind.MEDIA),
        ("Ada", "[Voice Message]", Kind.MEDIA),
        ("Ada", "<写真>", Kind.MEDIA),
        ("Ada", "写真", Kind.MEDIA),
        ("Ada", "동영상 2개", Kind.MEDIA),
        ("Ada", "Photo 3", Kind.MEDIA),
        ("Ada", "Voice Note", Kind.MEDIA),
        ("Ada", "샵검색: #날씨", Kind.MEDIA),
        ("Ada", "연락처: 보", Kind.MEDIA),
        ("Ada", f"{'0a' * 32}.jpg", Kind.MEDIA),
        ("Ada", f"{'0a' * 32}.jpg\n{'0b' * 32}.png", Kind.MEDIA),
        ("Ada", f"{'0a' * 32}.jpg 봐", Kind.TEXT),
        ("Ada", "(사진) 봐", Kind.TEXT),
        ("Ada", "<사진", Kind.TEXT),
        ("Ada", "(a joke)", Kind.TEXT),
        ("Ada", "이 메시지는 삭제되었습니다.", Kind.DELETED),
        ("", "메시지가 삭제되었습니다.", Kind.DELETED),
        ("", "채팅방 관리자가 메시지를 가렸습니다.", Kind.DELETED),
        ("", "The message has been deleted.", Kind.DELETED),
        ("Ada", "보이스룸이 종료되었습니다.", Kind.CALL),
        ("Ada", "Live Talk ended 12:34", Kind.CALL),
        ("Ada", "삭제된 메시지입니다.", Kind.DELETED),
        ("Ada", "보이스톡 해요", Kind.CALL),
        ("Ada", "보이스톡 어때?", Kind.TEXT),
        ("", "Ada님이 나갔습니다.", Kind.SYSTEM),
    ],
)
def test_what_a_text_is(sender: str, text: str, kind: Kind) -> None:
    assert kind_of(sender, text) is kind


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("Ada님이 Bo님과 Cy님을 초대했습니다.", True),
        ("Bo님이 나갔습니다.", True),
        ("Ada invited Bo.", True),
        ("Ada has left the chatroom.", True),
        ("Cy left.", False),  # nobody of that name has spoken: Cy may be a bus
        ("Ada left the stove on", False),
        ("나갔습니다", False),
        ("메시지가 삭제되었습니다.", True),
        ("채팅방 관리자가 메시지를 가렸습니다.", True),
        ("The message has been deleted.", True),
        ("Ada님이 방장이 되었습니다.", True),
    ],
)
def test_comings_and_goings(text: str, event: bool) -> None:
    assert is_event(text, {"Ada"}) is event


def read(path: Path, text: str) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    path.write_text(text)
    return list(read_exports(path, ImportOptions(tz="UTC"), report)), report


@pytest.mark.parametrize(
    ("title", "thread"),
    [
        ("아다 님과 카카오톡 대화", "아다"),
        ("엔진 3 카카오톡 대화", "엔진"),
        ("KakaoTalk Chats with Ada", "Ada"),
        ("Talk with Ada", "Ada"),
        ("Ada with KakaoTalk Chats", "Ada"),
        ("아다님과의 카카오톡 대화", "아다"),
        ("엔진 3 님과 카카오톡 대화", "엔진"),
        ("Ada und Bo", "Ada und Bo"),
    ],
)
def test_titles(title: str, thread: str, tmp_path: Path) -> None:
    text = f"{title}\nDate Saved : 2015\n\n2015년 7월 9일 오후 8:34, 아다 : 안녕\n"
    messages, report = read(tmp_path / "a.txt", text)
    assert [m.thread for m in messages] == [thread]
    assert report.left_out == {}


def test_a_chat_without_its_title_is_known_by_its_lines(tmp_path: Path) -> None:
    for line in ("2015년 7월 9일 오후 8:34, 아다 : 안녕", "Jul 9, 2015, 8:34 PM, Ada : hi"):
        assert read(tmp_path / "a.txt", line)[1].format == "KakaoTalk"


IPHONE = """아다 님과 카카오톡 대화
저장한 날짜 : 2021년 12월 30일 오후 7:17


2021년 12월 29일 수요일
오전 12:05,  : 시스템 알림
오후 8:36, 아다 : 안녕
둘째 줄
10:30, 아니
오후 8:37, 보님이 나갔습니다.

2021년 12월 30일 목요일
오전 12:00, 나 : 다음 날 : 끝
20:01, 나 : 또
"""


def test_an_iphone_with_the_day_above_the_times(tmp_path: Path) -> None:
    messages, report = read(tmp_path / "a.txt", IPHONE)
    said = [(m.sent_at, m.sender, m.text) for m in messages if m.kind is Kind.TEXT]
    at = 1_640_736_000_000  # 2021-12-29
    assert said == [
        (at + (20 * 60 + 36) * 60_000, "아다", "안녕\n둘째 줄\n10:30, 아니"),
        (at + 24 * 60 * 60_000, "나", "다음 날 : 끝"),
        (at + (44 * 60 + 1) * 60_000, "나", "또"),
    ]
    assert report.left_out == {"system": 2}
    assert report.format == "KakaoTalk"
    bare = "\n".join(IPHONE.split("\n")[4:])
    assert read(tmp_path / "b.txt", bare)[1].format == "KakaoTalk"


def test_the_order_of_numbers_is_shown_by_all_dates(tmp_path: Path) -> None:
    head = "Talk with Ada\nDate Saved : 10/07/2015 9:00\n"
    rows = ["05/07/2015, 20:34, Ada : one", "13/07/2015, 20:34, Ada : two"]
    messages, report = read(tmp_path / "a.txt", "\n".join([head, *rows]))
    assert [m.sent_at for m in messages] == [1_436_128_440_000, 1_436_819_640_000]
    assert report.notes == []
    messages, report = read(tmp_path / "a.txt", "\n".join([head, rows[0]]))
    assert any("--date-order mdy" in note for note in report.notes)


def test_windows_tells_without_a_stamp_what_was_taken_back(tmp_path: Path) -> None:
    text = (
        "Ada with KakaoTalk Chats\nDate Saved : 2026-09-06 17:00:00\n\n"
        "--------------- Sunday, September 6, 2026 ---------------\n"
        "[Ada] [AM 9:04] one\nThe message has been deleted.\n[Bo] [PM 12:16] two\n"
    )
    messages, report = read(tmp_path / "a.txt", text)
    assert [m.text for m in messages if m.kind is Kind.TEXT] == ["one", "two"]
    assert report.left_out == {"deleted": 1}


def test_lines_above_the_first_message_are_counted(tmp_path: Path) -> None:
    text = "아다 님과 카카오톡 대화\nDate Saved : x\nwhat is this\n8:34pm, July 9, 2015, Ada : hi\n"
    assert read(tmp_path / "a.txt", text)[1].left_out == {"unparsed": 1}


@pytest.mark.parametrize(
    ("rows", "texts"),
    [
        (
            [
                "[Ada] [2:37 PM] look:",
                "2015년 7월 9일 오후 8:34, 보 : 안녕",
                "8:34pm, July 9, 2015",
            ],
            ["look:\n2015년 7월 9일 오후 8:34, 보 : 안녕\n8:34pm, July 9, 2015"],
        ),
        (
            [
                "2015년 7월 9일 오후 8:34, 아다 : 봐",
                "2015년 7월 9일 오후 8:35, 아다 : 또",
                *["----- 2014년 1월 2일 목요일 -----", "[Bo] [2:37 PM] hi"],
            ],
            ["봐", "또\n----- 2014년 1월 2일 목요일 -----\n[Bo] [2:37 PM] hi"],
        ),
    ],
)
def test_lines_of_another_device_are_pasted(
    rows: list[str], texts: list[str], tmp_path: Path
) -> None:
    day = "--------------- 2015년 7월 9일 목요일 ---------------"
    above = [day] if rows[0][0] == "[" else []
    text = "\n".join(["아다 님과 카카오톡 대화", "저장한 날짜 : 2015", "", *above, *rows])
    messages, report = read(tmp_path / "a.txt", text)
    assert [m.text for m in messages] == texts
    assert report.format == "KakaoTalk"


def test_messages_above_the_first_day_are_kept_without_a_time(tmp_path: Path) -> None:
    text = "Ada with KakaoTalk Chats\nDate Saved : 2024\n\n[Ada] [2:37 PM] hi\n[Bo] [2:38 PM] ho\n"
    messages, report = read(tmp_path / "a.txt", text)
    assert [(m.sender, m.text, m.sent_at) for m in messages] == [
        ("Ada", "hi", None), ("Bo", "ho", None),
    ]  # fmt: skip
    assert any("2 messages have a time" in note for note in report.notes)


def test_windows_brackets_are_only_words_on_a_phone(tmp_path: Path) -> None:
    text = "2015년 7월 9일 오후 8:34, 아다 : 봐\n[Ada] [2:37 PM] hi\n"
    assert [m.text for m in read(tmp_path / "a.txt", text)[0]] == ["봐\n[Ada] [2:37 PM] hi"]

"""KakaoTalk's exported chats, a line at a time, as each device writes it."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.kakaotalk.lines import DayLine, is_event, kind_of, read_line
from chatmimic.importers.parsing.dated_lines import Opening
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
    ],
)  # fmt: skip
def test_messages(
    raw: str, day: tuple[int, int, int] | None, clock: tuple[int, int, int], sender: str, text: str
) -> None:
    assert read_line(raw) == Opening(date(*day) if day else None, clock, sender, text)


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
    ],
)
def test_days(raw: str) -> None:
    assert read_line(raw) == DayLine(date(2015, 7, 9))


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
    began = time.monotonic()
    for unit in ("[", "] [", "] [2:37", "2015년 ", "Jul 9, 2015, ", " : ", "-", "님이 ", "8:34"):
        read_line(unit * 100_000)
        read_line("[Ada" + unit * 100_000)
        is_event(unit * 200)
        kind_of("Ada", unit * 100_000)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("sender", "text", "kind"),
    [
        ("Ada", "hi", Kind.TEXT),
        ("Ada", "사진", Kind.MEDIA),
        ("Ada", "사진 3장", Kind.MEDIA),
        ("Ada", "사진 봐", Kind.TEXT),
        ("Ada", "Photo", Kind.MEDIA),
        ("Ada", "이모티콘", Kind.MEDIA),
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


def test_lines_above_the_first_message_are_counted(tmp_path: Path) -> None:
    text = "아다 님과 카카오톡 대화\nDate Saved : x\nwhat is this\n8:34pm, July 9, 2015, Ada : hi\n"
    assert read(tmp_path / "a.txt", text)[1].left_out == {"unparsed": 1}


def test_windows_brackets_are_only_words_on_a_phone(tmp_path: Path) -> None:
    text = "2015년 7월 9일 오후 8:34, 아다 : 봐\n[Ada] [2:37 PM] hi\n"
    assert [m.text for m in read(tmp_path / "a.txt", text)[0]] == ["봐\n[Ada] [2:37 PM] hi"]

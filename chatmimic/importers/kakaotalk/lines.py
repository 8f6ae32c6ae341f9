"""One line of a KakaoTalk export, as each device writes it, in Korean and in English."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import date

from chatmimic.importers.irc.lines import MONTHS
from chatmimic.importers.parsing.dated_lines import Opening, clock_from
from chatmimic.records import Kind

_KO_DAY = r"(?P<year>\d{4})년 (?P<month>\d{1,2})월 (?P<day>\d{1,2})일"
_EN_DAY = r"(?P<name>[A-Z][a-z]{2,8})\.? (?P<day>\d{1,2}), (?P<year>\d{4})"
_CLOCK = (
    r"(?:(?P<before>오전|오후|AM|PM) )?(?P<hour>\d{1,2}):(?P<minute>\d\d)"
    r"(?:\s?(?P<after>[AaPp]\.?[Mm]\.?))?"
)
_REST = r"(?:(?P<joint>, |: |,$)(?P<rest>.*))?$"
_STAMPS = (
    re.compile(rf"{_KO_DAY} {_CLOCK}{_REST}", re.DOTALL),  # Android
    re.compile(  # iPhone
        rf"(?P<year>\d{{4}})\. (?P<month>\d{{1,2}})\. (?P<day>\d{{1,2}})\.? {_CLOCK}{_REST}",
        re.DOTALL,
    ),
    re.compile(rf"{_CLOCK}, {_EN_DAY}{_REST}", re.DOTALL),  # Android in English, 2015
    re.compile(rf"{_EN_DAY}(?:,| at) {_CLOCK}{_REST}", re.DOTALL),  # and since, and the iPhone
)
_BARE_DAYS = (
    re.compile(rf"(?:-{{3,40}} )?{_KO_DAY}(?: .요일)?(?: -{{3,40}})?"),
    re.compile(rf"(?:-{{3,40}} )?[A-Z][a-z]{{5,8}}, {_EN_DAY}(?: -{{3,40}})?"),
)
_BETWEEN = re.compile(rf"\] \[{_CLOCK}\](?: |$)")  # Windows: "[name] [오후 2:37] text"
_MOST_NAME = 200

_MEDIA = re.compile(
    r"(?:사진|동영상|음성메시지|\(?이모티콘\)?|photos?|videos?|emoticons?|stickers?|voice note"
    r"|voice message)|(?:사진 \d{1,3}장|\d{1,3} photos)|(?:파일|File): [^\n]{1,200}",
    re.IGNORECASE,
)
_DELETED = re.compile(r"삭제된 메시지입니다\.?|This message (?:was|has been) deleted\.?", re.I)
_CALL = re.compile(
    r"(?:보이스톡|페이스톡|그룹콜|라이브톡) (?:해요|부재중|취소|종료|시작|거절|\d[\d:]{0,8}).{0,20}"
    r"|(?:Voice|Video) (?:Call|call|Talk) (?:Cancell?ed|Missed|Ended|\d[\d:]{0,8}).{0,20}"
)
_SYSTEM = re.compile(
    r".{1,100}?님이 .{0,300}?"
    r"(?:초대했습니다|초대하였습니다|나갔습니다|들어왔습니다|내보냈습니다)\.?"
    r"|.{1,100}?님을 내보냈습니다\.?"
)
_SYSTEM_EN = re.compile(
    r"(?P<who>.{1,100}?) (?:invited .{1,300}|(?:has )?(?:joined|left)(?: (?:this|the) "
    r"(?:chatroom|chat room|chat|group))?\.?)"
)


@dataclass(frozen=True, slots=True)
class DayLine:
    """A line that only says which day begins."""

    day: date | None


def read_line(raw: str) -> DayLine | Opening | None:
    """What a line begins: a day or a message (of Windows: without its day); None goes on."""
    first = raw[:1]
    if first == "[":
        return _windows(raw)
    if first.isdigit() or first.isupper() or first in ("오", "-"):
        for pattern in _BARE_DAYS:
            found = pattern.fullmatch(raw)
            if found is not None:
                return DayLine(_day(found))
        for pattern in _STAMPS:
            found = pattern.match(raw)
            if found is not None:
                return _stamped(found)
    return None


def _stamped(found: re.Match[str]) -> DayLine | Opening | None:
    day, clock = _day(found), _clock(found)
    if day is None or clock is None:
        return None
    if found["joint"] is None:
        return DayLine(day)
    name, colon, text = found["rest"].partition(" : ")
    if not colon and name.endswith(" :"):
        name, colon = name[:-2], " :"
    if not colon or len(name) > _MOST_NAME or found["joint"] == ": ":
        return Opening(day, clock, "", found["rest"])
    return Opening(day, clock, name, text)


def _windows(raw: str) -> Opening | None:
    found = _BETWEEN.search(raw, 1, _MOST_NAME)
    clock = None if found is None else _clock(found)
    if found is None or clock is None or found.start() < 2:
        return None
    return Opening(None, clock, raw[1 : found.start()], raw[found.end() :])


def _day(found: re.Match[str]) -> date | None:
    parts = found.groupdict()
    month = MONTHS.get(parts["name"][:3]) if "name" in parts else int(parts["month"])
    try:
        return date(int(parts["year"]), month or 0, int(parts["day"]))
    except ValueError:
        return None


def _clock(found: re.Match[str]) -> tuple[int, int, int] | None:
    return clock_from(found["hour"], found["minute"], half=found["before"] or found["after"])


def is_event(text: str, names: Container[str] = ()) -> bool:
    """Whether a line without a stamp says that somebody came or went; in English, who is known."""
    if len(text) > 500:
        return False
    english = _SYSTEM_EN.fullmatch(text)
    return bool(_SYSTEM.fullmatch(text)) or (english is not None and english["who"] in names)


def kind_of(sender: str, text: str) -> Kind:
    """What a message is; no sender is KakaoTalk itself."""
    if _DELETED.fullmatch(text):
        return Kind.DELETED
    if _CALL.fullmatch(text):
        return Kind.CALL
    if not sender:
        return Kind.SYSTEM
    return Kind.MEDIA if _MEDIA.fullmatch(text) else Kind.TEXT

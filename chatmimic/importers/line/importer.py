"""LINE's "Export chat history": a text file with a line for each day and one for each message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.line.names import Names
from chatmimic.importers.parsing.date_order import DateSurvey, Numbers, date_of, settled
from chatmimic.importers.parsing.dated_lines import (
    Clock,
    Opening,
    Times,
    clock_from,
    first_lines,
    gathered,
    numbered_lines,
    quoted_together,
    unquoted,
    without_gaps,
)
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_LOOKED_AT = 60  # lines
_HALF = r"(?:[AaPp]\.?[Mm]\.?|午前|午後|上午|下午|오전|오후)"
_STAMP = re.compile(
    rf"(?P<before>{_HALF})? ?(?P<hour>\d{{1,2}}):(?P<minute>\d\d)"
    rf" ?(?P<after>{_HALF})?(?P<joint>[\t ])"
)
# "2017.09.02 Saturday", "2018/04/16(月)"; "Fri, 9/25/2026", in the order of the phone's language.
_DATE = r"(?P<date>(\d{4}|\d{1,2})(?P<joint>[./-])(\d{1,2})(?P=joint)(\d{4}|\d\d))"
_DAYS = (
    re.compile(
        _DATE + r"(?: ?\([^\s()]{1,12}\)| (?:(?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day"
        r"|Sun|Mon|Tue|Wed|Thu|Fri|Sat|[月火水木金土日]曜日|(?:星期|週|周)[一二三四五六日天]|[월화수목금토일]요일))"
    ),
    re.compile(r"(?P<weekday>[^\W\d]{1,12})\.?, " + _DATE),
)
_WEEKDAYS = {name: n for n, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))}
_TITLE = re.compile(
    r"\[LINE\] ?(?:Chat history (?:with|in) (?P<en>.+)|(?P<ja>.+?)とのトーク履歴"
    r"|(?P<in>.+?)のトーク履歴|與(?P<zh>.+?)的聊天[記紀]錄)"
)
_SAVED = re.compile(r"(?:Saved on|保存日時|儲存日期|저장 날짜)\s?[:：]")
_MEDIA = re.compile(
    r"\[(?:Photos?|Stickers?|Videos?|Voice message|Audio|File|Album|Contact|Location|Note|Gift"
    r"|Emoji|写真|スタンプ|動画|ボイスメッセージ|ファイル|アルバム|連絡先|位置情報|ノート|ギフト"
    r"|照片|圖片|貼圖|影片|語音訊息|檔案|相簿|聯絡資訊|位置訊息|記事本"
    r"|사진|스티커|동영상|음성 ?메시지|파일|앨범)\]"
)
_OF_A_NAME = re.compile(
    r"\[(?:File|Album|Note|ファイル|アルバム|ノート|檔案|相簿|記事本)\] [^\n]{1,200}"
)
_UNSENT = re.compile(
    r".{0,100}?(?: unsent a message\.?|がメッセージの送信を取り消しました。?|已收回訊息。?)"
)
_NAMED = (
    "Old versions of LINE put only a space between a name and what was said; the names were found "
    "by their repetition. `chatmimic people` shows them: see whether they are whole."
)


class Line(Importer):
    """One text file a chat."""

    name = "line"
    title = "LINE"
    description = "LINE's exported chat histories: [LINE] Chat history with ….txt"

    def knows(self, head: Head) -> bool:
        """LINE's own first line, or a day and below it messages between tabs."""
        rows = first_lines(head.text, _LOOKED_AT)
        if rows[0].startswith("[LINE]"):
            return True
        days = [number for number, row in enumerate(rows) if _day_line(row)]
        return bool(days) and any(_tabbed(row) for row in rows[days[0] + 1 :])

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Every chat, each looked through before for its dates and its names."""
        habits = [_looked_through(member, context) for member in members]
        dates = [habit.dates for habit in habits]
        orders = settled(dates, context.options.date_order, context.report)
        for member, habit, order in zip(members, habits, orders, strict=True):
            context.report.variants["tabs" if habit.names is None else "spaces"] += 1
            if habit.names is not None:
                context.report.note(_NAMED)
            yield from _Chat(member, habit, order, context).messages()


def _tabbed(row: str) -> bool:
    found = _STAMP.match(row)
    return found is not None and found["joint"] == "\t"


@dataclass(frozen=True)
class _Habits:
    """What the whole of a file shows of how it is written."""

    dates: DateSurvey
    names: Names | None  # where nothing but a space parts a name from the text


def _looked_through(member: Member, context: Context) -> _Habits:
    dates, names = DateSurvey(member.label), Names()
    tabs = False
    with numbered_lines(member, context, ahead=True) as rows:
        for number, raw in rows:
            day = _day_line(raw)
            stamp = _STAMP.match(raw)
            if day is not None:
                weekday = _WEEKDAYS.get(day.groupdict().get("weekday", "")[:3])
                dates.saw(_numbers(day), day["date"], day["joint"], weekday)
            elif stamp is not None and stamp["joint"] == "\t":
                tabs = True
            elif stamp is not None and not tabs:
                names.saw(raw[stamp.end() :])
            elif number == 1:
                names.title = _title_in(raw)
    return _Habits(dates, None if tabs else names)


def _day_line(raw: str) -> re.Match[str] | None:
    return next((found for day in _DAYS if (found := day.fullmatch(raw))), None)


def _numbers(day: re.Match[str]) -> Numbers:
    _, year_or_day, _, month_or_day, rest = day.groups()[-5:]
    return year_or_day, month_or_day, rest


class _Chat:
    """One file, read with the day of its last date line in mind."""

    def __init__(self, member: Member, habits: _Habits, order: str, context: Context) -> None:
        self._member = member
        self._names = habits.names
        self._order = order
        self._context = context
        self._times = Times(context)
        self._day: date | None = None
        self._thread = PurePosixPath(member.name).stem

    def messages(self) -> Iterator[Message]:
        with numbered_lines(self._member, self._context) as rows:
            whole = without_gaps(quoted_together(rows, self._said), self._begins)
            for number, begun, text in gathered(
                self._read(whole), self._context.report, self._member.name
            ):
                yield self._message(begun, text, number)

    def _read(self, rows: Iterable[tuple[int, str]]) -> Iterator[tuple[int, Opening | str]]:
        for number, raw in rows:
            day = _day_line(raw)
            parts = self._parts(raw)
            if day is not None:
                self._day = date_of(_numbers(day), self._order)
            elif parts is not None:
                clock, name, text = parts
                yield number, Opening(self._day, clock, name, unquoted(text))
            elif number <= 3 and (raw.startswith("[LINE]") or _SAVED.match(raw)):
                self._thread = _title_in(raw) or self._thread
            else:
                yield number, raw

    def _parts(self, raw: str) -> tuple[Clock, str, str] | None:
        """Time, name and text of a line that begins a message; no name is LINE itself."""
        found = _STAMP.match(raw)
        if found is None or (found["joint"] == " " and self._names is None):
            return None
        half = found["before"] or found["after"]
        clock = clock_from(found["hour"], found["minute"], half=half)
        if clock is None:
            return None
        rest = raw[found.end() :]
        if self._names is not None:
            return clock, *self._names.parted(rest)
        name, tab, text = rest.partition("\t")
        return (clock, name, text) if tab else (clock, "", rest)

    def _said(self, raw: str) -> str | None:
        parts = self._parts(raw)
        return None if parts is None else parts[2]

    def _begins(self, raw: str) -> bool:
        return _day_line(raw) is not None or self._parts(raw) is not None

    def _message(self, begun: Opening, text: str, number: int) -> Message:
        return Message(
            begun.sender,
            text,
            self._times.of(begun),
            kind_of(begun.sender, text),
            "line",
            self._thread,
            self._thread,
            begun.sender,
            source=f"{self._member.name}:{number}",
        )


def kind_of(sender: str, text: str) -> Kind:
    """What a line tells of."""
    if text.startswith("☎"):
        return Kind.CALL
    if _UNSENT.fullmatch(text) and (not sender or text.startswith(sender)):
        return Kind.DELETED
    if not sender:
        return Kind.SYSTEM
    if _MEDIA.fullmatch(text) or _OF_A_NAME.fullmatch(text):
        return Kind.MEDIA
    return Kind.TEXT


def _title_in(raw: str) -> str:
    found = _TITLE.match(raw)
    return next((of for of in found.groups() if of), "") if found else ""

"""Reads text files of WeChat and QQ: time and name, text below, a blank line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import PurePosixPath

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.dated_lines import (
    EAST_ASIAN_PERIOD,
    MessageStart,
    Times,
    clock_from,
    first_lines,
    numbered_lines,
    with_continuations,
    without_blank_lines,
)
from chatmimic.importers.streams import Member
from chatmimic.importers.wechat.kinds import by_text, is_recalled, own_words
from chatmimic.records import Kind, Message

_LOOKED_AT = 60  # lines
_STAMP = re.compile(
    r"(?P<year>\d{4})(?P<sign>[-/.])(?P<month>\d\d?)(?P=sign)(?P<day>\d\d?) "
    rf"(?:(?P<before>{EAST_ASIAN_PERIOD}) ?)?(?P<hour>\d{{1,2}}):(?P<minute>\d\d):(?P<second>\d\d)"
    rf"(?: ?(?P<period>{EAST_ASIAN_PERIOD}))? (?P<who>[^\t\n]{{1,200}})"
)
# "【管理员】Ada(10001)": a title in the group, a name, and a number or an address.
_QQ_WHO = re.compile(
    r"(?:【[^【】]{1,20}】)?(?P<name>.{0,180}?)(?:\((?P<id>\d{4,12})\)|<(?P<mail>[^<>\s]{3,80})>)"
)
_QQ_TITLE = "消息记录（此消息记录为文本格式"
_WITH = "消息对象:"  # whom the messages below are with
_GROUP = "消息分组:"
_RULE = re.compile(r"={30,120}")
_QQ_ITSELF = {"10000", "1000000"}


def names_qq(text: str) -> bool:
    """Whether a text begins with QQ's header."""
    return any(row.startswith((_QQ_TITLE, _WITH)) for row in first_lines(text, 8))


def is_qq(text: str) -> bool:
    """Whether a text is QQ's: by its header, or by names with numbers."""
    if names_qq(text):
        return True
    rows = first_lines(text, _LOOKED_AT)
    who = [found["who"] for row in rows if (found := _STAMP.fullmatch(row))]
    return bool(who) and sum(_QQ_WHO.fullmatch(one) is not None for one in who) * 2 > len(who)


def is_wechat(text: str) -> bool:
    """Whether a text is WeChatMsg's: blank lines before times, text below most."""
    rows = text.lstrip("\ufeff").replace("\r\n", "\n").split("\n", _LOOKED_AT)[:_LOOKED_AT]
    first = _STAMP.fullmatch(rows[0])
    if first is None or first["who"].startswith("<"):  # of IRC
        return False
    stamps = [_STAMP.fullmatch(row) is not None for row in rows]
    apart = all(
        above == "" for (above, _), here in zip(pairwise(rows), stamps[1:], strict=True) if here
    )
    below = sum(
        bool(next_) for (_, next_), here in zip(pairwise(rows), stamps, strict=False) if here
    )
    return apart and below * 2 > sum(stamps[:-1])


def read_texts(member: Member, context: Context, service: str) -> Iterator[Message]:
    """Yield all messages of a file of `wechat` or `qq`."""
    chat = _Chat(member, context, service)
    with numbered_lines(member, context) as rows:
        read = chat.rows(without_blank_lines(rows, chat.begins))
        for number, begun, text in with_continuations(read, context.report, member.name):
            yield chat.message(begun, text, number)


@dataclass(frozen=True, slots=True)
class _Head(MessageStart):
    """The first line of a message, with its thread."""

    key: str
    thread: str


class _Chat:
    """Reads one file, tracking the thread named by the last section."""

    def __init__(self, member: Member, context: Context, service: str) -> None:
        self._file = member.name
        self._service = service
        self._times = Times(context)
        self._thread = PurePosixPath(member.name).stem
        self._in_head = service == "qq"  # between a rule and the first message below it

    def begins(self, raw: str) -> bool:
        """Whether a line continues nothing above it."""
        return _STAMP.fullmatch(raw) is not None or _RULE.fullmatch(raw) is not None

    def rows(self, rows: Iterable[tuple[int, str]]) -> Iterator[tuple[int, MessageStart | str]]:
        """The lines of messages, with first lines parsed."""
        for number, raw in rows:
            raw = raw.removeprefix("\ufeff")
            if self._service == "qq" and self._is_client_text(raw):
                continue
            head = self._head(raw)
            if head is not None:
                self._in_head = False
            yield number, raw if head is None else head

    def _is_client_text(self, raw: str) -> bool:
        """Whether a line is a section header of QQ, which is recorded."""
        if _RULE.fullmatch(raw):
            self._in_head = True
            return True
        if self._in_head and raw.startswith(_WITH):
            self._thread = raw[len(_WITH) :].strip() or self._thread
            return True
        return self._in_head and (not raw.strip() or raw.startswith((_QQ_TITLE, _GROUP)))

    def _head(self, raw: str) -> _Head | None:
        found = _STAMP.fullmatch(raw)
        if found is None:
            return None
        try:
            day = date(int(found["year"]), int(found["month"]), int(found["day"]))
        except ValueError:
            return None
        period = found["before"] or found["period"]
        clock = clock_from(found["hour"], found["minute"], found["second"], period)
        name, key = self._who(found["who"])
        return _Head(day, clock, name, "", key, self._thread)

    def _who(self, who: str) -> tuple[str, str]:
        found = _QQ_WHO.fullmatch(who) if self._service == "qq" else None
        if found is None:
            return who, who
        key = found["id"] or found["mail"]
        return found["name"].strip() or key, key

    def message(self, begun: MessageStart, text: str, number: int) -> Message:
        """Make a message; system messages have no sender."""
        key, thread = (begun.key, begun.thread) if isinstance(begun, _Head) else ("", self._thread)
        name, text = begun.sender, text.removeprefix("\n")
        kind = by_text(text)
        if self._service == "wechat" and not text.strip():
            name, key, text, kind = "", "", name, Kind.SYSTEM
        elif key in _QQ_ITSELF and self._service == "qq":
            kind = Kind.SYSTEM
        if kind is Kind.SYSTEM:
            kind, name, key = (Kind.DELETED if is_recalled(text) else kind), "", ""
        return Message(
            name,
            own_words(text) if self._service == "wechat" and kind is Kind.TEXT else text,
            self._times.of(begun),
            kind,
            self._service,
            thread,
            thread,
            key,
            source=f"{self._file}:{number}",
        )

"""Reads CSV and JSON of PyWxDump, CSV of WeClone and WeFlow: `<chat>_0_5000.csv`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.localized_times import WrittenTimes
from chatmimic.importers.parsing.dates.times import LocalClock, parse_iso, possible
from chatmimic.importers.parsing.json_stream.arrays import JsonArrays
from chatmimic.importers.parsing.json_stream.stream import JsonStream
from chatmimic.importers.parsing.json_values import as_dict
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.parsing.owner import OWNER, note_owner
from chatmimic.importers.parsing.text_lines import decoded_head
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member
from chatmimic.importers.wechat.kinds import by_name
from chatmimic.importers.wechat.tables import Row, named_rows
from chatmimic.records import Kind, Message

_COLUMNS = {"MsgSvrID", "type_name", "is_sender", "talker", "CreateTime"}
_RECORDS = re.compile(r"\s*\[\s*\{")
_PAGE = re.compile(r"(?P<chat>.+?)(?:_\d{1,9}){1,2}")
_USERS = re.compile(r'\s*\{\s*"(?P<id>[^"\\]{1,100})"\s*:\s*\{\s*"wxid"\s*:')
_IN_JSON = re.compile(r'\s*\{\s*"(?:src|msg)"\s*:')
_NUMBER = re.compile(r"\d{9,14}")  # seconds or milliseconds
_SELF = {"", "我"}
_ITSELF = "系统"  # who speaks where WeChat does
_QUOTE = re.compile(r"\s*\n\[引用\]\(")  # of a message that quotes another: that one stands below


def is_page(text: str) -> bool:
    """Whether a text begins like such a file."""
    if _RECORDS.match(text.lstrip("\ufeff")):
        return all(f'"{name}"' in text for name in _COLUMNS)
    first = text.lstrip("\ufeff \r\n\t").partition("\n")[0]
    return set(first.strip().replace('"', "").split(",")) >= _COLUMNS


def is_users(text: str) -> bool:
    """Whether a text is PyWxDump's `users.json`, with names."""
    return _USERS.match(text.lstrip("\ufeff")) is not None


def users_in(members: Iterable[Member], context: Context) -> dict[str, str]:
    """The names in `users.json`; the owner's remarks have priority."""
    names: dict[str, str] = {}
    for member in members:
        with context.open(member) as stream:
            rows = JsonArrays(stream, member.label, ImportReport(), True)
            for _ in rows:
                pass
        for account, record in rows.beside.items():
            shown = (text_of(as_dict(record).get(name)).strip() for name in ("remark", "nickname"))
            name = next(filter(None, shown), "")
            names.update({account: name} if name else {})
    return names


def read_page(member: Member, users: Mapping[str, str], context: Context) -> Iterator[Message]:
    """Yield all rows as messages."""
    page = _Page(member, users, context)
    if _RECORDS.match(decoded_head(context.source.head(member)) or ""):
        yield from _records(page, member, context)
        return
    for number, row in named_rows(member, context):
        yield page.message(row, number)


def _records(page: _Page, member: Member, context: Context) -> Iterator[Message]:
    allow = context.options.allow_truncated
    with context.open(member) as stream:
        for number, record in enumerate(
            JsonStream(stream, member.label, None, context.report, allow), 1
        ):
            row = {name: text_of(value) for name, value in as_dict(record).items()}
            yield page.message(row, number)


class _Page:
    """Converts the rows of one file."""

    def __init__(self, member: Member, users: Mapping[str, str], context: Context) -> None:
        self._file = member.name
        self._users = users
        self._report = context.report
        self._clock = LocalClock(context.options.tz, context.report)
        self._written = WrittenTimes(context, "ymd")
        stem = PurePosixPath(member.base).stem
        page = _PAGE.fullmatch(stem)
        self._chat = page["chat"] if page else ""
        self._file_name = stem

    def message(self, row: Row, number: int) -> Message:
        """Convert a row; one of an unknown type is Kind.OTHER."""
        content = _content(row)
        kind, text = by_name(row.get("type_name", ""), content or "")
        if content is None:
            kind = Kind.OTHER
        if kind.has_words:
            text = _QUOTE.split(text, 1)[0]
        chat = self._chat or row.get("room_name", "").strip() or self._file_name
        name, key = self._sender(row, chat)
        if key == _ITSELF and kind is Kind.TEXT:
            kind = Kind.SYSTEM
        speaks = kind not in (Kind.SYSTEM, Kind.DELETED)  # whose it was stands in the sentence
        if kind.has_words and row.get("is_forward", "").strip() in ("1", "True", "true"):
            kind = Kind.FORWARDED
        id_ = row.get("MsgSvrID", "").strip()
        return Message(
            name if speaks else "",
            text,
            self._time(row.get("CreateTime", "")),
            kind,
            "wechat",
            chat,
            self._users.get(chat, chat),
            key if speaks else "",
            id_ if len(id_) > 2 else "",
            source=f"{self._file}:{number}",
        )

    def _sender(self, row: Row, chat: str) -> tuple[str, str]:
        """Name and key. In the owner's rows, the talker is the owner or the other side."""
        talker = row.get("talker", "").strip()
        own = row.get("is_sender", "").strip() in ("1", "True", "true")
        if own and (talker in _SELF or talker == chat):
            note_owner(self._report)
            return OWNER, OWNER
        talker = talker or chat
        return self._users.get(talker, talker), talker

    def _time(self, text: str) -> int | None:
        """A local time, also as rewritten by spreadsheets: 2024/10/4 11:42."""
        text = text.strip()
        if _NUMBER.fullmatch(text):
            return possible(int(text) * (1000 if len(text) < 12 else 1), self._report)
        moment = parse_iso(text)
        return self._written.of(text) if text and moment is None else self._clock.utc(moment)


def _content(row: Row) -> str | None:
    """The text: in its own column or, until 2024, in JSON.

    None for JSON that is broken.
    """
    if "msg" in row:
        return row["msg"]
    content = row.get("content", "")
    if not _IN_JSON.match(content):
        return content
    try:
        parsed: Any = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return text_of(as_dict(parsed).get("msg"))

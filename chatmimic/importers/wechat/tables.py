"""Reads CSV of WeChatMsg (MemoTrace), with database columns or, since 2024, Chinese ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.times import LocalClock, parse_iso, possible
from chatmimic.importers.parsing.owner import OWNER, note_owner
from chatmimic.importers.parsing.tables import Shape, separated_rows
from chatmimic.importers.streams import Member
from chatmimic.importers.wechat.kinds import by_name, by_number, without_prefix
from chatmimic.records import Kind, Message

_DATABASE = {"localId", "Type", "IsSender", "CreateTime", "StrContent"}
_CHINESE = {"消息ID", "类型", "发送人", "时间", "内容"}
_COMMAS = Shape(",", True, [], [])

Row = Mapping[str, str]


def is_table(text: str) -> bool:
    """Whether a text begins with a header of WeChatMsg."""
    first = text.lstrip("\ufeff \r\n\t").partition("\n")[0]
    names = set(first.strip().replace('"', "").split(","))
    return names >= _DATABASE or names >= _CHINESE


def read_table(member: Member, context: Context) -> Iterator[Message]:
    """Yield all rows as messages."""
    table = _Table(member, context)
    for number, row in named_rows(member, context):
        yield table.message(row, number)


def named_rows(member: Member, context: Context) -> Iterator[tuple[int, Row]]:
    """The rows as dictionaries by column name, numbered.

    WeChatMsg leaves the last columns out in chats of two.
    """
    with context.open(member) as stream:
        names: list[str] = []
        for number, row in separated_rows(stream, member.label, _COMMAS, context.report):
            if not names:
                names = [name.lstrip("\ufeff").strip() for name in row]
            else:
                yield number, dict(zip(names, row, strict=False))


class _Table:
    """Reads one file, of one chat, named by the file, or of all."""

    def __init__(self, member: Member, context: Context) -> None:
        self._file = member.name
        self._report = context.report
        self._clock = LocalClock(context.options.tz, context.report)
        self._title = PurePosixPath(member.base).stem.removesuffix("_utf8")

    def message(self, row: Row, number: int) -> Message:
        """Convert a row; without a type it is Kind.OTHER."""
        if "消息ID" in row:
            return self._chinese(row, number)
        prefix, content = without_prefix(row.get("StrContent", ""))
        type_, sub = _number(row.get("Type", "")), _number(row.get("SubType", ""))
        kind, text = (Kind.OTHER, content) if type_ is None else by_number(type_, sub or 0, content)
        name, key = self._sender(row, prefix)
        speaks = kind not in (Kind.SYSTEM, Kind.DELETED)  # whose it was stands in the sentence
        seconds = _number(row.get("CreateTime", ""))
        return Message(
            name if speaks else "",
            text,
            possible(None if seconds is None else seconds * 1000, self._report),
            kind,
            "wechat",
            f"{self._title}/{row.get('TalkerId', '')}",
            self._title,
            key if speaks else "",
            source=f"{self._file}:{number}",
        )

    def _sender(self, row: Row, prefix: str) -> tuple[str, str]:
        """Name and key. In the owner's rows, the names may be those of the other side."""
        if row.get("IsSender") == "1":
            note_owner(self._report)
            return OWNER, OWNER
        key = row.get("Sender", "") or prefix
        name = row.get("Remark", "") or row.get("NickName", "") or key or self._title
        return name, key or name

    def _chinese(self, row: Row, number: int) -> Message:
        kind, text = by_name(row.get("类型", ""), row.get("内容", ""))
        moment = parse_iso(row.get("时间", ""))
        id_ = row.get("消息ID", "").strip()
        name = row.get("发送人", "") if kind not in (Kind.SYSTEM, Kind.DELETED) else ""
        return Message(
            name,
            text,
            self._clock.utc(moment) if moment else possible(None, self._report),
            kind,
            "wechat",
            self._title,
            self._title,
            name,
            id_ if len(id_) > 2 else "",
            source=f"{self._file}:{number}",
        )


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

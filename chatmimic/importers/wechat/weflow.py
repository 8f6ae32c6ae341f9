"""JSON of WeFlow: a file for each chat."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.times import as_milliseconds
from chatmimic.importers.parsing.json_stream.nested import NestedJson
from chatmimic.importers.parsing.json_values import as_dict, as_list
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.parsing.owner import OWNER, note_owner
from chatmimic.importers.streams import Member
from chatmimic.importers.wechat.kinds import by_name, by_number, without_prefix
from chatmimic.records import Kind, Message

_FILE = re.compile(r'\s*\{\s*"weflow"\s*:\s*\{')
_SESSION = re.compile(r'(?<!\\)"(?:session|messages)"\s*:')
_PICTURES = frozenset({"avatars"})  # in base64, of everybody: read one by one


def is_weflow(text: str) -> bool:
    """Whether a text begins as WeFlow's files do."""
    return _FILE.match(text.lstrip("\ufeff")) is not None and _SESSION.search(text) is not None


def read_weflow(member: Member, context: Context) -> Iterator[Message]:
    """Yield all messages of the file. Raises DamagedExport."""
    allow = context.options.allow_truncated
    with context.open(member) as stream:
        items = NestedJson(stream, member.label, "messages", _PICTURES, context.report, allow)
        chat: _Chat | None = None
        for item in items:
            chat = chat or _Chat(items.beside, member, context)
            yield chat.message(as_dict(item), items.record)


class _Chat:
    """What the top of a file says of the chat, and how its messages are read."""

    def __init__(self, beside: Mapping[str, Any], member: Member, context: Context) -> None:
        session = as_dict(beside.get("session"))
        names = (text_of(session.get(name)) for name in ("remark", "displayName", "nickname"))
        self._thread = text_of(session.get("wxid")) or member.base
        self._title = next((name for name in names if name.strip()), self._thread)
        self._file = member.name
        self._report = context.report
        self._senders = {
            text_of(one.get("senderID")): one
            for one in map(as_dict, as_list(beside.get("senders")))
        }

    def message(self, record: Mapping[str, Any], number: int) -> Message:
        """One record. What has no type known here is Kind.OTHER."""
        prefix, content = without_prefix(text_of(record.get("content")))
        kind, text = _kind_and_text(record, content)
        speaks = kind not in (Kind.SYSTEM, Kind.DELETED)  # whose it was stands in the sentence
        name, key = self._sender(record, prefix) if speaks else ("", "")
        time = record.get("createTime")
        seconds = time * 1000 if type(time) is int else time
        return Message(
            name,
            text,
            as_milliseconds(seconds, self._report),
            kind,
            "wechat",
            self._thread,
            self._title,
            key,
            text_of(record.get("platformMessageId")),
            text_of(record.get("replyToMessageId")) if kind.has_words else "",
            source=f"{self._file}:{number}",
        )

    def _sender(self, record: Mapping[str, Any], prefix: str) -> tuple[str, str]:
        known = as_dict(self._senders.get(text_of(record.get("senderID"))))
        key = text_of(record.get("senderUsername")) or text_of(known.get("wxid")) or prefix
        name = text_of(record.get("senderDisplayName")) or text_of(known.get("displayName"))
        if record.get("isSend") in (1, True) and not name.strip():
            note_owner(self._report)
            name, key = OWNER, OWNER
        return name or key, key or name


def _kind_and_text(record: Mapping[str, Any], content: str) -> tuple[Kind, str]:
    named, number = text_of(record.get("type")), record.get("localType")
    if type(number) is int and 0 <= number < 1 << 63 and (number != 49 or not named):
        kind, text = by_number(number, 0, content)
        if kind is not Kind.OTHER and not (kind is Kind.MEDIA and named):
            return kind, text
    return by_name(named, content)

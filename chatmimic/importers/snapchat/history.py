"""Reads Snapchat's history: by chat since 2023, before by received and sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.chronological import threads_oldest_first
from chatmimic.importers.parsing.dates.times import (
    as_milliseconds,
    parse_free,
    parse_iso,
    possible,
)
from chatmimic.importers.parsing.html_parser import unescaped
from chatmimic.importers.parsing.json_stream.arrays import JsonArrays
from chatmimic.importers.parsing.json_values import as_dict
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.parsing.owner import OWNER, note_owner
from chatmimic.importers.snapchat.names import Names
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_SECTION = re.compile(r"(Received|Sent) (?:(?:Saved|Unsaved) )?(?:Chat|Snap) History")
_OLD = re.compile(rf'\s*\{{\s*"{_SECTION.pattern}"\s*:')
_RECORD = re.compile(r'(?<!\\)"(?:From|To)"\s*:')
_MICROSECONDS_FROM = 10**14  # "Created(microseconds)" holds milliseconds, in spite of its name
# What may have words beside it; of other media the text is Snapchat's.
_CAPTIONED = {"MEDIA", "IMAGE", "PHOTO", "VIDEO"}
_MEDIA = _CAPTIONED | {
    "NOTE", "AUDIO", "VIDEO_NOTE", "STICKER", "SHARE", "SHARESAVEDSTORY", "LOCATION",
    "MAPREACTION", "SNAP", "STORY", "GIF",
}  # fmt: skip


def is_old(text: str) -> bool:
    """Whether a text begins like an old history (received and sent)."""
    return _OLD.match(text.lstrip("\ufeff")) is not None


def is_history(text: str) -> bool:
    """Whether a text begins like a history of chats or snaps, old or new."""
    if is_old(text):
        return True
    return '"Media Type"' in text and '"Created"' in text and _RECORD.search(text) is not None


def read_history(member: Member, names: Names, context: Context) -> Iterator[Message]:
    """Yield all messages of a file. Raises DamagedExport."""
    yield from threads_oldest_first(_read(member, names, context))


def _read(member: Member, names: Names, context: Context) -> Iterator[Message]:
    history = _History(member, names, context)
    with context.open(member) as stream:
        allow = context.options.allow_truncated
        rows = JsonArrays(stream, member.label, context.report, allow)
        for row in rows:
            section = _SECTION.fullmatch(rows.path[0])
            record = as_dict(row)
            if section is None:
                yield history.of_chat(record, rows.path[-1], rows.record)
            else:
                yield history.of_section(record, section[1] == "Sent", rows.record)


class _History:
    """Converts the records of one file."""

    def __init__(self, member: Member, names: Names, context: Context) -> None:
        self._file = member.name
        self._names = names
        self._report = context.report

    def of_chat(self, record: Mapping[str, Any], chat: str, number: int) -> Message:
        """Convert a record of a file with an array for each chat."""
        user = text_of(record.get("From")).strip()
        own = record.get("IsSender") is True
        return self._message(record, user, own, chat, number)

    def of_section(self, record: Mapping[str, Any], sent: bool, number: int) -> Message:
        """Convert a record of an old history, which names the other side only."""
        sent = sent or record.get("IsSender") is True
        user = "" if sent else text_of(record.get("From")).strip()
        other = text_of(record.get("To")).strip() if sent else user
        chat = text_of(record.get("Conversation Title")).strip() or other
        return self._message(record, user, sent, chat, number)

    def _message(
        self, record: Mapping[str, Any], user: str, own: bool, chat: str, number: int
    ) -> Message:
        kind, text = _kind_and_text(record)
        user = user or (self._names.owner if own else "")
        name = self._names.of_user(user)
        if own and not user:
            note_owner(self._report)
            name = user = OWNER
        if own:
            self._report.owner = name
        return Message(
            name,
            text,
            self._time(record),
            kind,
            "snapchat",
            chat,
            text_of(record.get("Conversation Title")).strip() or self._names.of_user(chat),
            user,
            is_bot="BOT" in _type(record),
            source=f"{self._file}:{number}",
        )

    def _time(self, record: Mapping[str, Any]) -> int | None:
        exact = record.get("Created(microseconds)")
        if type(exact) is int and exact > 0:
            return as_milliseconds(
                exact // 1000 if exact > _MICROSECONDS_FROM else exact, self._report
            )
        written = text_of(record.get("Created"))
        moment = parse_iso(written) or parse_free(written)
        if moment is not None and moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return possible(None if moment is None else moment.timestamp() * 1000, self._report)


def _type(record: Mapping[str, Any]) -> str:
    return text_of(record.get("Media Type")).strip().upper()


def _kind_and_text(record: Mapping[str, Any]) -> tuple[Kind, str]:
    """The kind and text of a record. Until 2023 texts were escaped as in HTML: "it&#39;s"."""
    type_ = _type(record)
    old = "Content" not in record
    text = unescaped(text_of(record.get("Text"))) if old else text_of(record.get("Content"))
    if type_ == "TEXT" or "BOT" in type_ or (type_ in _CAPTIONED and text.strip()):
        return Kind.TEXT, text
    if type_ in _MEDIA:
        return Kind.MEDIA, text
    if not type_.startswith("STATUS"):
        return Kind.OTHER, text
    if "ERASED" in type_:
        return Kind.DELETED, text
    return (Kind.CALL if "CALL" in type_ else Kind.SYSTEM), text

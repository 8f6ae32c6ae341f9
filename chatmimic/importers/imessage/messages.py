"""Converts rows of `message`: kind, sender, text and reactions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from chatmimic.importers.imessage.database import Chat, Database, Row
from chatmimic.importers.imessage.typedstream import text_of
from chatmimic.importers.parsing.dates.times import possible
from chatmimic.importers.parsing.owner import OWNER, note_owner
from chatmimic.importers.parsing.tapbacks import is_text_tapback
from chatmimic.importers.report import ImportReport
from chatmimic.records import Kind, Message, Reaction

_SINCE = 978_307_200_000  # 2001-01-01 in UTC milliseconds, when Apple's time begins
_NANOSECONDS_FROM = 1e12  # until macOS 10.13 times were seconds; these would be in the year 33,000
_THING = "\ufffc"  # stands in a text for a photo or a file
_LINK = "com.apple.messages.URLBalloonProvider"  # the text of such a one is the sender's own
_TAPBACKS, _TAKEN_BACK, _NO_TAPBACK = 2000, 3000, 4000  # kinds from there on
_EMOJI = {0: "❤️", 1: "👍", 2: "👎", 3: "😂", 4: "‼️", 5: "❓", 7: "sticker"}
_STICKER_ON_A_MESSAGE = 1000
_NO_CHAT = Chat("", "", "")
_FLAGS = ("is_auto_reply", "is_system_message", "is_service_message")


class Reader:
    """Reads the rows of one file, with people, chats and reactions."""

    def __init__(self, database: Database, file: str, report: ImportReport) -> None:
        self._database = database
        self._file = file
        self._report = report
        self._handles = database.handles()
        self._chats = database.chats(self._handles)

    def messages(self) -> Iterator[Message]:
        """Yield all messages; reactions are attached to theirs and counted."""
        chats = self._database.chats_of_messages()
        tapbacks = self._database.tapbacks_of_messages()
        for row in self._database.messages():
            joined, given = chats.of(row.rowid), tapbacks.of(row.rowid)
            if _TAPBACKS <= row.number("associated_message_type") < _NO_TAPBACK:
                self._report.leave_out("reaction", f"{self._file}:{row.rowid}")
                continue
            number, binned = joined[0] if joined else (None, 0)
            chat = self._chats.get(number, _NO_CHAT)
            yield self._message(row, chat, bool(binned), tuple(self._reactions(given)))

    def _message(
        self, row: Row, chat: Chat, binned: bool, reactions: tuple[Reaction, ...]
    ) -> Message:
        kind, text = _kind_and_text(row)
        sender = self._name(row.number("handle_id"), row.number("is_from_me")) or chat.other
        return Message(
            sender,
            text,
            self._time(row.number("date")),
            Kind.DELETED if binned and kind.has_words else kind,
            "imessage",
            chat.key or sender,
            chat.title or sender,
            sender,
            row.text("guid"),
            row.text("thread_originator_guid") if kind.has_words else "",
            reactions,
            source=f"{self._file}:{row.rowid}",
        )

    def _name(self, handle: Any, own: Any) -> str:
        """The owner, or a phone number or address: the file has no names."""
        if own:
            note_owner(self._report)
            return OWNER
        return self._handles.get(handle, "")

    def _time(self, date: float) -> int | None:
        seconds = date / 1e9 if abs(date) > _NANOSECONDS_FROM else date
        return possible(seconds * 1000 + _SINCE if date else None, self._report)

    def _reactions(self, given: Iterable[tuple[Any, ...]]) -> Iterator[Reaction]:
        """The final reactions: the last of each person to each part, unless removed."""
        last: dict[tuple[str, str], str] = {}
        for kind, emoji, handle, own, target in given:
            who = self._name(handle, own)
            place = who, str(target).partition("/")[0]
            if kind >= _TAKEN_BACK:
                last.pop(place, None)
            else:
                last[place] = emoji if isinstance(emoji, str) else _EMOJI.get(kind - _TAPBACKS, "")
        for (who, _), emoji in last.items():
            yield Reaction(emoji, who)


def _kind_and_text(row: Row) -> tuple[Kind, str]:
    if row.number("item_type") or any(row.number(flag) for flag in _FLAGS):
        return Kind.SYSTEM, row.text("group_title") or row.text("text")
    written = row.text("text") or _archived(row)
    if row.number("date_retracted"):
        return Kind.DELETED, ""
    if written is None:
        return Kind.OTHER, ""
    text = written.replace(_THING, "").strip() if _THING in written else written
    if not text.strip():
        return _wordless(row, _THING in written), ""
    app = row.text("balloon_bundle_id")
    if app and app != _LINK:
        return Kind.MEDIA, text  # "Ada played a game", in the words of the app
    if is_text_tapback(text):
        return Kind.SYSTEM, text
    return (Kind.FORWARDED if row.number("is_forward") else Kind.TEXT), text


def _archived(row: Row) -> str | None:
    """The text where macOS 13 and later store it; None if it cannot be read."""
    archived = row.data("attributedBody")
    return text_of(archived) if archived else ""


def _wordless(row: Row, thing: bool) -> Kind:
    attached = thing or row.number("cache_has_attachments") or row.text("balloon_bundle_id")
    if attached or row.number("associated_message_type") == _STICKER_ON_A_MESSAGE:
        return Kind.MEDIA
    # What was unsent before this is told has the mark of an edit, and nothing is left of it.
    return Kind.DELETED if row.number("date_edited") else Kind.TEXT

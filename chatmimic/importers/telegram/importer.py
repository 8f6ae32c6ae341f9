"""Telegram Desktop's exports: JSON of one chat or of the account, or HTML pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.parsing.dates.times import IMPOSSIBLE, LocalClock, parse_iso, possible
from chatmimic.importers.parsing.dedup import SeenMessages
from chatmimic.importers.parsing.json_stream.nested import NestedJson
from chatmimic.importers.parsing.json_values import as_dict, as_list
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.streams import Member
from chatmimic.importers.telegram.html_messages import DELETED, as_page, is_page, read_pages
from chatmimic.importers.telegram.message_text import words_of, written
from chatmimic.records import Kind, Message, Reaction

_CHAT = re.compile(
    r'(?<!\\)"type"\s*:\s*"(?:personal_chat|bot_chat|saved_messages|replies|verification_codes'
    r'|(?:private|public)_(?:group|supergroup|channel))"'
)
_ACCOUNT = re.compile(
    r'\s*\{\s*"about"\s*:.*?(?<!\\)"(?:personal_information|contacts|chats|left_chats)"\s*:', re.S
)
_INSIDE = frozenset({"chats", "left_chats", "list"})
_CALLS = {"phone_call", "group_call", "conference_call"}
# What stands in a record where nothing was written.
_MEDIA = {
    "media_type", "media_spoiler", "mime_type", "photo", "photo_file_size", "file", "file_name",
    "file_size", "thumbnail", "sticker_emoji", "duration_seconds", "width", "height",
    "self_destruct_period_seconds", "contact_information", "contact_vcard", "location_information",
    "live_location_period_seconds", "place_name", "address", "poll", "todo_list", "checklist",
    "rich_message", "game_title", "game_link", "invoice_information", "giveaway_information",
    "giveaway_results", "paid_stars_amount", "paid_media", "story", "story_id", "story_information",
    "dice", "dice_emoji", "inline_bot_buttons",
}  # fmt: skip
# What every record may have.
_FRAME = {
    "id", "type", "date", "date_unixtime", "edited", "edited_unixtime", "from", "from_id", "author",
    "saved_from", "reply_to_message_id", "reply_to_peer_id", "text", "text_entities", "reactions",
}  # fmt: skip


class Telegram(Importer):
    """Reads `result.json`, or folders of `messages.html`, `messages2.html`, …"""

    name = "telegram"
    title = "Telegram (Telegram Desktop)"
    description = "Telegram Desktop's exports: result.json, one chat or all; also messages.html"

    def knows(self, head: Head) -> bool:
        """Whether it is the JSON of a chat or an account, or an HTML page of messages."""
        if head.first == "{":
            return bool(_CHAT.search(head.text) or _ACCOUNT.match(head.text))
        return is_page(head.text)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read JSON first, then HTML pages, without duplicates."""
        seen = SeenMessages(context.report)
        kinds = [_is_page(member, context) for member in members]
        pages = [member for member, is_page_ in zip(members, kinds, strict=True) if is_page_]
        for member, is_page_ in zip(members, kinds, strict=True):
            context.report.variants["HTML" if is_page_ else "JSON"] += 1
            for message in () if is_page_ else _read_json(member, context):
                yield message
                if pages:
                    seen.add(message, as_page(message.thread_title))
        yield from read_pages(pages, context, seen)


def _is_page(member: Member, context: Context) -> bool:
    return is_page(context.source.head(member).decode("utf-8", "replace"))


def _read_json(member: Member, context: Context) -> Iterator[Message]:
    allow = context.options.allow_truncated
    with context.open(member) as stream:
        items = NestedJson(stream, member.label, "messages", _INSIDE, context.report, allow)
        chat: _Chat | None = None
        for item in items:
            if chat is None or chat.beside is not items.beside:
                chat = _Chat(items.beside, member, context)
            yield chat.message(item, items.record)


class _Chat:
    """A chat, and how its messages are read."""

    def __init__(self, beside: Mapping[str, Any], member: Member, context: Context) -> None:
        self.beside = beside
        self._id = text_of(beside.get("id"))
        self._is_bot = beside.get("type") == "bot_chat"
        name = "Saved Messages" if beside.get("type") == "saved_messages" else ""
        self.title = text_of(beside.get("name")).strip() or name or DELETED
        self._thread = self._id or f"{self.title} in {member.base}"
        self._file = member.name
        self._report = context.report
        self._clock = LocalClock(context.options.tz, context.report)
        self._bots: set[str] = set()

    def message(self, item: Any, number: int) -> Message:
        """Convert a record; one of an unknown type is Kind.OTHER."""
        record = as_dict(item)
        event = record.get("type") == "service"
        sender, key = self._sender(record, "actor" if event else "from")
        text = written(record.get("text")) if event else words_of(record)
        kind = _kind(record, text)
        answers = kind.has_words and "reply_to_peer_id" not in record  # that is another chat
        return Message(
            sender,
            text_of(record.get("action")) if event and not text else text,
            self._time(record),
            kind,
            "telegram",
            self._thread,
            self.title,
            key,
            text_of(record.get("id")),
            text_of(record.get("reply_to_message_id")) if answers else "",
            tuple(_reactions(record.get("reactions"))),
            self._bot(record, key),
            f"{self._file}:{number}",
        )

    def _sender(self, record: Mapping[str, Any], role: str) -> tuple[str, str]:
        """The displayed name and the stable key, also of deleted accounts."""
        key = _peer(record.get(f"{role}_id"))
        name = text_of(record.get(role)).strip()
        if name:
            return name, key or name
        gone = role in record or key
        return (DELETED, key or f"{DELETED} in {self._thread}") if gone else ("", "")

    def _bot(self, record: Mapping[str, Any], key: str) -> bool:
        """Whether the sender is a bot: the other side of a bot chat, or a sender of buttons."""
        own = "via_bot" not in record and "forwarded_from" not in record
        if own and key.startswith("user") and "inline_bot_buttons" in record:
            self._bots.add(key)
        return key in self._bots or (self._is_bot and key == f"user{self._id}")

    def _time(self, record: Mapping[str, Any]) -> int | None:
        stamp = text_of(record.get("date_unixtime"))
        if re.fullmatch(r"\d{1,12}", stamp):
            return possible(int(stamp) * 1000, self._report)
        date = record.get("date")
        moment = parse_iso(date) if isinstance(date, str) else None
        if moment is None:
            if record.get("type") != "unsupported":  # those have none, and nothing is wrong
                self._report.repairs[IMPOSSIBLE] += 1
            return None
        return self._clock.utc(moment)


def _kind(record: Mapping[str, Any], words: str) -> Kind:
    type_ = record.get("type")
    if type_ == "service":
        return Kind.CALL if text_of(record.get("action")) in _CALLS else Kind.SYSTEM
    if type_ != "message" or not isinstance(record.get("text", ""), str | list):
        return Kind.OTHER
    if any(name.startswith("forwarded_from") for name in record) or "via_bot" in record:
        return Kind.FORWARDED
    if words.strip():
        return Kind.TEXT
    beside = record.keys() - _FRAME
    if beside & _MEDIA:
        return Kind.MEDIA
    return Kind.OTHER if beside or "text" not in record else Kind.TEXT


def _peer(value: Any) -> str:
    """Normalise an id to "user1", "chat1" or "channel1"; until 2021 it was a number."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 4 << 32:
        return f"{('user', 'user', 'chat', 'channel')[value >> 32]}{value & 0xFFFFFFFF}"
    return text_of(value)


def _reactions(given: Any) -> Iterator[Reaction]:
    """The reactions, by person; those that are only counted name nobody."""
    for one in map(as_dict, as_list(given)):
        emoji = text_of(one.get("emoji")) or text_of(one.get("type"))
        for who in map(as_dict, as_list(one.get("recent"))):
            yield Reaction(emoji, text_of(who.get("from")) or DELETED)

"""DiscordChatExporter's JSON: a file for each channel, thread or part of one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chatmimic.importers.base import Context
from chatmimic.importers.discord.authors import sender_key
from chatmimic.importers.discord.channels import Channel, Place, Settle, place_in
from chatmimic.importers.discord.dedup import Authored
from chatmimic.importers.discord.mentions import readable
from chatmimic.importers.parsing.dates.times import LocalClock, parse_iso
from chatmimic.importers.parsing.json_stream.stream import JsonStream
from chatmimic.importers.parsing.json_values import as_dict as _mapping
from chatmimic.importers.parsing.json_values import as_list
from chatmimic.importers.parsing.json_values import text as _text
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message, Reaction

_KEY = r'(?<!\\)"({})"\s*:'
_TOP = [re.compile(_KEY.format(name)) for name in ("guild", "channel", "messages")]

# What people write; slash and context commands ("20", "23") are answered by bots.
_SPOKEN = {"Default", "Reply", "0", "19", "20", "23"}
_CALLS = {"Call", "3"}
_EVENTS = {
    "RecipientAdd", "RecipientRemove", "ChannelNameChange", "ChannelIconChange",
    "ChannelPinnedMessage", "GuildMemberJoin", "ThreadCreated", "21", "46",
    *(str(number) for number in range(1, 19) if number != 3),
}  # fmt: skip


def is_json(text: str) -> bool:
    """Whether a file begins like a JSON object with a guild, a channel and messages."""
    return text[:1] == "{" and all(key.search(text) for key in _TOP)


def read_json(member: Member, context: Context, settle: Settle) -> Iterator[Authored]:
    """Yield all messages of a file. Raises DamagedExport if it is truncated."""
    with context.open(member) as stream:
        allow = context.options.allow_truncated
        items = JsonStream(stream, member.label, "messages", context.report, allow)
        reader: _Reader | None = None
        for item in items:
            if reader is None:
                reader = _Reader(settle(_place(items.beside, member)), member, context)
            yield reader.message(item, items.record)
    _check_count(items, member, context.report)


def _check_count(items: JsonStream, member: Member, report: ImportReport) -> None:
    count = items.beside.get("messageCount")
    if isinstance(count, int) and count != items.record:
        report.note(
            f"{member.label} should have {count:,} messages, but {items.record:,} were found."
        )


def _place(beside: Mapping[str, Any], member: Member) -> Place:
    """The place given by the header of a file, or else by its name."""
    channel = _mapping(beside.get("channel"))
    guild = _text(_mapping(beside.get("guild")).get("name"))
    category, name = _text(channel.get("category")), _text(channel.get("name"))
    return place_in(member, guild, category, name, _text(channel.get("id")))


class _Reader:
    """Converts the records of one file to messages."""

    def __init__(self, channel: Channel, member: Member, context: Context) -> None:
        self.channel = channel
        self._file = member.name
        self._report = context.report
        self._clock = LocalClock(context.options.tz, context.report)

    def message(self, item: Any, number: int) -> Authored:
        """Convert a record; without an author or of an unknown type, it is Kind.OTHER."""
        record = _mapping(item)
        author = _mapping(record.get("author"))
        is_bot = author.get("isBot") is True
        kind, words = _kind(record), _words(record)
        account = _text(author.get("name"))
        name = _text(author.get("nickname")) or account
        reference = _mapping(record.get("reference"))
        thread = self.channel.key
        message = Message(
            name,
            readable(words, _people(record) if "<" in words else {}, self._report),
            self._time(record.get("timestamp")),
            kind if name else Kind.OTHER,
            "discord",
            thread,
            self.channel.title,
            sender_key(_text(author.get("id")), account, thread, shared=is_bot),
            _text(record.get("id")),
            _text(reference.get("messageId")) if kind.has_words else "",
            _reactions(record.get("reactions")),
            is_bot,
            f"{self._file}:{number}",
        )
        return message, account

    def _time(self, value: Any) -> int | None:
        return self._clock.utc(parse_iso(value) if isinstance(value, str) else None)


def _words(record: Mapping[str, Any]) -> str:
    """The text, or else the forwarded one."""
    forwarded = _mapping(record.get("forwardedMessage"))
    return _text(record.get("content")) or _text(forwarded.get("content"))


def _kind(record: Mapping[str, Any]) -> Kind:
    type_ = _text(record.get("type"))
    if type_ in _CALLS:
        return Kind.CALL
    if type_ in _EVENTS:
        return Kind.SYSTEM
    if type_ not in _SPOKEN or not isinstance(record.get("content"), str):
        return Kind.OTHER
    if _mapping(record.get("reference")).get("type") == "Forward" or record.get("forwardedMessage"):
        return Kind.FORWARDED
    if record["content"].strip():
        return Kind.TEXT
    attached = any(record.get(name) for name in ("attachments", "embeds", "stickers"))
    return Kind.MEDIA if attached else Kind.TEXT


def _reactions(given: Any) -> tuple[Reaction, ...]:
    """The reactions, by person; files that only count them name nobody."""
    return tuple(
        Reaction(_text(_mapping(one.get("emoji")).get("name")), _shown_name(_mapping(user)))
        for one in as_list(given)
        if isinstance(one, dict)
        for user in as_list(one.get("users"))
    )


def _shown_name(user: Mapping[str, Any]) -> str:
    return _text(user.get("nickname")) or _text(user.get("name"))


def _people(record: Mapping[str, Any]) -> dict[str, str]:
    mentioned = map(_mapping, as_list(record.get("mentions")))
    return {_text(user.get("id")): _shown_name(user) for user in mentioned}

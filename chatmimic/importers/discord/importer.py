"""Discord, as DiscordChatExporter writes it in JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.parsing.jsonstream import JsonStream
from chatmimic.importers.parsing.seen import Seen
from chatmimic.importers.parsing.times import IMPOSSIBLE, LocalClock, parse_iso
from chatmimic.importers.parsing.values import mapping as _mapping
from chatmimic.importers.parsing.values import text as _text
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
# All deleted accounts share this id and name: they are not one person.
_DELETED_ID = "456226577798135808"

_RAW = re.compile(r"<(?:(@!?|@&|#)(\d+)|(a?):(\w+):\d+|t:(-?\d+)(?::\w)?|/([^:>]+):\d+)>")


class Discord(Importer):
    """One JSON file per channel, thread or partition."""

    name = "discord"
    title = "Discord (DiscordChatExporter)"
    description = "JSON files of DiscordChatExporter: one channel, a folder or a zip of them"

    def knows(self, head: Head) -> bool:
        """A JSON object with a guild and a channel."""
        return head.first == "{" and all(key.search(head.text) for key in _TOP)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Every file; a message that two files both have is given once."""
        seen = Seen(context.report)
        for member in members:
            with context.open(member) as stream:
                items = JsonStream(
                    stream,
                    member.label,
                    "messages",
                    context.report,
                    context.options.allow_truncated,
                )
                channel: _Channel | None = None
                for item in items:
                    channel = channel or _Channel(items.beside, member, context)
                    message = channel.message(item, items.record)
                    if len(members) == 1 or seen.is_new(message):
                        yield message
                _check_count(items, member, context.report)


def _check_count(items: JsonStream, member: Member, report: ImportReport) -> None:
    count = items.beside.get("messageCount")
    if isinstance(count, int) and count != items.record:
        report.note(f"{member.label} says it holds {count:,} messages and holds {items.record:,}.")


class _Channel:
    """What the top of a file says of the channel, and how its messages are read."""

    def __init__(self, beside: Mapping[str, Any], member: Member, context: Context) -> None:
        channel = _mapping(beside.get("channel"))
        guild = _text(_mapping(beside.get("guild")).get("name"))
        name = _text(channel.get("name"))
        self.thread = _text(channel.get("id")) or name or member.label
        self.title = " / ".join(part for part in (guild, name) if part) or self.thread
        self._file = member.name
        self._report = context.report
        self._clock = LocalClock(context.options.tz, context.report)

    def message(self, item: Any, number: int) -> Message:
        """One record. What has no author or an unknown type is Kind.OTHER."""
        record = _mapping(item)
        author = _mapping(record.get("author"))
        is_bot = author.get("isBot") is True
        kind = _kind(record, is_bot)
        name = _text(author.get("nickname")) or _text(author.get("name"))
        reference = _mapping(record.get("reference"))
        return Message(
            name,
            _readable(_text(record.get("content")), record, self._report),
            self._time(record.get("timestamp")),
            kind if name else Kind.OTHER,
            "discord",
            self.thread,
            self.title,
            _sender_key(author, is_bot, self.thread),
            _text(record.get("id")),
            _text(reference.get("messageId")) if kind.has_words else "",
            _reactions(record.get("reactions")),
            is_bot,
            f"{self._file}:{number}",
        )

    def _time(self, value: Any) -> int | None:
        moment = parse_iso(value) if isinstance(value, str) else None
        if moment is None:
            self._report.repairs[IMPOSSIBLE] += 1
            return None
        return self._clock.utc(moment)


def _kind(record: Mapping[str, Any], is_bot: bool) -> Kind:
    type_ = _text(record.get("type"))
    if type_ in _CALLS:
        return Kind.CALL
    if type_ in _EVENTS:
        return Kind.SYSTEM
    if type_ not in _SPOKEN or not isinstance(record.get("content"), str):
        return Kind.OTHER
    if _mapping(record.get("reference")).get("type") == "Forward" or "forwardedMessage" in record:
        return Kind.FORWARDED
    if record["content"].strip():
        return Kind.TEXT
    attached = any(record.get(name) for name in ("attachments", "embeds", "stickers"))
    return Kind.MEDIA if attached else Kind.TEXT


def _sender_key(author: Mapping[str, Any], is_bot: bool, thread: str) -> str:
    """Discord's id, except where many share one: bridges (many names) and deleted accounts."""
    key, name = _text(author.get("id")), _text(author.get("name"))
    if is_bot:
        return f"{key}/{name}"
    return f"{key}/{thread}" if key == _DELETED_ID else key or name


def _reactions(given: Any) -> tuple[Reaction, ...]:
    """Who reacted with what; files that only count reactions name nobody."""
    return tuple(
        Reaction(_text(_mapping(one.get("emoji")).get("name")), _shown_name(_mapping(user)))
        for one in (given if isinstance(given, list) else ())
        if isinstance(one, dict)
        for user in (one["users"] if isinstance(one.get("users"), list) else ())
    )


def _shown_name(user: Mapping[str, Any]) -> str:
    return _text(user.get("nickname")) or _text(user.get("name"))


def _readable(content: str, record: Mapping[str, Any], report: ImportReport) -> str:
    """The content with `<@id>` and its like written out, where the export left them raw."""
    if "<" not in content or not _RAW.search(content):
        return content
    mentions = record.get("mentions")
    names = {
        _text(user.get("id")): _shown_name(user)
        for user in map(_mapping, mentions if isinstance(mentions, list) else ())
    }
    report.repairs["raw mentions"] += 1
    return _RAW.sub(lambda found: _written_out(found, names), content)


def _written_out(found: re.Match[str], names: Mapping[str, str]) -> str:
    mark, key, _, emoji, stamp, command = found.groups()
    if mark in ("@", "@!"):
        return f"@{names.get(key) or 'Unknown'}"
    if mark == "@&":
        return "@deleted-role"
    if mark == "#":
        return "#deleted-channel"
    if emoji:
        return f":{emoji}:"
    return f"/{command}" if command else found.group() if stamp is None else f"<t:{stamp}>"

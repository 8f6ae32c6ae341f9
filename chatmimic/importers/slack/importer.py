"""Slack's export of a workspace: a folder for each channel, a JSON file for each day."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.parsing.dates.times import possible
from chatmimic.importers.parsing.json_stream.stream import JsonStream
from chatmimic.importers.parsing.json_values import as_dict, as_list
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.slack.text import readable
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message, Reaction

_KEY = r'(?<!\\)"{}"\s*:\s*"{}'
_TS = re.compile(_KEY.format("ts", r'\d{9,11}\.\d{6}"'))
_MESSAGE = re.compile(_KEY.format("type", 'message"'))
_ID = re.compile(_KEY.format("id", "[UWCGD][A-Z0-9]+"))
_USERS, _PLACES = "users.json", {"channels.json", "groups.json", "dms.json", "mpims.json"}

# What carries a person's (or a bot's) words.
_SPOKEN = {"", "me_message", "thread_broadcast", "reply_broadcast", "file_share", "file_comment",
           "bot_message", "slackbot_response"}  # fmt: skip
_EVENTS = {"bot_add", "bot_remove", "bot_enable", "bot_disable", "pinned_item", "unpinned_item",
           "reminder_add", "message_changed", "message_replied", "app_conversation_join",
           "joiner_notification", "joiner_notification_for_inviter", "ekm_access_denied",
           "assistant_app_thread", "document_mention"}  # fmt: skip
_EVENTS_BEGIN = ("channel_", "group_")
_CALLS = {"huddle_thread", "sh_room_created", "sh_room_shared"}
_DELETED = {"message_deleted", "tombstone"}
# Until 2018 a file came with a sentence of Slack's own.
_UPLOADED = re.compile(r"<@\w+(?:\|[^>]*)?> (?:uploaded|shared) a file:")


class Slack(Importer):
    """Reads `users.json`, `channels.json` and similar lists, and `<channel>/2024-05-01.json`."""

    name = "slack"
    title = "Slack (workspace export)"
    description = "Slack's export of a workspace: the zip, its folder, or single days of it"

    def knows(self, head: Head) -> bool:
        """Whether it is a JSON array of messages, or a list of people or channels."""
        if head.first != "[":
            return False
        if head.member.base in {_USERS, *_PLACES}:
            return bool(_ID.search(head.text))
        return bool(_TS.search(head.text) and _MESSAGE.search(head.text))

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read the lists, then all channels day by day, without duplicates."""
        workspaces: dict[str, _Workspace] = defaultdict(_Workspace)
        for member in members:
            context.report.variants["lists" if _is_list(member) else "days"] += 1
            if _is_list(member):
                workspaces[_root(member, 1)].learn(member, context)
        for member in sorted((m for m in members if not _is_list(m)), key=lambda m: m.where):
            day = _Day(member, workspaces[_root(member, 2)], context)
            yield from day.messages()


def _is_list(member: Member) -> bool:
    return member.base in {_USERS, *_PLACES}


def _root(member: Member, up: int) -> str:
    """The folder of the workspace, `up` folders above the file."""
    above = PurePosixPath(member.name).parents
    return str(above[min(up, len(above)) - 1])


def _items(member: Member, context: Context) -> Iterator[tuple[int, Any]]:
    with context.open(member) as stream:
        allow = context.options.allow_truncated
        items = JsonStream(stream, member.label, None, context.report, allow)
        for item in items:
            yield items.record, item


@dataclass
class _Workspace:
    """Names of people and channels by id, and which are bots."""

    people: dict[str, str] = field(default_factory=lambda: {"USLACKBOT": "Slackbot"})
    bots: set[str] = field(default_factory=lambda: {"USLACKBOT"})
    channels: dict[str, str] = field(default_factory=dict)  # id → name
    folders: dict[str, str] = field(default_factory=dict)  # name of the folder → id
    members: dict[str, list[str]] = field(default_factory=dict)  # of direct messages: id → people

    def learn(self, member: Member, context: Context) -> None:
        """Read one of the lists."""
        for _, item in _items(member, context):
            record = as_dict(item)
            key = text_of(record.get("id"))
            if member.base == _USERS:
                self.people[key] = _shown_name(record) or key
                self.bots |= {key} if record.get("is_bot") is True else set()
                continue
            name = text_of(record.get("name"))
            self.folders[name or key] = key
            if name and member.base != "mpims.json":
                self.channels[key] = name
            else:
                self.members[key] = [text_of(one) for one in as_list(record.get("members"))]

    def title(self, folder: str) -> str:
        """The title of a channel: its name, or its members."""
        key = self.folders.get(folder, folder)
        if key in self.members:
            return ", ".join(self.people.get(one, one) for one in self.members[key]) or folder
        return self.channels.get(key, folder)


def _shown_name(user: Mapping[str, Any]) -> str:
    """The name that Slack shows: display name, else real name, else account."""
    profile = as_dict(user.get("profile"))
    chosen = text_of(profile.get("display_name")) or text_of(user.get("display_name"))
    real = text_of(profile.get("real_name")) or text_of(user.get("real_name"))
    return chosen.strip() or real.strip() or text_of(user.get("name"))


class _Day:
    """Reads one day of a channel."""

    def __init__(self, member: Member, workspace: _Workspace, context: Context) -> None:
        folder = PurePosixPath(member.name).parent.name or PurePosixPath(member.where).parent.name
        self._workspace = workspace
        self._thread = workspace.folders.get(folder, folder)
        self._title = workspace.title(folder)
        self._member = member
        self._context = context

    def messages(self) -> Iterator[Message]:
        for number, item in _items(self._member, self._context):
            yield self._message(as_dict(item), f"{self._member.name}:{number}")

    def _message(self, record: Mapping[str, Any], source: str) -> Message:
        """Convert a record; one of an unknown type is Kind.OTHER."""
        body = _said(record)
        sender, key, is_bot = self._sender(record)
        kind = _kind(record, body)
        ts, thread_ts = text_of(record.get("ts")), text_of(record.get("thread_ts"))
        return Message(
            sender,
            readable(body, self._workspace.people, self._workspace.channels),
            self._time(ts),
            kind,
            "slack",
            self._thread,
            self._title,
            key,
            ts,
            thread_ts if thread_ts != ts and kind.has_words else "",
            tuple(self._reactions(record)),
            is_bot,
            source,
        )

    def _sender(self, record: Mapping[str, Any]) -> tuple[str, str, bool]:
        """Name, key and whether it is a bot, also one that posts for a person."""
        workspace = self._workspace
        user = text_of(record.get("user")) or text_of(as_dict(record.get("comment")).get("user"))
        bot = text_of(record.get("bot_id"))
        told = text_of(record.get("username")) or _shown_name(as_dict(record.get("bot_profile")))
        name = workspace.people.get(user) or _shown_name(as_dict(record.get("user_profile")))
        if bot or record.get("subtype") == "bot_message":
            shown = told or name or bot
            return shown, f"{bot or user}/{shown}", True
        return name or told or user, user or told, user in workspace.bots

    def _time(self, ts: str) -> int | None:
        found = re.fullmatch(r"(\d{1,12})\.(\d{3})\d*", ts)
        at = int(found[1]) * 1000 + int(found[2]) if found else None
        return possible(at, self._context.report)

    def _reactions(self, record: Mapping[str, Any]) -> Iterator[Reaction]:
        for one in map(as_dict, as_list(record.get("reactions"))):
            for user in map(text_of, as_list(one.get("users"))):
                emoji = f":{text_of(one.get('name'))}:"
                yield Reaction(emoji, self._workspace.people.get(user, user))


def _said(record: Mapping[str, Any]) -> str:
    """The text of a record in Slack's markup; a bot's may be in attachments."""
    text = text_of(record.get("text"))
    if record.get("subtype") == "file_comment":
        return text_of(as_dict(record.get("comment")).get("comment"))
    if record.get("subtype") == "file_share" and _UPLOADED.match(text):
        first = as_dict(as_dict(record.get("file")).get("initial_comment"))
        return text_of(first.get("comment"))
    if text or "bot_id" not in record:
        return text
    attached = map(as_dict, as_list(record.get("attachments")))
    told = (text_of(one.get("text")) or text_of(one.get("fallback")) for one in attached)
    return "\n".join(filter(None, told))


def _kind(record: Mapping[str, Any], body: str) -> Kind:
    subtype = text_of(record.get("subtype"))
    if record.get("type") != "message" or not isinstance(record.get("text"), str | None):
        return Kind.OTHER
    if subtype in _DELETED:
        return Kind.DELETED
    if subtype in _CALLS:
        return Kind.CALL
    if subtype in _EVENTS or subtype.startswith(_EVENTS_BEGIN):
        return Kind.SYSTEM
    if subtype not in _SPOKEN:
        return Kind.OTHER
    if body.strip():
        return Kind.ACTION if subtype == "me_message" else Kind.TEXT
    attached = any(record.get(name) for name in ("files", "file", "attachments", "blocks"))
    return Kind.MEDIA if attached else Kind.TEXT

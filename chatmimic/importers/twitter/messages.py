"""Reads direct messages of X's archive: a list of conversations, each newest first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.chronological import threads_oldest_first
from chatmimic.importers.parsing.dates.times import LocalClock, parse_iso
from chatmimic.importers.parsing.html_parser import unescaped
from chatmimic.importers.parsing.json_stream.nested import NestedJson
from chatmimic.importers.parsing.json_values import as_dict, as_list
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.parsing.owner import OWNER, note_owner
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member
from chatmimic.importers.twitter.owner import Owner
from chatmimic.importers.twitter.scripts import Assigned, part_of
from chatmimic.records import Kind, Message, Reaction

_PARTS = {"direct_messages", "direct_message", "direct_messages_group", "direct_message_group"}
_PAIR = re.compile(r"(\d{1,20})-(\d{1,20})")
_PICTURE = re.compile(r"pic\.(?:twitter|x)\.com/|https?://(?:twitter|x)\.com/messages/media/")
_EMOJI = {
    "like": "❤️", "funny": "😂", "surprised": "😲", "sad": "😢", "excited": "🔥", "agree": "👍",
    "disagree": "👎",
}  # fmt: skip
_EVENTS = {
    "joinConversation", "participantsJoin", "participantsLeave", "conversationNameUpdate",
    "conversationCreate",
}  # fmt: skip
_NAMELESS = (
    'X\'s archive has only the numbers of other accounts; chatmimic people merge "THEIR NAME" '
    "NUMBER gives one a name."
)


def is_messages(text: str) -> bool:
    """Whether a script has direct messages."""
    return part_of(text) in _PARTS


class _Conversations(NestedJson):
    """Streams the messages of all conversations of a file that is one array."""

    def _top(self) -> Iterator[Any]:
        if self._peek() != "[":
            raise self._broken("does not begin with [")
        yield from self._within("messages", "[")
        if self._peek() not in ("", ";"):
            raise self._broken("goes on after its end")


def _opened(stream: Any, member: Member, report: ImportReport, allow: bool) -> _Conversations:
    inside = frozenset({"dmConversation"})
    return _Conversations(Assigned(stream), member.label, "messages", inside, report, allow)


@dataclass
class _Known:
    """What the first pass found."""

    titles: dict[str, tuple[str, str]] = field(default_factory=dict)  # group → when named, and what
    pairs: set[str] = field(default_factory=set)  # conversations of two


class Conversations:
    """The conversations of an archive; a first pass finds their names."""

    def __init__(self, members: Sequence[Member], owner: Owner, context: Context) -> None:
        self._context = context
        self._report = context.report
        self._clock = LocalClock("UTC", context.report)
        self._known = _Known()
        for member in members:
            self._scan(member)
        self._owner = Owner(owner.id or _in_all(self._known.pairs), owner.name)

    def messages(self, member: Member) -> Iterator[Message]:
        """Yield all messages of a file. Raises DamagedExport."""
        yield from threads_oldest_first(self._read(member))

    def _scan(self, member: Member) -> None:
        with self._context.ahead(member) as stream:
            items = _opened(stream, member, ImportReport(), True)
            for item in items:
                thread = text_of(items.beside.get("conversationId"))
                self._known.pairs.update([thread] if _PAIR.fullmatch(thread) else [])
                named = as_dict(as_dict(item).get("conversationNameUpdate"))
                at, name = text_of(named.get("createdAt")), text_of(named.get("name")).strip()
                if name and at >= self._known.titles.get(thread, ("", ""))[0]:
                    self._known.titles[thread] = at, name

    def _read(self, member: Member) -> Iterator[Message]:
        allow = self._context.options.allow_truncated
        with self._context.open(member) as stream:
            items = _opened(stream, member, self._report, allow)
            for item in items:
                thread = text_of(items.beside.get("conversationId")) or member.base
                source = f"{member.name}:{items.record}"
                for type_, record in as_dict(item).items():
                    if type_ == "reactionCreate":
                        self._report.leave_out("reaction", source)
                    else:
                        yield self._message(type_, as_dict(record), thread, source)

    def _message(self, type_: str, record: Mapping[str, Any], thread: str, source: str) -> Message:
        kind, text = _kind_and_text(type_, record)
        key = text_of(record.get("senderId")).strip()
        return Message(
            self._name(key),
            text,
            self._clock.utc(parse_iso(text_of(record.get("createdAt")))),
            kind,
            "twitter",
            thread,
            self._title(thread),
            key,
            text_of(record.get("id")),
            reactions=tuple(self._reactions(record)),
            is_bot=type_ == "welcomeMessageCreate",
            source=source,
        )

    def _name(self, key: str) -> str:
        if key and key == self._owner.id:
            if not self._owner.name:
                note_owner(self._report)
            self._report.owner = self._owner.name or OWNER
            return self._report.owner
        if key:
            self._report.note(_NAMELESS)
        return key

    def _title(self, thread: str) -> str:
        """The last name of a group, or the other person's name."""
        pair = _PAIR.fullmatch(thread)
        others = [one for one in pair.groups() if one != self._owner.id] if pair else []
        return others[0] if len(others) == 1 else self._known.titles.get(thread, ("", thread))[1]

    def _reactions(self, record: Mapping[str, Any]) -> Iterator[Reaction]:
        for one in map(as_dict, as_list(record.get("reactions"))):
            key, who = text_of(one.get("reactionKey")), text_of(one.get("senderId"))
            if key and who:
                yield Reaction(_EMOJI.get(key, key), self._name(who))


def _in_all(pairs: set[str]) -> str:
    """The account in all conversations of two; "" if there is not exactly one."""
    accounts = [set(pair.split("-")) for pair in pairs]
    common = set.intersection(*accounts) if accounts else set()
    return common.pop() if len(common) == 1 else ""


def _kind_and_text(type_: str, record: Mapping[str, Any]) -> tuple[Kind, str]:
    if type_ in _EVENTS:
        return Kind.SYSTEM, text_of(record.get("name"))
    if type_ not in ("messageCreate", "welcomeMessageCreate"):
        return Kind.OTHER, ""
    text, pictures = _written(record)
    if not text.strip() and (pictures or as_list(record.get("mediaUrls"))):
        return Kind.MEDIA, ""
    return Kind.TEXT, text


def _written(record: Mapping[str, Any]) -> tuple[str, bool]:
    """The text with links as typed, and whether there are pictures.

    X puts `https://t.co/…` in place of a link, and behind the text for a picture.
    """
    text, pictures = unescaped(text_of(record.get("text"))), False
    for link in map(as_dict, as_list(record.get("urls"))):
        short, whole = text_of(link.get("url")), text_of(link.get("expanded"))
        shown = text_of(link.get("display"))
        if not short or not (whole or shown):
            continue
        picture = bool(_PICTURE.match(shown) or _PICTURE.match(whole))
        pictures = pictures or picture
        text = text.replace(short, "" if picture else whole or shown, 1)
    return text.rstrip() if pictures else text, pictures

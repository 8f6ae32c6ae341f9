"""Reads Skype's export in two passes: names and edits, then messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.chronological import threads_oldest_first
from chatmimic.importers.parsing.dates.times import parse_iso, possible
from chatmimic.importers.parsing.json_stream.nested import NestedJson
from chatmimic.importers.parsing.json_values import as_dict, as_list
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.parsing.owner import OWNER, note_owner
from chatmimic.importers.report import ImportReport
from chatmimic.importers.skype.markup import SkypeText, read_markup
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message, Reaction

_ARRAY, _INSIDE = "MessageList", frozenset({"conversations"})
_TEXTS = {"Text", "RichText", "RichText/Html"}
_MEDIA = (
    "RichText/Media_", "RichText/UriObject", "RichText/Location", "RichText/Contacts",
    "RichText/Files", "Poll", "PopCard",
)  # fmt: skip
_CALLS = ("Event/Call", "RichText/ScheduledCallInvite")
_SYSTEM = (
    "ThreadActivity/", "Event/", "Notice", "Control/", "InviteFreeRelationshipChanged",
    "TranslationSettings", "EndToEndEncryption/E2EE",
)  # fmt: skip
_BOT = "28:"  # begins the ids of bots
_EMOJI = {
    "like": "👍", "yes": "👍", "heart": "❤️", "laugh": "😂", "surprised": "😮", "sad": "😢",
    "cry": "😢", "angry": "😠",
}  # fmt: skip

Wording = tuple[int, str, int]  # conversation, sender, time of the first wording


def read_messages(member: Member, context: Context) -> Iterator[Message]:
    """Yield all messages of a file. Raises DamagedExport."""
    yield from threads_oldest_first(_read(member, context))


def _read(member: Member, context: Context) -> Iterator[Message]:
    known = _scan(member, context)
    allow = context.options.allow_truncated
    with context.open(member) as stream:
        items = NestedJson(stream, member.label, _ARRAY, _INSIDE, context.report, allow)
        talk: _Conversation | None = None
        begun: Mapping[str, Any] | None = None
        number = -1
        for item in items:
            if talk is None or begun is not items.beside:
                begun, number = items.beside, number + 1
                talk = _Conversation(number, known, member, context)
            message = talk.message(as_dict(item), items.record)
            if message is not None:
                yield message


@dataclass
class _Known:
    """What the first pass found."""

    owner: str = ""  # the account whose export it is
    names: dict[str, str] = field(default_factory=dict)  # account → the newest name, met first
    conversations: list[Mapping[str, Any]] = field(default_factory=list)  # what is said of each
    last: dict[Wording, tuple[int, str]] = field(default_factory=dict)  # the wording that stands


def _scan(member: Member, context: Context) -> _Known:
    known, aside = _Known(), ImportReport()
    with context.ahead(member) as stream:
        items = NestedJson(stream, member.label, _ARRAY, _INSIDE, aside, True)
        for item in items:
            if not known.conversations or known.conversations[-1] is not items.beside:
                known.conversations.append(items.beside)
            record = as_dict(item)
            _learn_name(known, _account(record.get("from")), record.get("displayName"))
            _learn_edit(known, record)
        for talk in known.conversations:
            _learn_name(known, text_of(talk.get("id")), talk.get("displayName"))
        known.owner = _account(items.top.get("userId"))
    return known


def _learn_name(known: _Known, account: str, name: Any) -> None:
    shown = text_of(name).strip()
    if account and shown and shown != account:
        known.names.setdefault(account, shown)


def _learn_edit(known: _Known, record: Mapping[str, Any]) -> None:
    content = text_of(record.get("content"))
    written = read_markup(content) if "<e_m" in content else None
    if written is not None and written.edits:
        wording = len(known.conversations) - 1, _account(record.get("from")), written.edits
        place = _place(record)
        known.last[wording] = max(known.last.get(wording, place), place)


class _Conversation:
    """A conversation, and how its records are read."""

    def __init__(self, number: int, known: _Known, member: Member, context: Context) -> None:
        beside = known.conversations[number] if number < len(known.conversations) else {}
        self._number = number
        self._known = known
        self._file = member.name
        self._report = context.report
        self._thread = text_of(beside.get("id")) or member.base
        topic = as_dict(beside.get("threadProperties")).get("topic")
        self._title = (
            text_of(beside.get("displayName")).strip()
            or text_of(topic).strip()
            or known.names.get(self._thread, self._thread)
        )

    def message(self, record: Mapping[str, Any], number: int) -> Message | None:
        """Convert a record; None (and counted) for a version that was edited later."""
        account, source = _account(record.get("from")), f"{self._file}:{number}"
        content = text_of(record.get("content"))
        written = read_markup(content)
        kind, text = _kind_and_text(record, content, written)
        if kind in (Kind.TEXT, Kind.DELETED) and self._is_old(record, account, written):
            self._report.leave_out("duplicate", source)
            return None
        at = _milliseconds(record)
        speaks = kind is not Kind.SYSTEM
        return Message(
            self._name(account) if speaks else "",
            text,
            possible(min(at, written.edits or at) or None, self._report),
            kind,
            "skype",
            self._thread,
            self._title,
            account if speaks else "",
            text_of(record.get("id")),
            written.answers if kind.has_words else "",
            tuple(self._reactions(record)),
            account.startswith(_BOT),
            source,
        )

    def _name(self, account: str) -> str:
        name = self._known.names.get(account, "")
        if not name and account and account == self._known.owner:
            note_owner(self._report)
            return OWNER
        if account and account == self._known.owner:
            self._report.owner = name
        return name or account

    def _is_old(self, record: Mapping[str, Any], account: str, written: SkypeText) -> bool:
        """Whether a later record has another version of the same message."""
        first = written.edits or _milliseconds(record)
        last = self._known.last.get((self._number, account, first))
        return last is not None and last != _place(record)

    def _reactions(self, record: Mapping[str, Any]) -> Iterator[Reaction]:
        given = as_list(as_dict(record.get("properties")).get("emotions"))
        for one in map(as_dict, given):
            key = text_of(one.get("key"))
            for who in map(as_dict, as_list(one.get("users"))):
                account = _account(who.get("mri"))
                if key and account:
                    yield Reaction(_EMOJI.get(key, key), self._name(account))


def _account(value: Any) -> str:
    """The account, e.g. "8:live:ada", also at the end of an address."""
    return text_of(value).strip().rpartition("/")[2]


def _milliseconds(record: Mapping[str, Any]) -> int:
    """The time of arrival in UTC, or that in the id; 0 if there is none."""
    moment = parse_iso(text_of(record.get("originalarrivaltime")))
    if moment is not None:
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    id_ = text_of(record.get("id"))
    return int(id_) if id_.isascii() and id_.isdigit() and len(id_) == 13 else 0


def _place(record: Mapping[str, Any]) -> tuple[int, str]:
    """The sort key of versions of a message."""
    return _milliseconds(record), text_of(record.get("id"))


def _kind_and_text(record: Mapping[str, Any], content: str, written: SkypeText) -> tuple[Kind, str]:
    type_ = text_of(record.get("messagetype"))
    if type_ in _TEXTS:
        if content.lstrip().startswith("<URIObject"):
            return Kind.MEDIA, ""
        if written.text.strip():
            return Kind.TEXT, written.text
        gone = written.edited or "deletetime" in as_dict(record.get("properties"))
        if gone:
            return Kind.DELETED, ""
        return (Kind.FORWARDED if written.quoted else Kind.TEXT), ""
    if type_.startswith(_MEDIA):
        return Kind.MEDIA, ""
    if type_.startswith(_CALLS):
        return Kind.CALL, ""
    return (Kind.SYSTEM if type_.startswith(_SYSTEM) else Kind.OTHER), written.text

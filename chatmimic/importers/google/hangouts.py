"""Reads Hangouts from Takeout (until 2022): all conversations in one `Hangouts.json`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.times import possible
from chatmimic.importers.parsing.json_stream.nested import NestedJson
from chatmimic.importers.parsing.json_values import as_dict, as_list
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

# Since 2018 "conversations" with "events"; before, "conversation_state" with "event".
_HANGOUTS = re.compile(r'(?<!\\)"(conversations|conversation_state)"\s*:\s*\[')
_OWN = re.compile(r'(?<!\\)"(?:participant_data|self_conversation_state|sender_id|event_type)"\s*:')
_INSIDE = frozenset({"conversations", "conversation_state"})
_SPOKEN = {"REGULAR_CHAT_MESSAGE", "SMS", "MMS"}
_CALLS = {"HANGOUT_EVENT", "PHONE_CALL", "VOICEMAIL"}
_EVENTS = {
    "ADD_USER", "REMOVE_USER", "RENAME_CONVERSATION", "OTR_MODIFICATION", "OBSERVED_EVENT",
    "GROUP_LINK_SHARING_MODIFICATION",
}  # fmt: skip
_ME_MESSAGE = 4  # the annotation of "/me waves"


def is_hangouts(text: str) -> bool:
    """Whether a JSON file begins like Hangouts.json."""
    return bool(_HANGOUTS.search(text[:2000]) and _OWN.search(text))


def read_hangouts(members: Sequence[Member], context: Context) -> Iterator[Message]:
    """Yield all events of all conversations."""
    nameless: set[str] = set()
    for member in members:
        names = _names(member, context)
        with context.open(member) as stream:
            items = _items(stream, member, context, context.report)
            talk: _Conversation | None = None
            for item in items:
                if talk is None or talk.beside is not items.beside:
                    talk = _Conversation(items.beside, names, member, context.report)
                message = talk.message(as_dict(item), items.record)
                if message.sender and message.sender_key not in names:
                    nameless.add(message.sender)
                yield message
    if nameless:
        one = len(nameless) == 1
        who = "1 person has" if one else f"{len(nameless):,} people have"
        context.report.note(
            f"{who} no name in the export and {'is' if one else 'are'} called by a number "
            f'({min(nameless)}); "chatmimic people merge" gives a number a name.'
        )


def _items(stream: Any, member: Member, context: Context, report: ImportReport) -> NestedJson:
    found = _HANGOUTS.search(context.source.head(member).decode("utf-8", "replace"))
    array = "event" if found is not None and found[1] == "conversation_state" else "events"
    allow = context.options.allow_truncated
    return NestedJson(stream, member.label, array, _INSIDE, report, allow)


def _names(member: Member, context: Context) -> dict[str, str]:
    """The names by account, from the whole file: a conversation lacks those who left."""
    names: dict[str, str] = {}
    report = ImportReport()
    with context.ahead(member) as stream:
        items = _items(stream, member, context, report)
        beside: Mapping[str, Any] | None = None
        for _ in items:
            if items.beside is not beside:
                beside = items.beside
                names |= {key: name for key, name in _people(beside) if name}
    return names


def _about(beside: Mapping[str, Any]) -> Mapping[str, Any]:
    """The conversation object, which newer files wrap once more."""
    outer = as_dict(beside.get("conversation"))
    return as_dict(outer.get("conversation")) or outer


def _people(beside: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in as_list(_about(beside).get("participant_data")):
        person = as_dict(one)
        key = _key(person.get("id"))
        if key:
            yield key, text_of(person.get("fallback_name")).strip()


def _key(given: Any) -> str:
    """The id of an account."""
    ids = as_dict(given)
    return text_of(ids.get("gaia_id")) or text_of(ids.get("chat_id"))


class _Conversation:
    """A conversation: its participants, and how its events are read."""

    def __init__(
        self,
        beside: Mapping[str, Any],
        names: Mapping[str, str],
        member: Member,
        report: ImportReport,
    ) -> None:
        self.beside = beside
        self._names = names
        self._file = member.name
        self._report = report
        about, outer = _about(beside), as_dict(beside.get("conversation"))
        ids = (outer.get("conversation_id"), beside.get("conversation_id"), about.get("id"))
        self._id = next(filter(None, (text_of(as_dict(one).get("id")) for one in ids)), "")
        self._title = text_of(about.get("name")).strip() or self._others(about)

    def _others(self, about: Mapping[str, Any]) -> str:
        """Everybody but the owner, for a title."""
        state = as_dict(as_dict(about.get("self_conversation_state")).get("self_read_state"))
        owner = _key(state.get("participant_id"))
        keys = [key for key, _ in _people(self.beside)]
        others = [key for key in keys if key != owner] or keys
        return ", ".join(self._names.get(key, key) for key in others)

    def message(self, event: Mapping[str, Any], number: int) -> Message:
        """Convert an event; one of an unknown type is Kind.OTHER."""
        key = _key(event.get("sender_id"))
        thread = self._id or text_of(as_dict(event.get("conversation_id")).get("id")) or self._file
        text, kind = _content(event)
        return Message(
            self._names.get(key, key),
            text,
            self._time(event.get("timestamp")),
            kind,
            "hangouts",
            thread,
            self._title or thread,
            key,
            text_of(event.get("event_id")),
            source=f"{self._file}:{number}",
        )

    def _time(self, value: Any) -> int | None:
        stamp = text_of(value)  # microseconds
        found = re.fullmatch(r"\d{1,20}", stamp)
        return possible(int(stamp) // 1000 if found else None, self._report)


def _content(event: Mapping[str, Any]) -> tuple[str, Kind]:
    type_ = text_of(event.get("event_type"))
    if type_ in _CALLS:
        return "", Kind.CALL
    if type_ in _EVENTS:
        renamed = as_dict(event.get("conversation_rename")).get("new_name")
        return text_of(renamed) or type_.replace("_", " ").lower(), Kind.SYSTEM
    chat = as_dict(event.get("chat_message"))
    content = as_dict(chat.get("message_content"))
    text = "".join(map(_segment, as_list(content.get("segment"))))
    if not event or (type_ not in _SPOKEN and not (chat and not type_)):
        return text, Kind.OTHER
    if not text.strip() and content.get("attachment"):
        return "", Kind.MEDIA
    marks = (as_dict(one).get("type") for one in as_list(chat.get("annotation")))
    return text, Kind.ACTION if _ME_MESSAGE in marks else Kind.TEXT


def _segment(given: Any) -> str:
    """The text of a segment: words, a link, or a line break."""
    segment = as_dict(given)
    text = text_of(segment.get("text"))
    return text or "\n" if segment.get("type") == "LINE_BREAK" else text

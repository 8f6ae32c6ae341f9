"""Reads Google Chat from Takeout: `Groups/<DM or Space>/messages.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.localized_times import WrittenTimes
from chatmimic.importers.parsing.dates.times import possible
from chatmimic.importers.parsing.json_stream.stream import JsonStream
from chatmimic.importers.parsing.json_values import as_dict, as_list
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message, Reaction

_MESSAGES = re.compile(r'\s*\{\s*"messages"\s*:\s*\[')
_RECORD = re.compile(r'(?<!\\)"(?:topic_id|created_date)"\s*:')
_ABOUT = re.compile(r'\s*\{\s*"(?:name|members|user|membership_info)"\s*:')
_WHO = re.compile(r'(?<!\\)"(?:user_type|membership_info)"\s*:')
_LARGEST = 4 << 20  # bytes of a file that says who is who


def is_chat(text: str) -> bool:
    """Whether a JSON file begins like a conversation of Google Chat."""
    return bool(_MESSAGES.match(text) and '"creator"' in text and _RECORD.search(text))


def is_about(text: str) -> bool:
    """Whether a JSON file is a list of a group's members or an account's groups."""
    return bool(_ABOUT.match(text) and _WHO.search(text)) and '"sender_name"' not in text


@dataclass
class _People:
    """Names and titles, from the files beside the conversations."""

    owner: str = ""  # the account's own address
    titles: dict[str, str] = field(default_factory=dict)  # folder → name of the group
    members: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)  # folder → people
    names: dict[str, str] = field(default_factory=dict)  # address → name

    def title(self, folder: str) -> str:
        """The title of the conversation in a folder; "" if unknown."""
        people = self.members.get(folder, [])
        others = [one for one in people if text_of(one.get("email")) != self.owner] or people
        return self.titles.get(folder) or ", ".join(filter(None, map(_name, others)))


def _name(person: Mapping[str, Any]) -> str:
    return text_of(person.get("name")).strip() or text_of(person.get("email"))


def read_chat(
    members: Sequence[Member], about: Sequence[Member], context: Context
) -> Iterator[Message]:
    """Yield all messages; `about` are the files with names and members."""
    people = _people(about, context)
    for member in members:
        group = _Group(member, people, context)
        with context.open(member) as stream:
            allow = context.options.allow_truncated
            items = JsonStream(stream, member.label, "messages", context.report, allow)
            for item in items:
                yield group.message(as_dict(item), items.record)


def _people(about: Sequence[Member], context: Context) -> _People:
    people = _People()
    for member in about:
        with context.open(member) as stream:
            data = stream.read(_LARGEST)
            while stream.read(1 << 20):
                data = b""  # no such file is that large: it is another
        try:
            found = as_dict(json.loads(data))
        except (ValueError, RecursionError):
            context.report.note(f"{member.label} cannot be read; names may be missing.")
            continue
        _learn(people, found, str(PurePosixPath(member.name).parent))
    return people


def _learn(people: _People, found: Mapping[str, Any], folder: str) -> None:
    some = [as_dict(one) for one in as_list(found.get("members"))]
    owner = as_dict(found.get("user"))
    people.owner = people.owner or text_of(owner.get("email"))
    if "user" not in found:
        people.titles[folder] = text_of(found.get("name")).strip()
        people.members[folder] = some
    people.names |= {text_of(one.get("email")): _name(one) for one in (*some, owner)}


class _Group:
    """A conversation, and how its messages are read."""

    def __init__(self, member: Member, people: _People, context: Context) -> None:
        self._file = member.name
        self._folder = PurePosixPath(member.name).parent
        # "DM k6oxHQAAAAE" holds the messages k6oxHQAAAAE/…
        self._key = PurePosixPath(member.where).parent.name.rpartition(" ")[2]
        self._people = people
        self._title = people.title(str(self._folder))
        self._report = context.report
        self._times = WrittenTimes(context)

    def message(self, record: Mapping[str, Any], number: int) -> Message:
        """Convert a record; without a creator or of an unknown format, it is Kind.OTHER."""
        creator = as_dict(record.get("creator"))
        key, sender = text_of(creator.get("email")), _name(creator)
        ids = text_of(record.get("message_id")).split("/")
        thread = ids[0] if len(ids) == 3 else self._key
        kind = _kind(record)
        text = text_of(record.get("text"))
        return Message(
            sender,
            text,
            self._time(record),
            kind,
            "google-chat",
            thread,
            self._title or PurePosixPath(self._folder).name or thread,
            key or sender,
            "/".join(ids),
            _answered(record, ids) if kind.has_words else "",
            tuple(self._reactions(record.get("reactions"))),
            text_of(creator.get("user_type")).lower() == "bot",
            f"{self._file}:{number}",
        )

    def _time(self, record: Mapping[str, Any]) -> int | None:
        written = text_of(record.get("created_date")) or text_of(record.get("updated_date"))
        return self._times.of(written) if written else possible(None, self._report)

    def _reactions(self, given: Any) -> Iterator[Reaction]:
        for one in map(as_dict, as_list(given)):
            emoji = text_of(as_dict(one.get("emoji")).get("unicode"))
            for address in map(text_of, as_list(one.get("reactor_emails"))):
                if emoji and address:
                    yield Reaction(emoji, self._people.names.get(address, address))


def _kind(record: Mapping[str, Any]) -> Kind:
    if not {"creator", "message_id", "created_date", "updated_date"} & record.keys():
        return Kind.OTHER
    if record.get("message_state") == "DELETED" or "deletion_metadata" in record:
        return Kind.DELETED
    if text_of(record.get("text")).strip():
        return Kind.TEXT
    notes = [key for one in as_list(record.get("annotations")) for key in as_dict(one)]
    if "video_call_metadata" in notes:
        return Kind.CALL
    return Kind.MEDIA if notes or record.get("attached_files") else Kind.TEXT


def _answered(record: Mapping[str, Any], ids: Sequence[str]) -> str:
    """The quoted message, or else the first of the topic."""
    quoted = text_of(as_dict(record.get("quoted_message_metadata")).get("message_id"))
    if quoted or len(ids) != 3 or ids[1] == ids[2]:
        return quoted
    return f"{ids[0]}/{ids[1]}/{ids[1]}"

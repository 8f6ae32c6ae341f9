"""Discord History Tracker's JSON: many channels in one file, as objects by id."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chatmimic.importers.base import Context
from chatmimic.importers.discord.authors import sender_key
from chatmimic.importers.discord.channels import Channel, titled
from chatmimic.importers.discord.dedup import Authored
from chatmimic.importers.discord.mentions import readable
from chatmimic.importers.parsing.dates.times import as_milliseconds
from chatmimic.importers.parsing.json_stream.stream import JsonStream
from chatmimic.importers.parsing.json_values import as_dict, as_list
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_TOP = re.compile(r'\{\s*"meta"\s*:\s*\{\s*"(?:users|userindex|servers|channels)"\s*:')
_USERS = re.compile(r'(?<!\\)"users"\s*:')
_DATA = "data"


def is_tracker(text: str) -> bool:
    """Whether a file begins like the tracker's: an object `meta` with its lists."""
    return bool(_TOP.match(text) and _USERS.search(text))


def read_tracker(member: Member, context: Context) -> Iterator[Authored]:
    """Yield all messages of a file. Raises DamagedExport if it is truncated."""
    with context.open(member) as stream:
        allow = context.options.allow_truncated
        items = _Channels(stream, member.label, _DATA, context.report, allow)
        book: _Index | None = None
        for channel, id_, record in items:
            book = book or _Index(as_dict(items.beside.get("meta")), member, context)
            yield book.message(channel, id_, as_dict(record), items.record)


class _Channels(JsonStream):
    """Streams the messages of `data`, an object of objects for each channel."""

    def _members(self, array: str) -> Iterator[Any]:
        for name in self._names():
            if name == array and self._peek() == "{":
                for channel in self._names():
                    yield from self._messages(channel)
            else:
                self.beside[name] = self._value()

    def _messages(self, channel: str) -> Iterator[tuple[str, str, Any]]:
        if self._peek() != "{":
            self._value()
            return
        for id_ in self._names():
            value = self._value()
            self.record += 1
            yield channel, id_, value

    def _names(self) -> Iterator[str]:
        """The names of an object's members; the caller reads each value before the next name."""
        self._at += 1
        if self._peek() == "}":
            self._at += 1
            return
        while True:
            yield self._name()
            if self._next() == "}":
                return


class _Index:
    """The people and channels of `meta`."""

    def __init__(self, meta: Mapping[str, Any], member: Member, context: Context) -> None:
        self._users = as_dict(meta.get("users"))
        self._index = as_list(meta.get("userindex"))
        self._servers = as_list(meta.get("servers"))
        self._channels = as_dict(meta.get("channels"))
        self._file = member.name
        self._report = context.report
        self._people = {key: text_of(as_dict(u).get("name")) for key, u in self._users.items()}

    def message(self, channel: str, id_: str, record: Mapping[str, Any], number: int) -> Authored:
        """Convert a record: `u` sender, `t` time, `m` text, `a` and `e` attachments, `r` reply."""
        user, name = self._user(record.get("u"))
        place = self._channel(channel)
        words = readable(text_of(record.get("m")), self._people, self._report)
        attached = bool(record.get("a") or record.get("e"))
        kind = Kind.MEDIA if attached and not words.strip() else Kind.TEXT
        message = Message(
            name,
            words,
            as_milliseconds(record.get("t"), self._report),
            kind if name and record else Kind.OTHER,
            "discord",
            place.key,
            place.title,
            sender_key(user, name, place.key),
            id_,
            text_of(record.get("r")) if kind.has_words else "",
            source=f"{self._file}:{number}",
        )
        return message, name

    def _user(self, place: Any) -> tuple[str, str]:
        """The id and the name at an index in the list of people."""
        if isinstance(place, bool) or not isinstance(place, int):
            return "", ""
        if not 0 <= place < len(self._index):
            return "", ""
        key = text_of(self._index[place])
        return key, self._people.get(key, "")

    def _channel(self, key: str) -> Channel:
        about = as_dict(self._channels.get(key))
        place = about.get("server")
        known = isinstance(place, int) and 0 <= place < len(self._servers)
        server = as_dict(self._servers[int(place or 0)]) if known else {}
        return Channel(key, titled(text_of(server.get("name")), text_of(about.get("name"))) or key)

"""Discord's data package: only the messages of its owner, by channel."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import PurePosixPath
from typing import Any

from chatmimic.errors import DamagedExport
from chatmimic.importers.base import Context
from chatmimic.importers.discord.authors import account
from chatmimic.importers.discord.channels import Channel, titled
from chatmimic.importers.discord.dedup import Authored
from chatmimic.importers.discord.mentions import readable
from chatmimic.importers.parsing.dates.times import LocalClock, parse_iso, possible
from chatmimic.importers.parsing.json_stream.stream import JsonStream
from chatmimic.importers.parsing.json_values import as_dict, as_list
from chatmimic.importers.parsing.json_values import text as text_of
from chatmimic.importers.parsing.tables import Shape, separated_rows
from chatmimic.importers.parsing.text_lines import decoded_head
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_COLUMNS = ["ID", "Timestamp", "Contents", "Attachments"]
_CHANNEL, _INDEX, _USER = "channel.json", "index.json", "user.json"
_LISTS = (_CHANNEL, _INDEX, _USER)
_FOLDER = re.compile(r"c?(\d{16,32})")
_ID = re.compile(r'"id"\s*:\s*"?\d{16,32}"?')
_TYPE = re.compile(r'"type"\s*:')
_NAME = re.compile(r'"username"\s*:')
_ENTRY = re.compile(r'\{\s*"\d{16,32}"\s*:\s*(?:"|null)')
_RECORD = re.compile(r'\[\s*\{\s*"ID"\s*:\s*"?\d{1,32}"?\s*,\s*"Timestamp"\s*:')
_NOBODY = "Me"  # where the package does not hold its owner's account
_DIRECT = "Direct Message with "
_NO_ARRAY = ""  # every member is read whole
_USED = ("name", "guild", "recipients")  # of what stands in channel.json
_OWN_ONLY = "A Discord data package has only its owner's messages, not those they reply to."


def is_part(name: str, text: str) -> bool:
    """Whether a file is a part of a package that is read."""
    path = PurePosixPath(name)
    text = text.lstrip("\ufeff \r\n\t")
    if path.name == _CHANNEL:
        return text[:1] == "{" and bool(_ID.search(text) and _TYPE.search(text))
    if path.name == _USER:
        return text[:1] == "{" and bool(_ID.search(text) and _NAME.search(text))
    if path.name == _INDEX:
        return bool(_ENTRY.match(text))
    if text[:1] == "[":
        empty = text.replace(" ", "").rstrip() == "[]" and _FOLDER.fullmatch(path.parent.name)
        return bool(_RECORD.match(text) or (empty and path.name == "messages.json"))
    return text.partition("\n")[0].replace('"', "").strip().split(",") == _COLUMNS


def read_package(members: Sequence[Member], context: Context) -> Iterator[Authored]:
    """Yield all messages of packages. Raises DamagedExport for a truncated file."""
    packages: dict[str, _Package] = defaultdict(_Package)
    for member in members:
        if member.base in _LISTS:
            packages[_root(member)].learn(member, context)
    for member in members:
        if member.base not in _LISTS:
            package = packages[_root(member)]
            package.tell(context)
            yield from _File(member, package, context).messages()


def _root(member: Member) -> str:
    """The folder of a package; the folders in it are named in the owner's language."""
    above = PurePosixPath(member.name).parents
    up = 1 if member.base in (_INDEX, _USER) else 2
    return str(above[min(up, len(above) - 1)])


def _beside(member: Member, context: Context) -> Mapping[str, Any]:
    """The members of a JSON object; of a damaged one, those before the damage."""
    with context.open(member) as stream:
        items = JsonStream(stream, member.label, _NO_ARRAY, context.report)
        try:
            for _ in items:
                pass
        except DamagedExport as damage:
            context.report.note(f"{damage.what} This file only has names of people and channels.")
        return items.beside


@dataclass
class _Package:
    """The owner and the channels of a package."""

    owner: str = ""  # id
    name: str = ""
    account: str = ""
    index: dict[str, str] = field(default_factory=dict)  # channel → "general in Server"
    names: dict[str, str] = field(default_factory=dict)  # channel → "general"
    channels: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def learn(self, member: Member, context: Context) -> None:
        """Read one of the lists."""
        found = _beside(member, context)
        if member.base == _CHANNEL:
            self.channels[text_of(found.get("id"))] = {name: found.get(name) for name in _USED}
        elif member.base == _INDEX:
            self.index = {key: text_of(value) for key, value in found.items()}
            self.names = {
                key: channel_title.rpartition(" in ")[0]
                for key, channel_title in self.index.items()
            }
        else:
            self.owner = text_of(found.get("id"))
            self.account = text_of(found.get("username"))
            self.name = text_of(found.get("global_name")) or self.account

    def tell(self, context: Context) -> None:
        """Note what such a package cannot be used for."""
        context.report.note(_OWN_ONLY)
        context.report.owner = self.name or _NOBODY
        if not self.name:
            context.report.note(
                f'The owner of the package is unknown (account/user.json): "{_NOBODY}" wrote '
                "everything in it."
            )

    def channel(self, key: str) -> Channel:
        """A channel by its id."""
        about = self.channels.get(key, {})
        guild = text_of(as_dict(about.get("guild")).get("name"))
        title = titled(guild, text_of(about.get("name"))) or self.index.get(key, "")
        return Channel(key, title or key)

    def people(self, key: str) -> dict[str, str]:
        """Names by id, as far as known: the owner's, and those in the channel's title."""
        others = [text_of(one) for one in as_list(self.channels.get(key, {}).get("recipients"))]
        others = [other for other in others if other != self.owner]
        names = {self.owner: self.name}
        channel_title = self.index.get(key, "")
        if len(others) == 1 and channel_title.startswith(_DIRECT):
            names[others[0]] = account(channel_title.removeprefix(_DIRECT))
        return names


class _File:
    """The messages of one channel."""

    def __init__(self, member: Member, package: _Package, context: Context) -> None:
        folder = _FOLDER.fullmatch(PurePosixPath(member.where).parent.name)
        key = folder[1] if folder else PurePosixPath(member.where).parent.name
        self._member = member
        self._package = package
        self._context = context
        self._channel = package.channel(key)
        self._people = package.people(key)
        # Times without a zone are UTC here, whatever --tz says of other files.
        self._clock = LocalClock(None, context.report)

    def messages(self) -> Iterator[Authored]:
        """Yield all messages of the file."""
        for number, cells in self._rows():
            source = f"{self._member.name}:{number}"
            yield self._message(cells, source), self._package.account

    def _rows(self) -> Iterator[tuple[int, Sequence[str]]]:
        report, label = self._context.report, self._member.label
        with self._context.open(self._member) as stream:
            if self._is_table():
                rows = separated_rows(stream, label, Shape(",", True, _COLUMNS, []), report)
                next(rows, None)  # the header
                yield from rows
                return
            allow = self._context.options.allow_truncated
            items = JsonStream(stream, label, None, report, allow)
            for item in items:
                record = as_dict(item)
                yield items.record, [text_of(record[c]) for c in _COLUMNS if c in record]

    def _is_table(self) -> bool:
        text = decoded_head(self._context.source.head(self._member)) or ""
        return not text.lstrip("\ufeff \r\n\t").startswith("[")

    def _message(self, cells: Sequence[str], source: str) -> Message:
        if len(cells) != len(_COLUMNS):
            return self._made("", "", None, Kind.OTHER, source)
        id_, written, contents, attachments = cells
        text = readable(contents, self._people, self._context.report, self._package.names)
        kind = Kind.TEXT if text.strip() or not attachments.strip() else Kind.MEDIA
        return self._made(id_.strip(), text, self._time(written), kind, source)

    def _made(self, id_: str, text: str, at: int | None, kind: Kind, source: str) -> Message:
        package, channel = self._package, self._channel
        name = package.name or _NOBODY
        return Message(
            name, text, at, kind, "discord", channel.key, channel.title,
            package.owner or name, id_, source=source,
        )  # fmt: skip

    def _time(self, written: str) -> int | None:
        moment = parse_iso(written)
        if moment is None:
            return possible(None, self._context.report)
        return self._clock.utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC))

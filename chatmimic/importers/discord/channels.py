"""Identifies the channel of a file, by ids, headers, file name and folder."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import PurePosixPath

from chatmimic.importers.parsing.dates.times import date_in, without_date
from chatmimic.importers.streams import Member

# "Guild - Category - channel [845733281904558090] (after 2024-01-01) [part 2].csv"
_ID = re.compile(r" ?\[(\d{15,22})\]")
_BARE_ID = re.compile(r"\d{15,22}")
_AFTER_NAME = re.compile(
    r" ?\[(?:part \d{1,6}|\d{1,6}(?:-| of )\d{1,6})\]"
    r"| ?\((?:(?:after|before|between) [^()]{1,60}|\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d)\)"
)
_SUFFIXES = re.compile(
    r"(?:\.(?:csv|txt|text|log|md|markdown|mdown|rst|org|adoc|html?|json|gz|bz2|xz))+$",
    re.IGNORECASE,
)
_COPY = re.compile(r" ?\(\d{1,3}\)$")  # the second download of one file
_PAGE = re.compile(  # says nothing of the channel: "1", "page-3", "messages"
    r"(?:pages?|parts?|files?|chunks?|batch|exports?|messages?|chat|log|history|channel)?"
    r"[ _.#-]{0,3}\d{0,6}",
    re.IGNORECASE,
)
_PACKED = re.compile(r"\.(?:zip|tar|tgz|tbz2|txz)(?:\.(?:gz|bz2|xz))?$", re.IGNORECASE)

_MOST_DOUBTFUL = 8  # channels of one name that a file is compared with


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel: its Discord id, or what else identifies it."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Place:
    """What a file says about its channel; "" for what is unknown."""

    id: str = ""
    guild: str = ""
    category: str = ""  # "category / channel" of a thread
    name: str = ""
    folder: str = ""  # within the export, without dates

    @property
    def is_complete(self) -> bool:
        """Whether it identifies the channel without its folder."""
        return bool(self.guild and self.category and self.name)

    @property
    def channel(self) -> Channel:
        """The channel of a file that shares it with no other."""
        title = titled(self.guild or self.folder.rpartition("/")[2], self.name) or self.id
        named = " / ".join(part for part in (self.guild, self.category, self.name) if part)
        apart = "" if self.is_complete else self.folder
        return Channel(self.id or "/".join(part for part in (apart, named) if part), title)

    def fits(self, other: Place) -> bool:
        """Whether both may be the same channel: the same name, and nothing that contradicts."""
        return (
            self.name == other.name
            and (not self.id or not other.id or self.id == other.id)
            and (not self.guild or not other.guild or self.guild == other.guild)
            and _is_within(self.category, other.category)
        )

    def with_more(self, other: Place) -> Place:
        """The same, with what another file of the channel adds."""
        return Place(
            self.id or other.id,
            self.guild or other.guild,
            self.category or other.category,
            self.name,
            self.folder,
        )


def _is_within(one: str, other: str) -> bool:
    """Whether two categories may be the same; that of a thread may be shortened."""
    longer, shorter = f" / {one}", f" / {other}"
    return not one or not other or longer.endswith(shorter) or shorter.endswith(longer)


Settle = Callable[[Place], Channel]  # says which channel a file with that place is of


def place_of(member: Member) -> Place:
    """The place given by a file's name and folders."""
    stem = _COPY.sub("", _SUFFIXES.sub("", member.base))
    numbered = _ID.search(stem)
    id_ = numbered[1] if numbered else stem if _BARE_ID.fullmatch(stem) else ""
    named = "" if id_ == stem else _AFTER_NAME.sub("", _ID.sub("", stem)).strip()
    if _PAGE.fullmatch(named):
        return _by_folder(id_, named, member)
    return Place(id_, *_split(named), folder_of(member))


def place_in(member: Member, guild: str, category: str, name: str, id_: str = "") -> Place:
    """The place given in a file, or else by its name."""
    named = place_of(member)
    if not name:
        return replace(named, id=id_ or named.id, guild=guild or named.guild)
    return Place(id_ or named.id, guild, category, name, folder_of(member))


def place_headed(member: Member, guild: str, line: str) -> Place:
    """The place of a file whose header says "Category / channel"."""
    category, _, name = line.rpartition(" / ")
    return place_in(member, guild, category, name)


def _split(named: str) -> tuple[str, str, str]:
    """Split guild, category and channel; the name of a thread may contain a dash."""
    parts = named.split(" - ", 2)
    if len(parts) == 3:
        return parts[0], parts[1], parts[2]
    return (parts[0], "", parts[1]) if len(parts) == 2 else ("", "", named)


def _by_folder(id_: str, stem: str, member: Member) -> Place:
    """The place of a file that says nothing itself: that of its folder."""
    above, _, last = folder_of(member).rpartition("/")
    if not last and stem.isdecimal():
        last = _PACKED.sub("", PurePosixPath(member.where).parent.name)
    last = last or stem
    found = _ID.search(last)
    id_ = id_ or (found[1] if found else last if _BARE_ID.fullmatch(last) else "")
    named = _ID.sub("", last).strip()
    return Place(id_, *_split("" if named == id_ else named), above)


def folder_of(member: Member) -> str:
    """The folders of a file in the export, without those named after dates."""
    names = [_PACKED.sub("", name) for name in PurePosixPath(member.name).parts[:-1]]
    names = [name if date_in(name) is None else without_date(name) for name in names]
    return "/".join(name for name in names if name)


@dataclass
class ChannelIndex:
    """The channels so far; files of a channel complete each other's information."""

    _channels: dict[str, Channel] = field(default_factory=dict)  # by key
    _places: dict[str, Place] = field(default_factory=dict)  # by key: all that is known of it
    _like: dict[tuple[str, ...], dict[str, None]] = field(
        default_factory=lambda: defaultdict(dict)
    )  # keys of the channels that are looked up so
    _titles: dict[str, str] = field(default_factory=dict)  # → key

    def learn(self, place: Place, channel: Channel | None = None) -> Channel:
        """Add the channel of a file, with a title that distinguishes it from earlier ones."""
        key = (channel or place.channel).key
        if key not in self._channels:
            self._channels[key] = self._titled(place, channel or place.channel)
        self._places[key] = place.with_more(self._places.get(key, place))
        for kind in _kinds(place):
            self._like[kind][key] = None
        return self._channels[key]

    def channel_of(
        self, place: Place, shared: Callable[[Sequence[Channel]], Channel | None]
    ) -> Channel:
        """The channel of a file: by id, or the only known channel that fits its place.

        A place in another folder may be another channel of that name: `shared` says which of
        several channels the file has messages of.
        """
        if place.id:
            return self.learn(place)
        folder, whole, *others = _kinds(place)
        sure = self._fitting(place, folder) | self._fitting(place, whole)
        if len(sure) == 1:
            return self.learn(place, next(iter(sure.values())))
        doubtful: dict[str, Channel] = {}
        for kind in others if not sure else ():
            doubtful |= self._fitting(place, kind)
        return self.learn(place, shared(list(doubtful.values())) if doubtful else None)

    def _fitting(self, place: Place, kind: tuple[str, ...]) -> dict[str, Channel]:
        """The channels of that kind whose place fits, by key."""
        last = islice(reversed(self._like[kind]), _MOST_DOUBTFUL)
        return {key: self._channels[key] for key in last if place.fits(self._places[key])}

    def _titled(self, place: Place, channel: Channel) -> Channel:
        around = place.guild or place.folder.rpartition("/")[2]
        longer = " / ".join(part for part in (around, place.category, place.name) if part)
        for title in (channel.title, longer, channel.key):
            if title and self._titles.setdefault(title, channel.key) == channel.key:
                return replace(channel, title=title)
        return channel


def _kinds(place: Place) -> Iterator[tuple[str, ...]]:
    """The keys under which a channel is looked up; the first two are certain."""
    name = place.name
    yield "folder", name, place.folder
    yield "whole", name, *((place.guild, place.category) if place.is_complete else (place.folder,))
    yield "last", name, place.folder.rpartition("/")[2]
    yield "any", name


def titled(guild: str, name: str) -> str:
    """The title of a channel, for people."""
    return " / ".join(part for part in (guild, name) if part)


def pasted_channel(member: Member) -> Channel:
    """The title of a pasted text."""
    stem = _COPY.sub("", _SUFFIXES.sub("", member.base))
    folder, name = folder_of(member), without_date(stem) or stem or member.base
    return Channel("/".join(part for part in (folder, name) if part), name)

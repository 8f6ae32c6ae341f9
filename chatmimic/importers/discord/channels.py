"""Which channel a file holds: by what stands in it, or by its name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from chatmimic.importers.parsing.times import without_date

# "Guild - Category - channel [845733281904558090] (after 2024-01-01) [part 2].csv"
_ID = re.compile(r" ?\[(\d{15,22})\]")
_AFTER_NAME = re.compile(r" ?\[part \d{1,6}\]| ?\((?:after|before|between) [^()]{1,60}\)")
_SUFFIXES = re.compile(r"(?:\.(?:csv|txt|html?|json|gz|bz2|xz))+$", re.IGNORECASE)
_COPY = re.compile(r" ?\(\d{1,3}\)$")  # the second download of one file


@dataclass(frozen=True, slots=True)
class Channel:
    """Where messages were sent: Discord's id of it, or its title where no id is known."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class FileName:
    """What the name of an exported file says; "" for what it does not."""

    id: str
    guild: str
    channel: str
    stem: str  # the name without all that


def file_name(label: str) -> FileName:
    """Take the name of a file apart as DiscordChatExporter puts it together."""
    stem = _COPY.sub("", _SUFFIXES.sub("", label))
    numbered = _ID.search(stem)
    named = _AFTER_NAME.sub("", _ID.sub("", stem)).strip()
    parts = named.split(" - ")
    guild = parts[0] if len(parts) > 1 else ""
    # A category stands between the two; the name of a thread may hold the same dash.
    channel = " - ".join(parts[2:]) if len(parts) > 2 else parts[-1]
    return FileName(numbered[1] if numbered else "", guild, channel, named)


@dataclass
class ChannelBook:
    """The channels whose id is known by their titles: other files of them may lack it."""

    _ids: dict[str, str | None] = field(default_factory=dict)  # None: several have that title

    def learn(self, channel: Channel) -> None:
        """Keep a channel in mind whose file says its id."""
        known = self._ids.setdefault(channel.title, channel.key)
        if known != channel.key:
            self._ids[channel.title] = None

    def channel_of(self, label: str, guild: str = "", name: str = "") -> Channel:
        """The channel of a file, from what stands in it or else from its name."""
        said = file_name(label)
        guild, name = guild or said.guild, name or said.channel
        title = titled(guild, name) or said.stem or label
        return Channel(said.id or self._ids.get(title) or title, title)


def titled(guild: str, name: str) -> str:
    """What a person would call a channel."""
    return " / ".join(part for part in (guild, name) if part)


def pasted_title(label: str) -> str:
    """What a text that somebody pasted into a file is called."""
    stem = _COPY.sub("", _SUFFIXES.sub("", label))
    return without_date(stem) or stem or label

"""Finds the senders of a chat, from all its lines."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from chatmimic.importers.parsing.dates.date_order import date_of
from chatmimic.importers.parsing.dates.dated_lines import MARKS, SPACES, MessageStart
from chatmimic.importers.whatsapp.system_notices import (
    MAX_LENGTH,
    addresses_owner,
    begins_notice,
    is_notice,
    is_quoting,
    mentions,
    open_quote,
)
from chatmimic.importers.whatsapp.timestamps import Stamp

MOST_NAMES = 2000  # of one file that are remembered; groups have up to 1,024 members
LONGEST_NAME = 200
_SURE_OF_NAME = 3  # messages that all begin alike: "Dr: Who: hi"
_FEW = 20  # lines of one name that are looked at: a group that is told of has no more
_UNSPACED = re.compile(r"(?P<name>[^:]{1,60}):(?!//)(?=\S)")
_PROPER_WORDS = 4  # of a name that was seen once, before a colon without a space


class Names:
    """Collects senders: names may contain ": ", and so do system messages."""

    def __init__(self) -> None:
        self._first: Counter[str] = Counter()
        self._second: Counter[str] = Counter()
        self._unspaced: Counter[str] = Counter()  # "Bob:hi"
        self._quoting: Counter[str] = Counter()  # what opens a quotation that its text closes
        self._texts: dict[str, list[str]] = {}  # the texts of those who have few; [] of others

    def add(self, rest: str) -> None:
        """Add the rest of a line after its timestamp."""
        first, colon, text = rest.partition(": ")
        if not colon:
            found = _UNSPACED.match(rest)
            if found is not None:
                _count(self._unspaced, found["name"])
            return
        texts = self._texts.get(first)
        if texts == []:  # who talks, as nearly all do
            self._first[first] += 1
        elif len(first) > LONGEST_NAME:
            return
        else:
            self._add_names(first, text, texts)
        second, colon, _ = text[:LONGEST_NAME].partition(": ")
        if colon and second.strip():
            _count(self._second, f"{first}: {second}")

    def _add_names(self, first: str, text: str, texts: list[str] | None) -> None:
        if (texts is None or first in self._quoting) and open_quote(first, text):
            _count(self._quoting, first)
        _count(self._first, first)
        if texts is not None:
            self._texts[first] = [*texts, text[: MAX_LENGTH + 1]] if len(texts) < _FEW else []
        elif len(self._texts) < MOST_NAMES:
            self._texts[first] = [text[: MAX_LENGTH + 1]]

    def found(self, title: str = "") -> Speakers:
        """The senders, once all lines were added; `title` is the chat's."""
        people = frozenset(map(plain_name, self._first))
        notices = {
            name
            for name, times in self._first.items()
            if begins_notice(plain_name(name), times, people) or self._is_quoting(name, people)
        }
        names = frozenset(self._first) - notices
        long = {
            name
            for name, times in self._second.items()
            if times >= _SURE_OF_NAME and times == self._first[name.partition(": ")[0]]
        }
        unspaced = {
            name
            for name, times in self._unspaced.items()
            if (name in names or name == title or times > 1 or _is_proper(name))
            and not begins_notice(name, times, people)
        }
        groups = {name for name in names if self._is_group(name, title, names)}
        return Speakers(names, *map(frozenset, (long, notices, unspaced, groups)))

    def _is_quoting(self, name: str, people: frozenset[str]) -> bool:
        """Whether a "name" such as `Tove changed the group name to "Tea` is none."""
        times = self._first[name]
        if times != self._quoting[name] or not is_quoting(plain_name(name), people):
            return False
        return times < _SURE_OF_NAME or mentions(plain_name(name), people)

    def _is_group(self, name: str, title: str, names: frozenset[str]) -> bool:
        """Whether a name is that of the group: only WhatsApp uses it."""
        texts = self._texts.get(name)
        if not texts:
            return False
        to_all = any(map(addresses_owner, texts))
        if to_all and all(map(is_notice, texts)):
            return True
        others = frozenset(map(plain_name, names - {name}))
        if not (to_all or plain_name(name) == title) or len(others) < 2:
            return False
        return all(is_notice(text) or mentions(text, others) for text in texts)


def _count(counts: Counter[str], name: str) -> None:
    if name in counts or len(counts) < MOST_NAMES:
        counts[name] += 1


def _is_proper(name: str) -> bool:
    """Whether all words begin like those of a name."""
    words = name.split()
    upper = all(word[0].isupper() or word[0] in "+~" or word[0].isdecimal() for word in words)
    return upper and not name[-1].isdecimal() and 0 < len(words) <= _PROPER_WORDS


@dataclass(frozen=True, slots=True)
class Speakers:
    """The senders of one file."""

    names: frozenset[str]
    long: frozenset[str]  # those that hold ": "
    notices: frozenset[str] = frozenset()  # what begins WhatsApp's notices, up to ": "
    unspaced: frozenset[str] = frozenset()  # names that a colon without a space may follow
    groups: frozenset[str] = frozenset()  # names of groups, under which WhatsApp speaks

    def split(self, rest: str) -> tuple[str, str]:
        """Split sender and text; a system message has no sender."""
        first, colon, text = rest.partition(": ")
        if not colon:
            return self._without_space(rest)
        unknown = first not in self.names
        if len(first) > LONGEST_NAME or (unknown and self._is_notice(first)):
            return "", rest
        if first in self.groups:
            return "", text
        second, colon, after = text.partition(": ")
        if colon and f"{first}: {second}" in self.long:
            return f"{first}: {second}", after
        return first, text

    def _is_notice(self, first: str) -> bool:
        """Whether it is a system message, by its words: for chats with too many names."""
        return first in self.notices or begins_notice(first, MOST_NAMES, ())

    def _without_space(self, rest: str) -> tuple[str, str]:
        bare = rest.removesuffix(":")
        if bare != rest and (bare in self.names or bare in self.unspaced):
            return bare, ""
        found = _UNSPACED.match(rest)
        if found is not None and found["name"] in self.unspaced:
            return found["name"], rest[found.end() :]
        return "", rest


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """A name without direction marks and the "~" of people not in the contacts."""
    name = name.strip(MARKS + SPACES)
    if name[:1] == "~" and name[1:2] and name[1] in SPACES:
        return name[1:].strip(MARKS + SPACES)
    return name


def opening(stamp: Stamp, order: str, speakers: Speakers) -> MessageStart:
    """The first line of a message."""
    name, text = speakers.split(stamp.rest)
    return MessageStart(date_of(stamp.numbers, order), stamp.clock, name, text)

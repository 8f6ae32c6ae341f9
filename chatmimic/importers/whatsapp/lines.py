"""One line of a WhatsApp export: its date in any locale, and who speaks."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from chatmimic.importers.parsing.date_order import ORDERS, Numbers, date_of
from chatmimic.importers.parsing.dated_lines import (
    HALVES,
    MARKS,
    SPACES,
    Clock,
    Opening,
    clock_from,
    plain_half,
)

_M = f"[{MARKS}]"
_S = f"[{SPACES}]"
_WORD = r"[^\d\s\[\]:\-–,<>]"
# Every repetition has an end, so that no line takes longer than its length.
_STAMP = re.compile(
    rf"{_M}{{0,3}}(?P<bracket>\[)?{_M}{{0,3}}"
    rf"(?P<date>(\d{{4}}|\d{{1,2}}){_M}?(?P<joint>[/.-]){_S}?{_M}?(\d{{1,2}}){_M}?(?P=joint){_S}?{_M}?(\d{{4}}|\d{{2}}))"
    rf"{_M}?\.?[,،]?{_M}?{_S}{{1,2}}"
    rf"(?P<before>(?:[^\d\s\[\]<>]{{1,10}}{_S}?){{0,2}}){_M}?"
    rf"(?P<hour>\d{{1,2}})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d))?"
    rf"(?:{_S}{{0,2}}{_M}?(?P<after>{_WORD}{{1,10}}(?:{_S}{_WORD}{{1,3}})?))?{_M}?"
    rf"(?(bracket)\](?:{_S}|$)|(?P<joined>{_S}[-–](?:{_S}|$)|:{_S}|{_S}))"
)
_DIGITS = re.compile(r"(\d\d):(\d\d)(?::(\d\d))?", re.ASCII)
_REMEMBERED = 90_000  # dates, and times of day, which have 86,400 seconds
MOST_NAMES = 2000  # of one file that are remembered; groups have up to 1,024 members
LONGEST_NAME = 200
_SURE_OF_NAME = 3  # messages that all begin alike: "Dr: Who: hi"
# What WhatsApp writes of people may hold ": " in a quoted title; no name holds these words.
_NO_NAME = re.compile(
    r" (?:created (?:this )?group|changed (?:the subject|the group|this group|their phone number)"
    r"|joined using|security code)\b|^(?:Messages and calls|Messages to this|Your security code"
    r"|You're now an admin|This chat is with)\b"
)


class Stamp(NamedTuple):
    """What stands before the name."""

    numbers: Numbers
    written: str  # the date as it stands there
    style: str  # "[", "-", ":" or " ": what parts it from the name
    clock: Clock | None
    word: str  # after the time, in short: "pm", or something unknown
    halved: bool  # the clock has twelve hours
    rest: str  # of the line

    @property
    def look(self) -> str:
        """What stays the same throughout the exports of one device."""
        joint = next(sign for sign in self.written if sign in "/.-")
        years = [len(self.numbers[place]) == 4 for place in (0, 2)]
        return f"{self.style} {joint} {years} {self.halved}"


class Stamps:
    """Finds the stamps of chats. The pattern reads each date and each time of day once.

    Between the two ("[31.12.23" and "23:59:58") stands always the same in a file, and so behind
    the second.
    """

    def __init__(self) -> None:
        self._signs = ("", "")  # between and behind
        self._dates: dict[str, tuple[Numbers, str, str]] = {}  # the first three of a Stamp's own …
        self._times: dict[str, tuple[Clock | None, str, bool]] = {}  # … and the others

    def of(self, raw: str) -> Stamp | None:
        """The stamp of a line that begins a message; None for every other line."""
        between, behind = self._signs
        if between:
            date, _, after = raw.partition(between)
            day = self._dates.get(date)
            if day is not None:
                time, closed, rest = after.partition(behind)
                at = self._times.get(time) or self._plain(time)
                if at is not None and closed:
                    return _made(Stamp, (*day, *at, rest))
        found = _STAMP.match(raw)
        stamp = None if found is None else _read(found, raw)
        if found is not None and stamp is not None and stamp.style in "[-":
            self._learn(found, raw, stamp)
        return stamp

    def _plain(self, time: str) -> tuple[Clock | None, str, bool] | None:
        """A time of day in digits alone, as most are; None for others."""
        found = _DIGITS.fullmatch(time)
        if found is None:
            return None
        at = clock_from(*found.groups()), "", False
        self._remember(time, at)
        return at

    def _remember(self, time: str, at: tuple[Clock | None, str, bool]) -> None:
        if len(self._times) >= _REMEMBERED:
            self._times.clear()
        self._times[time] = at

    def _learn(self, found: re.Match[str], raw: str, stamp: Stamp) -> None:
        numbers, written, style, clock, word, halved, _ = stamp
        end = raw.rindex("]", 0, found.end()) if style == "[" else found.start("joined")
        date, between = raw[: found.end("date")], raw[found.end("date") : found.start("hour")]
        time, behind = raw[found.start("hour") : end], raw[end : found.end()]
        if found["before"] or between in date or behind in time or behind[-1] not in SPACES:
            return
        if (between, behind) != self._signs:  # another phone's
            self._dates.clear()
            self._times.clear()
            self._signs = between, behind
        if len(self._dates) >= _REMEMBERED:
            self._dates.clear()
        self._dates[date] = numbers, written, style
        self._remember(time, (clock, word, halved))


_made = tuple.__new__  # a third of what Stamp(…) takes


def stamped(raw: str) -> Stamp | None:
    """The stamp of a line that begins a message, of any file; None for every other line."""
    found = _STAMP.match(raw)
    return None if found is None else _read(found, raw)


def _read(found: re.Match[str], raw: str) -> Stamp | None:
    numbers = (found[3], found[5], found[6])
    if not any(date_of(numbers, order) for order in ORDERS):
        return None
    style = "[" if found["bracket"] else found["joined"].strip(SPACES) or " "
    style = "-" if style == "–" else style
    rest, word = raw[found.end() :], found["after"] or ""
    if style in ": " and word and plain_half(word) not in HALVES:
        style, rest, word = " ", raw[found.start("after") :], ""  # "10:05 Ada: hi"
    before = plain_half(found["before"])
    half = before if before in HALVES else plain_half(word)
    clock = clock_from(found["hour"], found["minute"], found["second"], half)
    return Stamp(numbers, found["date"], style, clock, plain_half(word), half in HALVES, rest)


class Names:
    """Who speaks in a file, from all its lines: a name may hold ": " itself, though few do."""

    def __init__(self) -> None:
        self._first: Counter[str] = Counter()
        self._second: Counter[str] = Counter()

    def saw(self, rest: str) -> None:
        """Take what stands after a stamp."""
        first, colon, text = rest.partition(": ")
        if not colon or len(first) > LONGEST_NAME:
            return
        _count(self._first, first)
        second, colon, _ = text[:LONGEST_NAME].partition(": ")
        if colon and second.strip():
            _count(self._second, f"{first}: {second}")

    def found(self) -> Speakers:
        """The names, once every line was seen."""
        long = {
            name
            for name, times in self._second.items()
            if times >= _SURE_OF_NAME and times == self._first[name.partition(": ")[0]]
        }
        return Speakers(frozenset(self._first), frozenset(long))


def _count(counts: Counter[str], name: str) -> None:
    if name in counts or len(counts) < MOST_NAMES:
        counts[name] += 1


@dataclass(frozen=True, slots=True)
class Speakers:
    """The names of one file."""

    names: frozenset[str]
    long: frozenset[str]  # those that hold ": "

    def parted(self, rest: str) -> tuple[str, str]:
        """The name as it stands and the text; no name for a sentence of WhatsApp's own."""
        first, colon, text = rest.partition(": ")
        if not colon:
            bare = rest.removesuffix(":")
            return (bare, "") if bare != rest and bare in self.names else ("", rest)
        if len(first) > LONGEST_NAME or _NO_NAME.search(first):
            return "", rest
        second, colon, after = text.partition(": ")
        if colon and f"{first}: {second}" in self.long:
            return f"{first}: {second}", after
        return first, text


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """A name without direction marks around it and the "~" of people not in the contacts."""
    name = name.strip(MARKS + SPACES)
    if name[:1] == "~" and name[1:2] and name[1] in SPACES:
        return name[1:].strip(MARKS + SPACES)
    return name


def opening(stamp: Stamp, order: str, speakers: Speakers) -> Opening:
    """The message that a line begins."""
    name, text = speakers.parted(stamp.rest)
    return Opening(date_of(stamp.numbers, order), stamp.clock, name, text)

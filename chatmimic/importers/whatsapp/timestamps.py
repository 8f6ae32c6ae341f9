"""Parses the timestamps of WhatsApp, in all locales."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from chatmimic.importers.parsing.dates.date_formats import DATE_FORMATS, SEPARATORS
from chatmimic.importers.parsing.dates.date_order import ORDERS, Numbers, date_of
from chatmimic.importers.parsing.dates.dated_lines import (
    DAY_PERIODS,
    MARKS,
    SPACES,
    Clock,
    clock_from,
    normalized_period,
)

_M = f"[{MARKS}]"
_S = f"[{SPACES}]"
_WORD = r"[^\d\s\[\]［］【】:;：\-–—,<>]"
_BEFORE = r"[^\d\s\[\]<>]{1,16}"
# Every repetition has an end, so that no line takes longer than its length. What follows the date
# without a space is no Latin letter: "2026/7/9下午3:04", but not the T of ISO dates.
_HEAD = rf"{_M}{{0,3}}(?P<bracket>[\[［【])?{_M}{{0,3}}"
_TAIL = (
    rf"{_M}?\.{{0,2}}[,،、]?{_M}?(?:{_S}{{1,2}}|(?=[(（]|[^\W\d_a-zA-Z]))"
    rf"(?P<before>(?:{_BEFORE}{_S}{{1,2}}){{0,2}}(?:{_BEFORE}{_S}{{0,2}})?){_M}?"
    r"(?P<hour>\d{1,2})"
    r"(?:[:.：](?P<minute>\d\d)(?:[:.：](?P<second>\d\d))?"
    rf"|{_S}?[h시时時点點]{_S}?(?P<unit_minute>\d{{1,2}})(?:{_S}?[분分])?"
    rf"(?:{_S}?(?P<unit_second>\d{{1,2}}){_S}?[초秒])?)"
    rf"(?:{_S}{{0,2}}{_M}?(?P<after>{_WORD}{{1,16}}(?:{_S}{_WORD}{{1,12}}){{0,2}}))?{_M}?"
    rf"(?(bracket)(?P<closed>[\]］】])(?:{_S}|$)?|(?P<joined>{_S}[-–—](?:{_S}|$)|[:;]{_S}|{_S}))"
)
# As WhatsApp's page in a browser copies messages: "[9:04 AM, 7/1/2026] Ada: hi".
BROWSER = ","
_COPIED_HEAD = (
    rf"{_HEAD}(?P<hour>\d{{1,2}}):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
    rf"(?:{_S}{{0,2}}{_M}?(?P<after>{_WORD}{{1,16}}(?:{_S}{_WORD}{{1,12}})?))?[,،、]{_S}{_M}?"
)
_COPIED = tuple(
    (
        re.compile(rf"{_COPIED_HEAD}(?P<date>{shape.pattern}){_M}?[\]］】]{_S}"),
        shape.numbers,
    )
    for shape in DATE_FORMATS
)
_STAMPS = tuple(
    (re.compile(f"{_HEAD}(?P<date>{shape.pattern}){_TAIL}"), shape.numbers)
    for shape in DATE_FORMATS
)
_WEEKDAY = re.compile(
    r"[(（][^()（）]{1,9}[)）]|[日月火水木金土]曜日|[일월화수목금토]요일|(?:星期|週|周)[一二三四五六日天]"
)
_OCLOCK = {"uhr", "uur", "h", "hrs", "hod", "ч", "час", "น"}
_DIGIT_SOON = re.compile(r"\D{0,24}\d")
_BRACKET_FIRST = re.compile(rf"{_M}{{0,3}}[\[［【]")
_DIGITS = re.compile(r"(\d\d):(\d\d)(?::(\d\d))?", re.ASCII)
_REMEMBERED = 90_000  # dates, and times of day, which have 86,400 seconds
_Time = tuple[Clock | None, str, bool, bool]  # of a Stamp: clock, word, twelve_hour, period_first


class Stamp(NamedTuple):
    """A parsed timestamp."""

    numbers: Numbers
    written: str  # the date as it stands there
    style: str  # "[", "-", ":" or " ": what parts it from the name; or `BROWSER`
    clock: Clock | None
    word: str  # beside the time, in short: "pm", or something unknown
    twelve_hour: bool  # the clock has twelve hours
    period_first: bool  # and which of its rounds it is in stands before it
    rest: str  # of the line

    @property
    def look(self) -> str:
        """The format, which is the same in all exports of a device."""
        joint = next((char for char in self.written if char in SEPARATORS), "")
        years = [len(self.numbers[place]) == 4 for place in (0, 2)]
        return f"{self.style} {joint} {years} {self.twelve_hour}"


class Stamps:
    """Parses timestamps, with a cache for dates and times of day.

    Between the two ("[31.12.23" and "23:59:58") stands always the same in a file, and so behind
    the second.
    """

    def __init__(self) -> None:
        self._signs = ("", "")  # between and behind
        self._within = 0  # how often the first stands in a date too: "2026. 7. 9. 오후"
        self._dates: dict[str, tuple[Numbers, str, str]] = {}  # the first three of a Stamp's own …
        self._times: dict[str, _Time] = {}  # … and the others

    def of(self, raw: str) -> Stamp | None:
        """The timestamp of the first line of a message; None for other lines."""
        between, behind = self._signs
        if between:
            date, _, after = raw.partition(between)
            if self._within:
                for _ in range(self._within):
                    more, _, after = after.partition(between)
                    date += between + more
            day = self._dates.get(date)
            if day is not None:
                time, closed, rest = after.partition(behind)
                at = self._times.get(time) or self._plain(time)
                if at is not None and closed:
                    return _made(Stamp, (*day, *at, rest))
        found, stamp = _found(raw)
        if found is not None and stamp is not None and stamp.style in "[-":
            self._learn(found, raw, stamp)
        return stamp

    def _plain(self, time: str) -> _Time | None:
        """Parse a time of day in digits only, the common case; None for others."""
        found = _DIGITS.fullmatch(time)
        if found is None:
            return None
        at = clock_from(*found.groups()), "", False, False
        self._remember(time, at)
        return at

    def _remember(self, time: str, at: _Time) -> None:
        if len(self._times) >= _REMEMBERED:
            self._times.clear()
        self._times[time] = at

    def _learn(self, found: re.Match[str], raw: str, stamp: Stamp) -> None:
        numbers, written, style = stamp[:3]
        end = found.start("closed" if style == "[" else "joined")
        date, between = raw[: found.end("date")], raw[found.end("date") : found.start("before")]
        time, behind = raw[found.start("before") : end], raw[end : found.end()]
        if not between or behind in time or behind[-1] not in SPACES:
            return
        within = date.count(between)
        if (between, behind, within) != (*self._signs, self._within):  # another phone's
            self._dates.clear()
            self._times.clear()
            self._signs, self._within = (between, behind), within
        if len(self._dates) >= _REMEMBERED:
            self._dates.clear()
        self._dates[date] = numbers, written, style
        self._remember(time, (stamp.clock, stamp.word, stamp.twelve_hour, stamp.period_first))


_made = tuple.__new__  # a third of what Stamp(…) takes


def stamped(raw: str) -> Stamp | None:
    """The timestamp of the first line of a message, in any format; None for other lines."""
    return _found(raw)[1]


def _found(raw: str) -> tuple[re.Match[str] | None, Stamp | None]:
    if _DIGIT_SOON.match(raw):
        for pattern, numbers_of in _STAMPS:
            found = pattern.match(raw)
            numbers = None if found is None else numbers_of(found)
            if found is not None and numbers and any(date_of(numbers, o) for o in ORDERS):
                return found, _read(found, raw, numbers)
        if _BRACKET_FIRST.match(raw):
            return None, _copied(raw)
    return None, None


def _copied(raw: str) -> Stamp | None:
    """The timestamp of a line copied from a browser."""
    for pattern, numbers_of in _COPIED:
        found = pattern.match(raw)
        numbers = None if found is None else numbers_of(found)
        if found is not None and numbers and any(date_of(numbers, order) for order in ORDERS):
            period = normalized_period(found["after"] or "")
            clock = clock_from(found["hour"], found["minute"], found["second"], period)
            rest, twelve_hour = raw[found.end() :], period in DAY_PERIODS
            return Stamp(numbers, found["date"], BROWSER, clock, period, twelve_hour, False, rest)
    return None


def _read(found: re.Match[str], raw: str, numbers: Numbers) -> Stamp:
    style = "[" if found["bracket"] else found["joined"].strip(SPACES) or " "
    style = "-" if style in "–—" else style
    rest, after = raw[found.end() :], normalized_period(found["after"] or "")
    if (
        after
        and after not in DAY_PERIODS
        and after not in _OCLOCK
        and (style in ":; " or _is_long(found["after"], style))
    ):
        words = raw[found.start("after") :]  # "10:05 Ada: hi", "10:05 PM Ada Lovelace: hi"
        period = _leading_period(words)
        style, rest, after = " ", words[len(period) :].lstrip(SPACES), normalized_period(period)
    before = _period_before(found["before"]) if found["before"] else ""
    period_first = before in DAY_PERIODS
    period = before if period_first else after
    clock = clock_from(
        found["hour"],
        found["minute"] or found["unit_minute"],
        found["second"] or found["unit_second"],
        period,
    )
    word = period or before
    return Stamp(
        numbers, found["date"], style, clock, word, period in DAY_PERIODS, period_first, rest
    )


@lru_cache(maxsize=1024)
def _period_before(words: str) -> str:
    """The day period at the end of the words before a time, or all of these."""
    plain = _WEEKDAY.sub("", words).split()
    ends = (normalized_period("".join(plain[-count:])) for count in (1, 2, 3))
    return next((end for end in ends if end in DAY_PERIODS), normalized_period("".join(plain)))


def _leading_period(words: str) -> str:
    """The day period before a name; "" if there is none."""
    parts = words.split(" ", 2)
    heads = (" ".join(parts[:count]) for count in (2, 1))
    return next((head for head in heads if normalized_period(head) in DAY_PERIODS), "")


def _is_long(words: str, style: str) -> bool:
    """Whether the words after a time are too long to be part of it: a name."""
    return style != "[" and len(words.split()) > 1 and len(words.split(None, 1)[1]) > 3

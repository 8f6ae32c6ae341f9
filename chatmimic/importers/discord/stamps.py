"""Dates as DiscordChatExporter writes them, in the manner of the computer that it ran on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache

from chatmimic.importers.parsing.date_order import DateSurvey, Numbers, date_of
from chatmimic.importers.parsing.dated_lines import HALVES, MARKS, Clock, clock_from, plain_half
from chatmimic.importers.parsing.months import month_named
from chatmimic.importers.parsing.times import IMPOSSIBLE, LocalClock, parse_iso
from chatmimic.importers.report import ImportReport

_LONGEST = 80  # characters; "Wednesday, 27 September 2023 12:33:44 PM" has 41
_PLAIN = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f", " ") | dict.fromkeys(MARKS))
_WORD = r"[^\W\d_][^\s\d\[\](),:/]{0,13}"
_HALF = rf"{_WORD}(?: [^\W\d_]\.?)?"
_CLOCK = (
    rf"(?:(?P<before>{_HALF}) ?)?(?P<hour>\d{{1,2}})(?:[:.]| ?h ?)(?P<minute>\d\d)"
    rf"(?:[:.](?P<second>\d\d)(?:\.\d{{1,7}})?)?(?: ?(?P<after>{_HALF}))?"
)
_END = r"(?:\.|日|일)?(?: ?[гр]\.)?,?"  # of a date
_NUMERIC = re.compile(
    r"(?P<a>\d{1,4})(?P<sep>\. ?|[/-]|年 ?|년 ?)(?P<b>\d{1,2})(?:\. ?|[/-]|月 ?|월 ?)(?P<c>\d{1,4})"
    rf"{_END} {_CLOCK}"
)
_MONTH = r"(?P<month>[^\W\d_][^\s\d,/\[\]-]{1,13})"
_JOINT = r"(?:[-. /,]{1,2}| de )"
_IN_WORDS = (
    re.compile(
        rf"(?P<day>\d{{1,2}}){_JOINT}{_MONTH}{_JOINT}(?P<year>\d{{2,4}}){_END}(?: at)? {_CLOCK}"
    ),
    re.compile(rf"{_MONTH} (?P<day>\d{{1,2}}),? (?P<year>\d{{4}}),?(?: at)? {_CLOCK}"),
    re.compile(rf"(?P<year>\d{{4}}){_JOINT}{_MONTH}{_JOINT}(?P<day>\d{{1,2}}){_END} {_CLOCK}"),
)
_WEEKDAY = re.compile(rf"{_WORD},? ")
_ZONES = {"GMT", "UTC", "Z"}
_SECONDS, _MILLISECONDS = 10, 13  # figures of a number since 1970


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time as it is written. Its day is known, or is one of three numbers' orders."""

    clock: Clock
    day: date | None
    numbers: Numbers
    written: str
    look: str  # what separates the numbers
    halved: bool  # the clock has twelve hours

    def moment(self, order: str) -> datetime | None:
        """The local time, its numbers read in this order; None where there is no such day."""
        day = self.day or date_of(self.numbers, order)
        return None if day is None else datetime.combine(day, time(*self.clock))


@lru_cache(maxsize=4096)
def stamp_of(text: str) -> Stamp | datetime | None:
    """A written time; ISO 8601 is exact by itself."""
    text = text.translate(_PLAIN).strip()
    if not 8 <= len(text) <= _LONGEST:
        return None
    exact = _since_1970(text) if text.isdecimal() else parse_iso(text)
    if exact is not None:
        return exact
    found = _NUMERIC.fullmatch(text)
    if found is not None:
        return _made(found, None, (found["a"], found["b"], found["c"]), found["sep"].strip())
    for written in (text, _WEEKDAY.sub("", text, count=1)):
        for form in _IN_WORDS:
            found = form.fullmatch(written)
            day = None if found is None else _day_in_words(found)
            if found is not None and day is not None:
                return _made(found, day, ("", "", ""), "")
    return None


def _since_1970(digits: str) -> datetime | None:
    """The exporter's formats "unix" and "unixms"."""
    if len(digits) not in (_SECONDS, _MILLISECONDS):
        return None
    return datetime.fromtimestamp(int(digits) / 10 ** (len(digits) - _SECONDS), UTC)


def _made(
    found: re.Match[str], day: date | None, numbers: Numbers, look: str
) -> Stamp | datetime | None:
    half = next((h for h in (found["before"], found["after"]) if plain_half(h or "") in HALVES), "")
    clock = clock_from(found["hour"], found["minute"], found["second"], half)
    if clock is None:
        return None
    if day is not None and found["after"] in _ZONES:
        return datetime.combine(day, time(*clock), UTC)
    return Stamp(clock, day, numbers, found.group(), look, bool(half))


def _day_in_words(found: re.Match[str]) -> date | None:
    month = month_named(found["month"])
    return None if month is None else date_of((found["year"], str(month), found["day"]), "ymd")


def surveyed(label: str, written: Iterable[str]) -> DateSurvey:
    """What all the dates of a file show of their order."""
    survey = DateSurvey(label)
    for text in written:
        stamp = stamp_of(text)
        if isinstance(stamp, Stamp) and stamp.day is None:
            survey.saw(stamp.numbers, stamp.written, stamp.look, halved=stamp.halved)
    return survey


class WrittenTimes:
    """The written times of one file as UTC milliseconds, in the order of the file."""

    def __init__(self, order: str, tz: str | None, report: ImportReport) -> None:
        self._order = order
        self._report = report
        self._clock = LocalClock(tz, report)

    def of(self, written: str) -> int | None:
        """When that was; None and counted when it cannot be read or cannot be."""
        stamp = stamp_of(written)
        moment = stamp.moment(self._order) if isinstance(stamp, Stamp) else stamp
        if moment is None:
            self._report.repairs[IMPOSSIBLE] += 1
            return None
        return self._clock.utc(moment)


_FIRST_SECOND = 1_420_070_400_000  # 2015-01-01: from then on Discord counts milliseconds
_LEAST = 10**15  # ids below were given out in the first minutes


def time_in_id(id_: str) -> int | None:
    """UTC milliseconds at which Discord gave out an id; None for what is none of its ids."""
    if not (id_.isascii() and id_.isdigit() and len(id_) <= 20 and int(id_) >= _LEAST):
        return None
    return (int(id_) >> 22) + _FIRST_SECOND

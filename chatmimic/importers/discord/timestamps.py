"""Dates as DiscordChatExporter writes them, in the locale of the computer it ran on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache

from chatmimic.importers.parsing.dates.date_formats import DATE_FORMATS
from chatmimic.importers.parsing.dates.date_order import DateSurvey, Numbers, date_of
from chatmimic.importers.parsing.dates.dated_lines import (
    DAY_PERIODS,
    MARKS,
    Clock,
    clock_from,
    normalized_period,
)
from chatmimic.importers.parsing.dates.times import LocalClock, parse_iso
from chatmimic.importers.report import ImportReport

_LONGEST = 80  # characters; "Wednesday, 27 September 2023 12:33:44 PM" has 41
_PLAIN = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f", " ") | dict.fromkeys(MARKS))
_WORD = r"[^\W\d_][^\s\d\[\](),:/]{0,13}"
_HALF = rf"{_WORD}(?: [^\W\d_]\.?)?"
_CLOCK = (
    rf"(?:(?P<before>{_HALF}) ?)?(?P<hour>\d{{1,2}})(?:[:.]| ?h ?)(?P<minute>\d\d)"
    rf"(?:[:.](?P<second>\d\d)(?:\.\d{{1,7}})?)?(?: ?(?P<after>{_HALF}))?"
)
# What may stand between a date and its time: "2024. 1. 2. 15:04", "2 янв. 2024 г., 15:04".
_BETWEEN = r"(?:\.|日|일)?(?: ?[гр]\.)?,?(?: at)?"
_FORMS = [
    (re.compile(rf"{shape.pattern}{_BETWEEN} {_CLOCK}"), shape.numbers) for shape in DATE_FORMATS
]
_ZONES = {"GMT", "UTC", "Z"}
_SECONDS, _MILLISECONDS = 10, 13  # figures of a number since 1970


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time whose date is three numbers."""

    clock: Clock
    numbers: Numbers
    written: str
    look: str  # what separates the numbers
    twelve_hour: bool  # the clock has twelve hours

    def moment(self, order: str) -> datetime | None:
        """The local time, with its date read in this order; None if there is no such day."""
        day = date_of(self.numbers, order)
        return None if day is None else datetime.combine(day, time(*self.clock))


@lru_cache(maxsize=4096)
def stamp_of(text: str) -> Stamp | datetime | None:
    """Parse a time; ISO 8601 is exact."""
    text = text.translate(_PLAIN).strip()
    if not 8 <= len(text) <= _LONGEST:
        return None
    exact = _since_1970(text) if text.isdecimal() else parse_iso(text)
    if exact is not None:
        return exact
    for form, numbers in _FORMS:
        found = form.fullmatch(text)
        if found is not None and (three := numbers(found)) is not None:
            return _made(found, three)
    return None


def _since_1970(digits: str) -> datetime | None:
    """Parse the exporter's formats "unix" and "unixms"."""
    if len(digits) not in (_SECONDS, _MILLISECONDS):
        return None
    return datetime.fromtimestamp(int(digits) / 10 ** (len(digits) - _SECONDS), UTC)


def _made(found: re.Match[str], numbers: Numbers) -> Stamp | datetime | None:
    period = next(
        (h for h in (found["before"], found["after"]) if normalized_period(h or "") in DAY_PERIODS),
        "",
    )
    clock = clock_from(found["hour"], found["minute"], found["second"], period)
    if clock is None:
        return None
    stamp = Stamp(clock, numbers, found.group(), found.groupdict().get("joint", ""), bool(period))
    is_exact = found["after"] in _ZONES and len(numbers[0]) > 2  # no order is in doubt
    exact = stamp.moment("ymd") if is_exact else None
    return stamp if exact is None else exact.replace(tzinfo=UTC)


def surveyed(label: str, written: Iterable[str]) -> DateSurvey:
    """Survey the order of the dates of a file."""
    survey = DateSurvey(label)
    for text in written:
        stamp = stamp_of(text)
        if isinstance(stamp, Stamp):
            survey.add(stamp.numbers, stamp.written, stamp.look, twelve_hour=stamp.twelve_hour)
    return survey


class WrittenTimes:
    """Converts the times of one file to UTC milliseconds, in file order."""

    def __init__(self, order: str, tz: str | None, report: ImportReport) -> None:
        self._order = order
        self._clock = LocalClock(tz, report)

    def of(self, written: str) -> int | None:
        """The time; None (and counted) if it cannot be parsed or is implausible."""
        stamp = stamp_of(written)
        return self._clock.utc(stamp.moment(self._order) if isinstance(stamp, Stamp) else stamp)


_FIRST_SECOND = 1_420_070_400_000  # 2015-01-01: from then on Discord counts milliseconds
_LEAST = 10**15  # ids below were given out in the first minutes


def time_in_id(id_: str) -> int | None:
    """The UTC milliseconds in a Discord id; None if it is not an id."""
    if not (id_.isascii() and id_.isdigit() and len(id_) <= 20 and int(id_) >= _LEAST):
        return None
    return (int(id_) >> 22) + _FIRST_SECOND

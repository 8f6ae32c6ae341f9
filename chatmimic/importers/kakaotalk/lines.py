"""Parses lines of KakaoTalk exports, in the formats and languages of all devices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from chatmimic.importers.kakaotalk.system_messages import is_event
from chatmimic.importers.parsing.dates.date_formats import DATE_FORMATS
from chatmimic.importers.parsing.dates.date_order import Numbers, date_of
from chatmimic.importers.parsing.dates.date_separators import DateSeparator as WrittenDay
from chatmimic.importers.parsing.dates.date_separators import date_separator
from chatmimic.importers.parsing.dates.dated_lines import (
    EAST_ASIAN_PERIOD,
    MessageStart,
    clock_from,
)
from chatmimic.importers.parsing.dates.months import month_named

_CLOCK = (
    rf"(?:(?P<before>{EAST_ASIAN_PERIOD})\s?)?(?P<hour>\d{{1,2}}):(?P<minute>\d\d)(?::\d\d)?"
    rf"(?:\s?(?P<after>{EAST_ASIAN_PERIOD})(?![^\W_]))?"
)
_BETWEEN = r"\.?(?:,\s?|\s)(?:(?:at|um|à|às|alle|om|kl\.?|в|lúc|pukul) )?"
_REST = r"(?:(?P<sign>, |: |,$)(?P<rest>.*))?$"
_STAMPS = tuple(
    (re.compile(rf"{shape.pattern}{_BETWEEN}{_CLOCK}{_REST}", re.DOTALL), shape)
    for shape in DATE_FORMATS
)
_ENGLISH = re.compile(  # Android in 2015: "8:34pm, July 9, 2015"
    rf"{_CLOCK}, (?P<month>[A-Z][a-z]{{2,8}}) (?P<day>\d{{1,2}}), (?P<year>\d{{4}}){_REST}",
    re.DOTALL,
)
_CLOCKED = re.compile(rf"{_CLOCK}, (?P<rest>.+)", re.DOTALL)  # iPhone: the day stands above
_FRAMED = re.compile(r"-{3,40} (?P<day>[^\n]{6,60}) -{3,40}")  # Windows: a day
_BETWEEN_BRACKETS = re.compile(rf"\] \[{_CLOCK}\](?: |$)")  # Windows: "[name] [오후 2:37] text"
_MOST_NAME = 200
_EARLY_DIGIT = re.compile(r"\D{0,40}\d")  # where a line has a stamp


@dataclass(frozen=True, slots=True)
class DateSeparator:
    """A date separator."""

    day: date | None


class WrittenDate(NamedTuple):
    """A numeric date, whose order only all dates of a file show."""

    numbers: Numbers
    written: str
    look: str  # what stands between them


def read_line(
    raw: str, order: str = "dmy", clocks: bool = False
) -> DateSeparator | MessageStart | None:
    """Parse a line: a date separator or a message; None continues the one above.

    A message of Windows has no day in its line, nor has one of the iPhones that put the day above
    the messages (`clocks`). `order` is that of dates which do not show their year.
    """
    if raw[:1] == "[":
        return _windows(raw)
    if raw[:1] == "-":
        framed = _FRAMED.fullmatch(raw)
        found = date_separator(framed["day"]) if framed is not None else None
        return None if found is None else DateSeparator(date_of(found.numbers, order))
    if _EARLY_DIGIT.match(raw) is None:
        return None
    if (found := date_separator(raw)) is not None and _is_day(found):
        return DateSeparator(date_of(found.numbers, order))
    return _stamped(raw, order) or (_clocked(raw) if clocks else None)


def _is_day(found: WrittenDay) -> bool:
    """Whether a date is a complete separator, usually with a weekday."""
    weekday = found.weekday is not None and found.is_certain
    return found.look in ("년", "年", "") and (weekday or not (found.words or found.look == ""))


def written_date(raw: str) -> WrittenDate | None:
    """The numeric date of a line's timestamp, whose order is not known yet."""
    found = _STAMPS[0][0].match(raw)
    if found is None or len(found["first"]) > 2 or found["era"]:
        return None
    numbers = found["first"], found["middle"], found["last"]
    return WrittenDate(numbers, raw[: found.end("last")], found["joint"])


def _stamped(raw: str, order: str) -> DateSeparator | MessageStart | None:
    for pattern, shape in _STAMPS:
        found = pattern.match(raw)
        numbers = shape.numbers(found) if found is not None else None
        if found is not None and numbers is not None:
            return _begun(found, date_of(numbers, order))
    if (found := _ENGLISH.match(raw)) is not None and (month := month_named(found["month"])):
        return _begun(found, date_of((found["year"], str(month), found["day"]), "ymd"))
    return None


def _begun(found: re.Match[str], day: date | None) -> DateSeparator | MessageStart | None:
    clock = _clock(found)
    if day is None or clock is None:
        return None
    if found["sign"] is None:
        return DateSeparator(day)
    name, colon, text = _split(found["rest"])
    if not colon or len(name) > _MOST_NAME or found["sign"] == ": ":
        return MessageStart(day, clock, "", found["rest"])
    return MessageStart(day, clock, name, text)


def _split(rest: str) -> tuple[str, str, str]:
    name, colon, text = rest.partition(" : ")
    return (name[:-2], " :", "") if not colon and name.endswith(" :") else (name, colon, text)


def _clocked(raw: str) -> MessageStart | None:
    """Parse a message below a date separator; pasted text may also begin with a time."""
    found = _CLOCKED.match(raw)
    clock = None if found is None else _clock(found)
    if found is None or clock is None:
        return None
    name, colon, text = _split(found["rest"])
    if colon and len(name) <= _MOST_NAME:
        return MessageStart(None, clock, name, text)
    return MessageStart(None, clock, "", found["rest"]) if is_event(found["rest"]) else None


def _windows(raw: str) -> MessageStart | None:
    found = _BETWEEN_BRACKETS.search(raw, 1, _MOST_NAME)
    clock = None if found is None else _clock(found)
    if found is None or clock is None or found.start() < 2:
        return None
    return MessageStart(None, clock, raw[1 : found.start()], raw[found.end() :])


def _clock(found: re.Match[str]) -> tuple[int, int, int] | None:
    return clock_from(found["hour"], found["minute"], period=found["before"] or found["after"])

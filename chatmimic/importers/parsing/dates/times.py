"""Converts times of all formats to UTC milliseconds, or to None: never to a guess."""

from __future__ import annotations

import calendar
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from chatmimic.errors import ExportError
from chatmimic.importers.report import ImportReport

EARLIEST_MS = 567_993_600_000  # 1988-01-01: the year of IRC
SLACK_MS = 2 * 86_400_000  # a wrong clock may run this far ahead of ours
IMPOSSIBLE = "impossible time"  # how the report counts a time that cannot be

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?) ?(Z|UTC|[+-]\d\d:?\d\d)?", re.I
)
_NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d{1,9})?")
_LONGEST_NUMBER = 15  # digits of a whole number that a float holds exactly
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")
_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_./]?(0[1-9]|1[0-2])[-_./]?(0[1-9]|[12]\d|3[01])(?!\d)"
)
# Units of numbers since 1970, as a factor to milliseconds.
_UNITS = {"s": 1000.0, "ms": 1.0, "µs": 1e-3, "ns": 1e-6}
_EPOCH, _EPOCH_UTC = datetime(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_HOURS = 10_000  # whose distance from UTC is remembered: a year has 8,760
_FARTHEST = timedelta(hours=14)  # from UTC; dateutil takes +99:99
# Zone names that have one meaning in mail headers (RFC 822); others are refused, not dropped.
_ZONES = {"UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7,
          "MDT": -6, "PST": -8, "PDT": -7}  # fmt: skip


@lru_cache(maxsize=1)
def latest_ms() -> int:
    """The latest plausible time of a message: two days after the first call, for wrong clocks."""
    return int(time.time() * 1000) + SLACK_MS


def possible(milliseconds: float | None, report: ImportReport) -> int | None:
    """The time if it is plausible for a chat message; else None, counted in the report."""
    if milliseconds is not None and EARLIEST_MS <= milliseconds <= latest_ms():
        return int(milliseconds)
    report.repairs[IMPOSSIBLE] += 1
    return None


def as_milliseconds(value: Any, report: ImportReport) -> int | None:
    """A JSON value as UTC milliseconds; None (and counted) if it is not a time."""
    if type(value) is int and EARLIEST_MS <= value <= latest_ms():
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        value = None
    return possible(value, report)


def parse_iso(text: str) -> datetime | None:
    """Parse an ISO 8601 date with a time, aware if it has a zone; None for anything else."""
    found = _ISO.fullmatch(text.strip())
    if found is None:
        return None
    day, clock, zone = found.groups()
    zone = "+00:00" if zone and zone.upper() in ("Z", "UTC") else zone or ""
    try:
        return datetime.fromisoformat(f"{day}T{clock.replace(',', '.')}{zone}")
    except ValueError:  # 2024-02-30, 25:00, +99:99
        return None


def date_in(text: str) -> tuple[int, int, int] | None:
    """The last year-first date in a name (`2024-05-01`, `20240501`, `2024/05/01`)."""
    for found in reversed(list(_DATE.finditer(text))):
        year, month, day = (int(part) for part in found.groups())
        if day <= calendar.monthrange(year, month)[1]:
            return year, month, day
    return None


def without_date(text: str) -> str:
    """The name without its dates and the characters that join them to the rest."""
    return re.sub(r"[-_./ ]{2,}", ".", _DATE.sub("", text)).strip("-_./ ")


def clock_of(text: str) -> tuple[int, int, int] | None:
    """Hour, minute, second of a time of day."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups())
    return (hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def parse_free(text: str, day_first: bool = False) -> datetime | None:
    """Parse a date in prose ("5 May 2019 at 10:05pm"); None unless day, month and year are given.

    Every date is parsed on two different days: one that comes out differently leans on the day
    it is read ("10:30", "Tuesday", "10/10", "1") and is refused.
    """
    from dateutil import parser

    if not 6 <= len(text) <= 80 or not any(c.isdigit() for c in text):
        return None
    plain = text.replace("\u202f", " ").replace("\xa0", " ").replace(" at ", " ")
    days = (datetime(2001, 2, 3), datetime(2006, 5, 8))
    try:
        first, second = (
            parser.parse(plain, default=day, dayfirst=day_first, tzinfos=_zone) for day in days
        )
        far = abs(first.utcoffset() or timedelta()) > _FARTHEST
    except (ValueError, ArithmeticError, TypeError, AttributeError, RecursionError):
        return None  # dateutil raises more than it promises
    return first if first == second and not far else None


def _zone(name: str | None, offset: int | None) -> int | None:
    if offset is not None or name is None:
        return offset
    if name is not None and name.upper() in _ZONES:
        return _ZONES[name.upper()] * 3600
    raise ValueError(f"unknown zone {name}")


class LocalClock:
    """Converts local times without a zone to UTC milliseconds, in file order.

    When clocks are set back, an hour comes twice: the second time round the file steps back,
    and that is how it is told from the first. The hour that never was is moved forward.
    """

    def __init__(self, tz: str | None, report: ImportReport) -> None:
        self.zone = zone_named(tz) if tz else None
        self._report = report
        self._last: datetime | None = None
        self._second_round = False
        self._steady: dict[datetime, timedelta | None] = {}  # hour → `_steady_in`

    def restart(self) -> None:
        """Start another file: its times are unrelated to those of the last one."""
        self._last = None
        self._second_round = False

    def utc(self, moment: datetime | None) -> int | None:
        """UTC milliseconds; None (and counted) if there is no time or an implausible one."""
        return possible(None if moment is None else self._utc(moment), self._report)

    def utc_of(
        self, day: tuple[int, int, int] | None, clock: tuple[int, int, int] | None
    ) -> int | None:
        """UTC milliseconds of a time on a day; None (and counted) if either is missing."""
        return self.utc(None if day is None or clock is None else datetime(*day, *clock))

    def _utc(self, moment: datetime) -> int:
        if moment.tzinfo is not None:
            return _since(moment, _EPOCH_UTC)
        if self.zone is None:
            self._report.note(
                "The times have no time zone and were read as UTC; "
                "to read them as local times, give a zone such as --tz Europe/Berlin."
            )
            return _since(moment, _EPOCH)
        offset = self._offset(moment, self.zone)
        if offset is None:
            return self._utc(self._placed(moment, self.zone))
        self._last = moment
        self._second_round = False
        return _since(moment, _EPOCH) - offset // _MS

    def _offset(self, moment: datetime, zone: tzinfo) -> timedelta | None:
        """The UTC offset of a zone in the hour of a time; None if it changes in that hour.

        Zones are slow to ask, and chats have many messages in an hour.
        """
        hour = moment.replace(minute=0, second=0, microsecond=0)
        if hour not in self._steady:
            if len(self._steady) > _HOURS:
                self._steady.clear()
            self._steady[hour] = _steady_in(hour, zone)
        return self._steady[hour]

    def _placed(self, moment: datetime, zone: tzinfo) -> datetime:
        from dateutil import tz

        if not tz.datetime_exists(moment, zone):
            self._report.repairs["hour that never was"] += 1
            moment = tz.resolve_imaginary(moment.replace(tzinfo=zone)).replace(tzinfo=None)
        back = self._last is not None and moment < self._last
        self._last = moment
        if tz.datetime_ambiguous(moment, zone):
            self._second_round = self._second_round or back
        else:
            self._second_round = False
        return moment.replace(tzinfo=zone, fold=int(self._second_round))


def _since(moment: datetime, epoch: datetime) -> int:
    """Milliseconds since an epoch, truncated."""
    apart = moment - epoch
    return (apart.days * 86_400 + apart.seconds) * 1000 + apart.microseconds // 1000


def _steady_in(hour: datetime, zone: tzinfo) -> timedelta | None:
    """The UTC offset of a zone during an hour; None if clocks change in it."""
    from dateutil import tz

    ends = hour, hour + timedelta(minutes=59, seconds=59)
    if any(tz.datetime_ambiguous(e, zone) or not tz.datetime_exists(e, zone) for e in ends):
        return None
    first, last = (end.replace(tzinfo=zone).utcoffset() for end in ends)
    return first if first == last else None


@lru_cache(maxsize=8)
def zone_named(name: str) -> tzinfo:
    """A time zone by its name. Raises ExportError for an unknown one."""
    from dateutil import tz

    # A name is no path: dateutil would open one.
    zone = tz.gettz(name) if re.fullmatch(r"[A-Za-z]\w*(?:[/+-]\w+)*", name) else None
    if zone is None:
        raise ExportError(
            f'There is no time zone called "{name}".', "Give one such as --tz Europe/Berlin."
        )
    return zone


def unit_of(numbers: Iterable[float]) -> str:
    """The unit (seconds, milliseconds …) in which most of a file's numbers are plausible times."""
    latest = latest_ms()
    hits: Counter[str] = Counter()
    for number in numbers:
        for unit, factor in _UNITS.items():
            hits[unit] += EARLIEST_MS <= number * factor <= latest
    return max(_UNITS, key=lambda unit: hits[unit])


def reader_for(
    sample: Sequence[str], clock: LocalClock, report: ImportReport, order: str | None = None
) -> Reader:
    """A parser for a column of times, chosen by its first values.

    `order` ("dmy", "mdy") is for dates that do not show which number is the day.
    """
    values = [value.strip() for value in sample if value.strip()]
    numbers = [float(value) for value in values if _NUMBER.fullmatch(value)]
    if values and len(numbers) * 2 >= len(values):
        factor = _UNITS[unit_of(numbers)]
        return lambda text: _number(text, factor, report)
    day_first = _day_first(values, order, report)

    def read(text: str) -> int | None:
        if not text.strip():
            return None  # no time was given: nothing wrong with it
        moment = parse_iso(text) or parse_free(text.strip(), day_first)
        return possible(None, report) if moment is None else clock.utc(moment)

    return read


Reader = Callable[[str], int | None]


def _number(text: str, factor: float, report: ImportReport) -> int | None:
    if text.isdecimal() and text.isascii() and len(text) <= _LONGEST_NUMBER:  # nearly always
        return possible(int(text) * factor, report)
    if not text.strip():
        return None
    number = float(text) * factor if _NUMBER.fullmatch(text.strip()) else None
    return possible(number, report)


_SLASHED = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2\d{2,4}")


def _day_first(values: Sequence[str], order: str | None, report: ImportReport) -> bool:
    """Whether 03/04/2019 is the third of April: decided by any number over 12."""
    found = [match for match in map(_SLASHED.match, values) if match]
    if any(int(match[1]) > 12 for match in found):
        return True
    if any(int(match[3]) > 12 for match in found) or not found:
        return False
    if order in ("dmy", "mdy"):
        return order == "dmy"
    if found[0][2] == ".":
        return True  # dots are written day first wherever they are written
    report.note(
        f'Dates like "{found[0][0]}" were read month first, because the order is ambiguous; use '
        "--date-order dmy to read them day first."
    )
    return False

"""Dates that users type, in the local time zone: 2019, 2019-05, 2019-05-17 14:30."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_WRITTEN = re.compile(
    r"(\d{4})(?:-(\d\d?)(?:-(\d\d?)(?:[T ]\s*(\d\d?):(\d\d)(?::(\d\d))?)?)?)?"
    r"\s*(Z|UTC|[+-]\d\d:?\d\d)?",
    re.IGNORECASE | re.ASCII,
)
_FIRST = (1, 1, 0, 0, 0)  # of months, days, hours, minutes, seconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def span_of(written: str) -> tuple[int, int]:
    """The start and end of a date: a year, a month, a day, a minute or a second.

    Both in UTC milliseconds; the end is exclusive. A date without an offset (`+02:00`, `Z`) is in
    the local time zone. Raises ValueError, with a sentence for the user.
    """
    found = _WRITTEN.fullmatch(" ".join(written.split()))
    if found is None:
        raise ValueError(_not_a_date(written))
    *numbers, zone = found.groups()
    given = [int(number) for number in numbers if number is not None]
    try:
        offset = datetime.fromisoformat(f"2000-01-01T00:00{_iso(zone)}").tzinfo if zone else None
        year, month, day, hour, minute, second = [*given, *_FIRST[len(given) - 1 :]]
        start = datetime(year, month, day, hour, minute, second, tzinfo=offset)
        return _milliseconds(start), _end(start, len(given))
    except (ValueError, OverflowError) as error:  # 30 February, 25:00, +99:00, the year 0
        raise ValueError(_not_a_date(written)) from error


def day_of(milliseconds: int) -> str:
    """UTC milliseconds as a date in the local time zone: `2019-05-17`."""
    at = _EPOCH + milliseconds * _MS
    try:
        return at.astimezone().date().isoformat()
    except (OSError, OverflowError, ValueError):  # before 1970, on Windows
        return at.date().isoformat()


def _end(start: datetime, numbers: int) -> int:
    """The end of a date that was given with this many numbers."""
    if numbers == 1:
        return _milliseconds(start.replace(year=start.year + 1))
    if numbers == 2:
        following = (start.year + start.month // 12, start.month % 12 + 1)
        return _milliseconds(start.replace(year=following[0], month=following[1]))
    if numbers == 3:
        return _milliseconds(start + timedelta(days=1))
    return _milliseconds(start) + (60_000 if numbers == 5 else 1_000)


def _milliseconds(at: datetime) -> int:
    try:
        aware = at if at.tzinfo else at.astimezone()
    except OSError:  # before 1970, on Windows
        aware = at.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MS


def _iso(zone: str) -> str:
    return "+00:00" if zone.upper() in ("Z", "UTC") else zone


def _not_a_date(written: str) -> str:
    return (
        f'"{written}" is not a date. '
        "Write 2019, 2019-05, 2019-05-17 or 2019-05-17 14:30 (+02:00 for another time zone)."
    )

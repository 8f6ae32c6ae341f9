"""Dates in Gregorian, Buddhist, Persian and Republic of China calendars, recognised by the year."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate

_BUDDHIST = 543  # years ahead of ours, as in Thailand: 2569 is 2026
_REPUBLIC = 1911  # years behind ours, as in Taiwan: 115 is 2026
_ERAS = {"令和": 2018, "r": 2018, "平成": 1988, "h": 1988, "民國": 1911, "民国": 1911}  # year 0
# The Persian year begins in March: 1405 does so in 2026. This rule of leap years holds from 1925
# to 2090.
_PERSIAN_NEW_YEAR = 1400, date(2021, 3, 21)
_PERSIAN_MONTHS = (31,) * 6 + (30,) * 5
_LEAP = {1, 5, 9, 13, 17, 22, 26, 30}  # of 33
_PERSIAN_DIGITS = "\u06f0", "\u06f9"


def gregorian_date(year: str, month: int, day: int) -> date | None:
    """Convert a date of any calendar to the Gregorian one; None if there is no such day."""
    number = full_year(year)
    if 1300 <= number < 1430:
        return _persian(number, month, day)
    try:
        return date(number - _BUDDHIST if 2400 <= number < 2700 else number, month, day)
    except ValueError:
        return None


@lru_cache(maxsize=256)
def full_year(year: str) -> int:
    """A year in full: only one century is plausible for a chat."""
    number = int(year)
    if number >= 100:
        return number + _REPUBLIC if len(year) == 3 else number
    if number >= 88:
        return number + 1300
    if number >= 52:
        return number + 2500
    first, last = _PERSIAN_DIGITS  # Urdu has them too, but no chats of 2008
    return number + (1400 if number < 9 and all(first <= c <= last for c in year) else 2000)


def _persian(year: int, month: int, day: int) -> date | None:
    lengths = (*_PERSIAN_MONTHS, 30 if year % 33 in _LEAP else 29)
    if not (1 <= month <= 12 and 1 <= day <= lengths[month - 1]):
        return None
    known, begins = _PERSIAN_NEW_YEAR
    years = range(known, year) if year >= known else range(year, known)
    days = sum(366 if one % 33 in _LEAP else 365 for one in years)
    begins += timedelta(days if year >= known else -days)
    return begins + timedelta([0, *accumulate(lengths)][month - 1] + day - 1)


def year_of_era(era: str, year: str) -> str:
    """The Gregorian year of an era: 令和8年 is "2026"."""
    return str(_ERAS[era.casefold()] + int(year))

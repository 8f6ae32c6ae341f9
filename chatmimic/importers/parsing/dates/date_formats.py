"""Date formats at the beginning of a line: numeric, with CJK units, with the name of a month.

Each is a part of a regular expression that names what it finds. Every repetition has an end, so
that no line takes longer than its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from chatmimic.importers.parsing.dates.calendars import full_year, year_of_era
from chatmimic.importers.parsing.dates.date_order import Numbers
from chatmimic.importers.parsing.dates.dated_lines import MARKS, SPACES
from chatmimic.importers.parsing.dates.months import month_named

SEPARATORS = "/.-／．"
_M = f"[{MARKS}]"
_S = f"[{SPACES}]"
_WORD = r"[^\d\s,/()<>\[\]:;\-]{1,16}"
_REPUBLIC = range(98, 130)  # Taiwan's own years in which people chat
_VIETNAMESE = rf"(?:thg|tháng|th){_S}?(?P<number>\d{{1,2}})"


@dataclass(frozen=True)
class DateFormat:
    """One date format."""

    pattern: str
    numbers: Callable[[re.Match[str]], Numbers | None]  # None: it is no date after all


def _numeric_date(found: re.Match[str]) -> Numbers | None:
    first, era, last = found["first"], found["era"], found["last"]
    if era:
        return year_of_era(era, first), found["middle"], last
    no_year = len(first) + len(last) == 2 or (len(first) == 3 and int(first) not in _REPUBLIC)
    return None if no_year else (first, found["middle"], last)


def _cjk_date(found: re.Match[str]) -> Numbers:
    year, era = found["year"], found["era"]
    return year_of_era(era, year) if era else _four_digits(year), found["month"], found["day"]


def _named(found: re.Match[str]) -> Numbers | None:
    parts = found.groupdict()
    number = parts.get("number")
    month = int(number) if number else month_named(parts["month"])
    return (_four_digits(parts["year"]), str(month), parts["day"]) if month else None


def _four_digits(year: str) -> str:
    """A year in four digits, so that it is recognised as one."""
    return f"{full_year(year):04}"


_WEEKDAY = rf"(?:{_WORD},?{_S})?"
_TO_MONTH = rf"(?:st|nd|rd|th|er|[.º])?(?:{_S}|[./-]){_S}?(?:(?:de|di|of){_S})?"
_TO_YEAR = rf"(?:,?{_S}|[./-])(?:(?:de|del|of){_S})?"

DATE_FORMATS = (
    DateFormat(
        r"(?P<era>令和|平成|民國|民国|[RH])?"
        rf"(?P<first>\d{{1,4}}){_M}?(?P<joint>[{re.escape(SEPARATORS)}]){_S}?{_M}?(?P<middle>\d{{1,2}})"
        rf"{_M}?(?P=joint){_S}?{_M}?(?P<last>\d{{4}}|\d{{1,2}})(?!\d)",
        _numeric_date,
    ),
    DateFormat(
        rf"(?:(?P<era>令和|平成|民國|民国)|西元|公元)?{_S}?(?P<year>\d{{1,4}}){_S}?[年년]{_S}?"
        rf"(?P<month>\d{{1,2}}){_S}?[月월]{_S}?(?P<day>\d{{1,2}}){_S}?[日号號일]",
        _cjk_date,
    ),
    DateFormat(  # 9 Jul 2026
        rf"{_WEEKDAY}(?P<day>\d{{1,2}}){_TO_MONTH}(?:{_VIETNAMESE}|(?P<month>{_WORD})){_TO_YEAR}"
        r"(?P<year>\d{4}|\d\d)(?!\d)",
        _named,
    ),
    DateFormat(  # Jul 9, 2026
        rf"{_WEEKDAY}(?P<month>{_WORD}){_S}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?{_S}"
        r"(?P<year>\d{4})(?!\d)",
        _named,
    ),
    DateFormat(  # 2026. júl. 9.
        rf"(?P<year>\d{{4}})\.?(?:{_S}|[./-])(?P<month>{_WORD})(?:{_S}|[./-])(?P<day>\d{{1,2}})"
        r"(?!\d)",
        _named,
    ),
)

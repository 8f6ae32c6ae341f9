"""Localised times such as "Friday, October 4, 2013 at 10:05pm PDT", in the main languages.

dateutil (`times.parse_free`) knows English only, and guesses. Here a time has a clock and a day
with a month by name, or three numbers whose order the whole file must show.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.calendars import gregorian_date
from chatmimic.importers.parsing.dates.date_order import Numbers, date_of
from chatmimic.importers.parsing.dates.dated_lines import (
    DAY_PERIODS,
    MARKS,
    Clock,
    clock_from,
    normalized_period,
)
from chatmimic.importers.parsing.dates.months import month_named
from chatmimic.importers.parsing.dates.times import LocalClock

MAX_LENGTH = 100  # characters of a written time
_MOST_TOKENS = 9  # words and numbers beside the clock

# Minutes ahead of UTC. Names that mean another zone elsewhere are DOUBTFUL: --tz overrules them.
_ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "MEZ": 60,
    "CEST": 120, "MESZ": 120, "EET": 120, "SAST": 120, "EEST": 180, "MSK": 180, "PKT": 300,
    "IST": 330, "WIB": 420, "HKT": 480, "SGT": 480, "AWST": 480, "PHT": 480, "JST": 540,
    "KST": 540, "ACST": 570, "AEST": 600, "ACDT": 630, "AEDT": 660, "NZST": 720, "NZDT": 780,
    "NDT": -150, "NST": -210, "ADT": -180, "BRT": -180, "ART": -180, "AST": -240, "EDT": -240,
    "EST": -300, "CDT": -300, "COT": -300, "PET": -300, "CST": -360, "MDT": -360, "MST": -420,
    "PDT": -420, "PST": -480, "AKDT": -480, "AKST": -540, "HST": -600,
}  # fmt: skip
DOUBTFUL = {"BST", "IST", "CST", "AST"}  # British or Bangladesh, India or Israel, America or China

_SPACES = re.compile(r"[\s\u00a0\u2009\u202f]+")
_UNSEEN = str.maketrans("", "", MARKS)
_CLOCK = re.compile(r"(?<![\d:.+\u2212-])(\d{1,2})[:h](\d\d)(?::(\d\d))?(?![\d:])")
_DOTTED = re.compile(r"(?<![\d:.])(\d{1,2})\.(\d\d)(?:\.(\d\d))?(?![\d:.])")
_AHEAD = re.compile(r"(?:\b(?:UTC|GMT) ?)?(?<!\d)([+\u2212-])(\d{1,2})(?::?(\d\d))?$")
_CJK = re.compile(r"(\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일]")
_VIETNAMESE = re.compile(r"\b(?:tháng|thg|th) ?(\d{1,2})\b", re.I)
# In the scripts of India and Thailand, words hold vowel signs, and Thai short forms full stops.
_TOKEN = re.compile(
    r"\d+|[^\W\d_](?:[^\W\d_]|[\u0900-\u0dff\u0e00-\u0eff]|\.(?=[\u0e00-\u0eff])){0,40}"
)
_NUMERIC = re.compile(r"(?<!\d)(\d{1,4})(?:\. ?|[/-])(\d{1,2})(?:\. ?|[/-])(\d{1,4})(?!\d)")


@dataclass(frozen=True, slots=True)
class Localized:
    """A parsed time; its date may be three numbers whose order is not known yet."""

    clock: Clock
    day: tuple[int, int, int] | None = None  # year, month, day
    numbers: Numbers | None = None
    date: str = ""  # how the numbers stand there
    zone: str = ""  # the name of a zone
    ahead: int | None = None  # minutes ahead of UTC


def parse_localized(text: str) -> Localized | None:
    """Parse a localised time; None if it is incomplete."""
    return _read(text) if len(text) <= MAX_LENGTH else None


def looks_like_time(text: str) -> bool:
    """Whether this may be a time in an unknown language: it has a time, a day and a year."""
    plain = _SPACES.sub(" ", text.translate(_UNSEEN)).strip()
    found = _CLOCK.search(plain) or _last(_DOTTED, plain)
    if found is None or len(plain) > MAX_LENGTH:
        return False
    tokens = _TOKEN.findall(plain[: found.start()] + plain[found.end() :])
    sizes = sorted(len(token) for token in tokens if token.isdecimal())
    return len(tokens) <= _MOST_TOKENS and sizes in ([1, 4], [2, 4])


@lru_cache(maxsize=1024)
def _read(text: str) -> Localized | None:
    if not any(c.isdigit() for c in text):
        return None
    plain = _SPACES.sub(" ", text.translate(_UNSEEN)).strip()
    found = _CLOCK.search(plain) or _last(_DOTTED, plain)
    if found is None:
        return None
    before, after = plain[: found.start()], plain[found.end() :].strip()
    period = _period(before, after)
    clock = clock_from(found[1], found[2], found[3], period)
    zone, ahead = _zone(after)
    if clock is None:
        return None
    rest = f"{before} {after}" if any(c.isdigit() for c in after) and ahead is None else before
    day = _date_with_month(rest)
    if day is not None:
        return Localized(clock, day, zone=zone, ahead=ahead)
    three = _NUMERIC.search(rest)
    if three is None:
        return None
    return Localized(clock, None, (three[1], three[2], three[3]), three[0], zone, ahead)


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last match: a date written with full stops comes before its time."""
    return next(reversed(list(pattern.finditer(text))), None)


def _period(before: str, after: str) -> str | None:
    """The day period (am, pm), after the time or before it."""
    words = after.split(" ")
    for some in (" ".join(words[:2]), words[0]):
        if normalized_period(some) in DAY_PERIODS:
            return some
    word = before.rstrip().rpartition(" ")[2]
    return word if normalized_period(word) in DAY_PERIODS else None


def _zone(after: str) -> tuple[str, int | None]:
    """The zone at the end of a time: its name, and its UTC offset in minutes."""
    written = _AHEAD.search(after)
    if written is not None:
        minutes = int(written[2]) * 60 + int(written[3] or 0)
        return "", minutes if written[1] == "+" else -minutes
    name = after.rpartition(" ")[2].strip("()")
    return (name, _ZONES[name]) if name in _ZONES else ("", None)


def _date_with_month(text: str) -> tuple[int, int, int] | None:
    cjk = _CJK.search(text)
    if cjk is not None:
        return _gregorian(cjk[1], int(cjk[2]), int(cjk[3]))
    numbered = _VIETNAMESE.search(text)
    month = int(numbered[1]) if numbered is not None else None
    if numbered is not None:
        text = f"{text[: numbered.start()]} {text[numbered.end() :]}"
    tokens = _TOKEN.findall(text)
    years = [at for at, token in enumerate(tokens) if token.isdecimal() and len(token) == 4]
    days = [at for at, token in enumerate(tokens) if token.isdecimal() and len(token) < 3]
    if not years or len(days) != 1:
        return None
    month = month or _month(tokens, days[0])
    return _gregorian(tokens[years[-1]], month, int(tokens[days[0]])) if month else None


def _gregorian(year: str, month: int, day: int) -> tuple[int, int, int] | None:
    """Convert a date to Gregorian by its year: 2569 is Buddhist, 1405 Persian."""
    if 1430 <= int(year) < 2400:
        return int(year), month, day
    found = gregorian_date(year, month, day)
    return None if found is None else (found.year, found.month, found.day)


def _month(tokens: list[str], day: int) -> int | None:
    """The month: the name nearest to the day, as "mar." can also be a Tuesday.

    Of two that are as near the later is it: "mar. 5 mar. 2019".
    """
    named = [(abs(at - day), -at, month_named(token)) for at, token in enumerate(tokens)]
    return min((one for one in named if one[2]), default=(0, 0, None))[2]


class WrittenTimes:
    """Converts localised times to UTC milliseconds, in file order.

    `order` says which of three numbers is the day. What has no zone is local time (--tz).
    """

    def __init__(self, context: Context, order: str = "dmy") -> None:
        self._report = context.report
        self._given = context.options.tz
        self._clock = LocalClock(context.options.tz, context.report)
        self._order = order

    def of(self, text: str) -> int | None:
        """The time; None (and counted) if it cannot be parsed or is implausible."""
        written = parse_localized(text)
        return self._clock.utc(None if written is None else self._moment(written))

    def _moment(self, written: Localized) -> datetime | None:
        day = written.day
        if written.numbers is not None:
            found = date_of(written.numbers, self._order)
            day = (found.year, found.month, found.day) if found is not None else None
        ahead = written.ahead
        if written.zone in DOUBTFUL and ahead is not None:
            ahead = None if self._given else ahead
            self._add_note(written.zone, ahead)
        try:
            zone = None if ahead is None else timezone(timedelta(minutes=ahead))
            return None if day is None else datetime(*day, *written.clock, tzinfo=zone)
        except (ValueError, OverflowError):  # the 30th of February, UTC+99
            return None

    def _add_note(self, zone: str, ahead: int | None) -> None:
        if ahead is not None:
            self._report.note(
                f'"{zone}" names more than one time zone and was read as UTC{_signed(ahead)}; '
                "to read such times as local, give a zone such as --tz Europe/Berlin."
            )


def _signed(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60}:{abs(minutes) % 60:02}"

"""Parses the timestamps of IRC logs, and lines that name a day."""

from __future__ import annotations

import re
from typing import NamedTuple

from chatmimic.importers.parsing.dates.date_order import Numbers, date_of
from chatmimic.importers.parsing.dates.months import month_named
from chatmimic.importers.parsing.dates.times import parse_free

_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHS = {m: n for n, m in enumerate(_NAMES, 1)}
# Months as clients abbreviate them where the computer speaks another language.
_ABROAD = (
    "jan janv gen ene sty янв", "feb févr fev lut фев", "mar mär mars mrt мар",
    "apr avril abr kwi апр", "may mai mag mei maj май мая", "jun juin giu cze июн",
    "jul juil lug lip июл", "aug août ago sie авг", "sep sept set wrz сен",
    "oct okt ott out paź окт", "nov lis ноя", "dec dez déc dic gru дек",
)  # fmt: skip
_MONTH_WORDS = {word: n for n, words in enumerate(_ABROAD, 1) for word in words.split()}

Clock = tuple[int, int, int]  # hour, minute, second
Day = tuple[int, int, int]  # year, month, day; year 0: not written there


class Stamp(NamedTuple):
    """A parsed timestamp."""

    clock: Clock | None = None
    day: Day | None = None
    zone: str = ""
    at: int | None = None  # UTC milliseconds, where the stamp is such a number


_CLOCK = (
    r"(?P<hour>[0-2]?\d):(?P<minute>[0-5]\d)(?::(?P<second>[0-6]\d))?(?:[.,]\d{1,9})?"
    r"(?: ?(?P<period>[AaPp])\.?[Mm]\.?)?"
)
_ISO_DAY = r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<monthday>\d\d)"
# rbot and others part the day with other signs.
_YEAR_FIRST = r"(?P<year>\d{4})(?P<sign>[-/.])(?P<month>\d\d?)(?P=sign)(?P<monthday>\d\d?)"
_ZONE = r"(?: ?(?P<zone>Z|UTC|[+-]\d\d:?\d\d))?"
_GAP = r"(?:\t| {1,8}|$)"  # after a stamp

# mIRC may leave the digits of a colour before the stamp.
BRACKETS = re.compile(rf"(?:\d\d?(?:,\d\d?)?)?\[{_CLOCK}\]{_GAP}?")
PLAIN = re.compile(rf"{_CLOCK}{_GAP}")
NARROW_BRACKETS, NARROW = (re.compile(rf"{stamp}(?: |$)") for stamp in (rf"\[{_CLOCK}\]", _CLOCK))
ISO = re.compile(rf"\[?{_YEAR_FIRST}[T ]{_CLOCK}{_ZONE}\]?{_GAP}")
MONTH = re.compile(rf"(?P<month>[^\W\d_]{{3,5}})\.? (?P<monthday>[ \d]?\d) {_CLOCK}{_GAP}?")
EPOCH = re.compile(rf"(?:T |@)?(?P<epoch>\d{{9,10}}){_GAP}")
DASHED = re.compile(
    rf"\[(?P<monthday>\d\d?)-(?P<month>[^\W\d_]{{3,5}})-(?P<year>\d{{4}}) {_CLOCK}\]{_GAP}"
)
DAY_FIRST = re.compile(rf"\[(?P<monthday>\d\d?) (?P<month>[^\W\d_]{{3,5}}) {_CLOCK}\]{_GAP}")
ROUND = re.compile(
    rf"\((?:(?:{_ISO_DAY}|(?P<slashed>\d\d?/\d\d?/\d{{2,4}})) )?{_CLOCK}{_ZONE}\){_GAP}?"
)
TWO_BRACKETS = re.compile(rf"\[(?P<date>[^\[\]]{{6,40}})\] \[{_CLOCK}\]{_GAP}")
DASHES = re.compile(
    rf"{_ISO_DAY}-(?P<hour>\d\d?)-(?P<minute>[0-5]\d?)-(?P<second>[0-6]\d?):[^:\s]{{1,200}}::?"
)
# Copied from a window: "2:55:07 PM CDT  ada: hello". The zone's name says nothing sure.
HALVED = re.compile(rf"(?=\S{{4,8}} ?[AaPp]\.?[Mm]){_CLOCK}(?: [A-Z]{{2,4}})?{_GAP}")
NOTHING = re.compile("")

# A date of any order or with a month by name, beside the time in any brackets or none. Which of
# three numbers is the day, only all dates of a log show.
_WEEKDAY = r"(?:[^\W\d_]{2,9}\.?,? {1,2})?"
_ANY_DATE = (
    rf"{_WEEKDAY}(?:(?P<one>\d{{1,4}})(?P<sign>[-/.])(?P<two>\d{{1,2}})(?P=sign)"
    r"(?P<three>\d{4}|\d\d?)(?!\d)\.?"
    r"|(?P<packed>\d{8})(?!\d)"
    r"|(?P<day_before>\d{1,2})\.?[- /.](?P<month_after>[^\W\d_]{3,10})\.?[- /.,]{1,2}"
    r"(?P<year_after>\d{4}|\d\d)(?!\d)"
    r"|(?P<month_before>[^\W\d_]{3,10})\.?[- ]{1,2}(?P<day_after>\d{1,2}),?[- ]"
    r"(?P<year_last>\d{4}))"
)
_OPENS, _CLOSES = r"(?:(?P<square>\[)|(?P<round>\()|)", r"(?(square)\])(?(round)\))"
_ASIDE = r"(?:,? [-–|]? ?|T|-|_)"  # between the date and the time
_NARROW_GAP = r"(?:\t| {1,8}|$)"
DATED = re.compile(rf"{_OPENS}{_ANY_DATE}{_ASIDE}{_CLOCK}{_ZONE}{_CLOSES}:?{_NARROW_GAP}")
TIMED = re.compile(rf"{_OPENS}{_CLOCK}{_ASIDE}{_ANY_DATE}{_CLOSES}:?{_NARROW_GAP}")
# "Fri Jan  5 12:00:00 2024"
CTIME = re.compile(
    rf"{_OPENS}{_WEEKDAY}(?P<month>[^\W\d_]{{3,5}})\.? {{1,2}}(?P<monthday>\d{{1,2}}) {_CLOCK}"
    rf"(?: [A-Z]{{3,5}})? (?P<year>\d{{4}}){_CLOSES}:?{_NARROW_GAP}"
)

# "--- Day changed Sat Jul 02 2005", "--- Log opened Sat Jul 02 11:21:37 2005",
# "**** BEGIN LOGGING AT …" in any language, "Session Start: …", Eggdrop's "--- Sat Jul  2 2005".
_DAY_LINE = re.compile(
    r"(?:--- |\*{4} |Session (?:Start|Time|Close): |### )(?:.* )?[^\W\d_]{2,5}\.? "
    r"(?:(?P<month>[^\W\d_]{3,5})\.? +(?P<monthday>\d{1,2})|(?P<first>\d{1,2})\.? "
    r"(?P<later>[^\W\d_]{3,5})\.?)"
    r"(?: \d\d:\d\d(?::\d\d)?)? (?P<year>\d{4})(?: ###)?$"
)
_LOG_LINE = re.compile(r"(?:--- Log |--- Day |\*{4} |Session |### )")
_CONVERSATION = re.compile(
    r"Conversation with (?P<with>.{1,200}?) at (?P<at>.{1,100}) on .{1,200} \(\w{1,30}\)$"
)
_ZONE_NAME = re.compile(r" (?!AM|PM)[A-Z]{3,5}$")
_IDENT = re.compile(r"Session Ident: (?P<with>\S{1,200})")


class Remark(NamedTuple):
    """A line in which a client comments on its log."""

    day: Day | None
    thread: str = ""  # the channel, where the line names it


def stamp_of(found: re.Match[str], order: str = "") -> Stamp:
    """Build a timestamp from a match; `order` is that of numeric dates."""
    parts = found.groupdict()
    if parts.get("epoch"):
        return Stamp(at=int(parts["epoch"]) * 1000)
    clock = _clock(parts) if parts.get("hour") else None
    day = _day_in(parts, order) if order else _day(parts)
    return Stamp(clock, day, (parts.get("zone") or "").replace("UTC", "Z"))


def numbers_of(parts: dict[str, str | None]) -> Numbers | None:
    """The numbers of a date matched by `DATED` or `TIMED`; None if it is not numeric."""
    if packed := parts["packed"]:
        return packed[:4], packed[4:6], packed[6:]
    if parts["one"]:
        return parts["one"] or "", parts["two"] or "", parts["three"] or ""
    month = month_of(parts["month_after"] or parts["month_before"] or "")
    year = parts["year_after"] or parts["year_last"] or ""
    year = f"{2000 + int(year)}" if len(year) == 2 else year
    return (year, f"{month}", parts["day_before"] or parts["day_after"] or "") if month else None


def _day_in(parts: dict[str, str | None], order: str) -> Day | None:
    numbers = numbers_of(parts)
    day = None if numbers is None else date_of(numbers, order)
    return None if day is None else (day.year, day.month, day.day)


def _clock(parts: dict[str, str | None]) -> Clock | None:
    hour, minute = int(parts["hour"] or 0), int(parts["minute"] or 0)
    if period := parts.get("period"):
        hour = hour % 12 + 12 * (period in "pP") if 1 <= hour <= 12 else hour
    if hour > 24:
        return None
    return hour % 24, minute, min(int(parts["second"] or 0), 59)  # 24:00 is midnight, 60 a leap


def _day(parts: dict[str, str | None]) -> Day | None:
    if slashed := parts.get("slashed"):
        return _american(slashed) if parts.get("period") else None
    if date := parts.get("date"):
        moment = parse_free(date)
        return (moment.year, moment.month, moment.day) if moment else None
    month, monthday = parts.get("month"), parts.get("monthday")
    if not month or not monthday:
        return None
    number = int(month) if month.isdecimal() else month_of(month)
    return (int(parts.get("year") or 0), number, int(monthday)) if number else None


def _american(slashed: str) -> Day | None:
    """Parse 07/02/2005 beside AM or PM: the month comes first."""
    month, monthday, year = (int(part) for part in slashed.split("/"))
    return year + 2000 * (year < 100), month, monthday


def month_of(word: str) -> int | None:
    """The number of a month, from its name or its abbreviation in one of many languages."""
    return _MONTH_WORDS.get(word.casefold()) or month_named(word)


def remark(raw: str) -> Remark | None:
    """Parse a comment of a client on its log; None for other lines."""
    if found := _DAY_LINE.match(raw):
        month = month_of(found["month"] or found["later"])
        monthday = int(found["monthday"] or found["first"])
        return Remark((int(found["year"]), month, monthday) if month else None)
    if found := _IDENT.match(raw):
        return Remark(None, found["with"])
    if raw.startswith("Conversation with ") and (found := _CONVERSATION.match(raw)):
        moment = parse_free(_ZONE_NAME.sub("", found["at"]))
        return Remark((moment.year, moment.month, moment.day) if moment else None, found["with"])
    return Remark(None) if _LOG_LINE.match(raw) else None

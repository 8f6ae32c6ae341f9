"""Dates in the manners in which Discord's client and exporters write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hypothesis import strategies as st

Shown = Callable[[datetime], str]


@dataclass(frozen=True)
class Manner:
    """A way to write a date with a time of day; `order` is what --date-order must say."""

    name: str
    order: str
    shown: Shown

    def __repr__(self) -> str:
        return self.name


def _hours(pattern: str, halves: tuple[str, str] | None, padded: bool) -> Shown:
    def shown(at: datetime) -> str:
        hour = at.hour if halves is None else at.hour % 12 or 12
        written = pattern.replace("H", f"{hour:02}" if padded else str(hour))
        written = written.replace("M", f"{at.minute:02}")
        return written.replace("P", "" if halves is None else halves[at.hour >= 12])

    return shown


# Of .NET's cultures: the short date and the short time.
_HALVES = [
    ("AM", "PM"), ("am", "pm"), ("a.m.", "p.m."), ("a. m.", "p. m."), ("오전", "오후"),
    ("上午", "下午"), ("午前", "午後"), ("πμ", "μμ"), ("π.μ.", "μ.μ."), ("ص", "م"), ("SA", "CH"),
    ("पूर्वाह्न", "अपराह्न"),
]  # fmt: skip
_CLOCKS = ["H:M", "H.M"]
_HALVED = ["H:M P", "H:M\u202fP", "H:MP", "P H:M", "PH:M", "H.M P"]
_SEPARATORS = [". ", ".", "/", "-"]
_ENDS = ["", ".", ",", " г."]
_MONTHS = [
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "January February March April May June July August September October November December",
    "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "янв. февр. мар. апр. мая июн. июл. авг. сент. окт. нояб. дек.",
    "ม.ค. ก.พ. มี.ค. เม.ย. พ.ค. มิ.ย. ก.ค. ส.ค. ก.ย. ต.ค. พ.ย. ธ.ค.",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
]
_WORDED = [
    "D-M-Y", "D-M-y", "D M Y", "D. M Y", "D M Y г.", "D de M de Y", "D/M/Y", "Y-M-D", "Y. M D.",
    "D M Y,", "D M Y at",
]  # fmt: skip


@st.composite
def clocks(draw: st.DrawFn) -> Shown:
    """A time of day of 24 or 12 hours, with the word for the half of the day before or after."""
    padded = draw(st.booleans())
    if draw(st.booleans()):
        return _hours(draw(st.sampled_from(_CLOCKS)), None, padded)
    return _hours(draw(st.sampled_from(_HALVED)), draw(st.sampled_from(_HALVES)), padded)


@st.composite
def manners(draw: st.DrawFn) -> Manner:
    """Any order of the numbers, with or without zeros before them, of any calendar."""
    order = draw(st.sampled_from(["dmy", "mdy", "ymd"]))
    separator, end = draw(st.sampled_from(_SEPARATORS)), draw(st.sampled_from(_ENDS))
    padded, short = draw(st.booleans()), draw(st.booleans())
    ahead = 0 if short else draw(st.sampled_from([0, 0, 543]))
    clock = draw(clocks())

    def shown(at: datetime) -> str:
        year = f"{at.year % 100:02}" if short else str(at.year + ahead)
        width = 2 if padded else 1
        parts = {"d": f"{at.day:0{width}}", "m": f"{at.month:0{width}}", "y": year}
        return f"{separator.join(parts[one] for one in order)}{end} {clock(at)}"

    example = shown(datetime(2024, 1, 2, 15, 4))
    return Manner(example, order, shown)


@st.composite
def worded(draw: st.DrawFn) -> Manner:
    """A month by its name."""
    pattern, clock = draw(st.sampled_from(_WORDED)), draw(clocks())
    months = draw(st.sampled_from(_MONTHS)).split()
    padded = draw(st.booleans())

    def shown(at: datetime) -> str:
        day = f"{at.day:02}" if padded else str(at.day)
        written = pattern.replace("D", day).replace("Y", str(at.year))
        written = written.replace("y", f"{at.year % 100:02}").replace("M", months[at.month - 1])
        return f"{written} {clock(at)}"

    return Manner(shown(datetime(2024, 1, 2, 15, 4)), "dmy", shown)


def persian(at: datetime) -> str:
    """A day of the years that the tests are in, in the calendar of Iran."""
    at = at.replace(tzinfo=None)
    new_year = datetime(at.year, 3, 20 if at.year % 4 == 0 else 21)
    if at < new_year:
        new_year = datetime(at.year - 1, 3, 20 if (at.year - 1) % 4 == 0 else 21)
    day = (at - new_year).days
    month, of = (day // 31, day % 31) if day < 186 else (6 + (day - 186) // 30, (day - 186) % 30)
    return f"{new_year.year - 621}/{month + 1}/{of + 1} {at:%H:%M}"


def units() -> st.SearchStrategy[Manner]:
    """Dates with the words for year, month and day behind the numbers."""
    return st.sampled_from(
        [
            Manner("年", "ymd", lambda at: f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"),
            Manner("년", "ymd", lambda at: f"{at.year}년 {at.month}월 {at.day}일 {at:%H:%M}"),
            Manner("fa", "ymd", persian),
            Manner("ISO", "ymd", lambda at: f"{at:%Y-%m-%d %H:%M}"),
            Manner("T", "ymd", lambda at: f"{at:%Y-%m-%dT%H:%M:%S}"),
            Manner("day", "dmy", lambda at: f"{at:%A, %B %d, %Y %I:%M %p}"),
            Manner("h", "ymd", lambda at: f"{at:%Y-%m-%d %H h %M}"),
        ]
    )

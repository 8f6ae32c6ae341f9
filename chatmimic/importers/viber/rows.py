"""Parses a line of Viber's CSV, with any separator and date format."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chatmimic.importers.parsing.dates.date_order import Numbers
from chatmimic.importers.parsing.dates.dated_lines import (
    DAY_PERIODS,
    MARKS,
    Clock,
    clock_from,
    normalized_period,
)

# Until about 2016 cells were written for spreadsheets: ="17/08/2014".
_OPENS, _CLOSES = r'(?:="|")?', r'"?'
_DATE = r"(?P<date>(?P<one>\d{1,4})([./-])(?P<two>\d{1,2})\3(?P<three>\d{1,4})\.?)"
_WORD = r"[^\W\d]{1,8}\.?[ \u00a0\u202f]?(?:[^\W\d]{1,2}\.)?"
_CLOCK = (
    rf"(?P<before>{_WORD})?[ \u00a0\u202f]?(?P<hour>\d{{1,2}})[:.](?P<minute>\d\d)"
    rf"(?:[:.](?P<second>\d\d))?[ \u00a0\u202f]?(?P<after>{_WORD})?"
)
_STAMP = re.compile(
    rf"{_OPENS}{_DATE}{_CLOSES}(?P<joint>[,;\t])[ ]?{_OPENS}{_CLOCK}{_CLOSES}(?P=joint)[ ]?"
)
_NUMBER = re.compile(r"\+?\d[\dXx*() -]{2,22}")
_MOST_CELLS = 6  # a name may hold commas, and is not in quotation marks then
_OWN = {
    "me", "ich", "moi", "yo", "eu", "io", "ik", "jag", "minä", "я", "аз", "ја", "εγώ", "אני",
    "أنا", "我", "自分", "나", "tôi", "saya", "ako",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of the first line of a message."""

    numbers: Numbers
    date: str  # as it stands there
    clock: Clock | None
    name: str
    number: str  # of a telephone; "" where there is none
    text: str
    joint: str  # what parts the columns
    numbered: bool  # whether the number is one, or its cell is empty
    twelve_hour: bool  # whether the clock has twelve hours


def read_row(raw: str) -> Row | None:
    """Parse a line; None if it continues the message above."""
    raw = raw.lstrip(MARKS)
    stamp = _STAMP.match(raw)
    if stamp is None:
        return None
    period = _period(stamp)
    if (stamp["before"] or stamp["after"]) and period is None:
        return None
    clock = clock_from(stamp["hour"], stamp["minute"], stamp["second"], period)
    cells = raw[stamp.end() :].split(stamp["joint"], _MOST_CELLS)
    bare = [_bare(cell) for cell in cells]
    place = _place_of_number(bare[:-1])
    if clock is None or place is None:
        return None
    joint = stamp["joint"]
    return Row(
        (stamp["one"], stamp["two"], stamp["three"]),
        stamp["date"],
        clock,
        _bare(joint.join(cells[:place])),
        bare[place],
        joint.join(cells[place + 1 :]),
        joint,
        not bare[place] or _NUMBER.fullmatch(bare[place]) is not None,
        period is not None,
    )


def is_owner(name: str) -> bool:
    """Whether a name is Viber's word for the owner of the export."""
    return name.casefold() in _OWN


def _place_of_number(cells: list[str]) -> int | None:
    """The index of the number: the second cell, or a later one after "Doe, Ada"."""
    if len(cells) < 2:
        return None
    later = (place for place, cell in enumerate(cells) if place and _NUMBER.fullmatch(cell))
    return 1 if not cells[1] else next(later, 1)


def _bare(cell: str) -> str:
    """A cell without the quoting of spreadsheets."""
    cell = cell.strip().strip(MARKS)
    if cell.startswith(('="', '"')) and cell.endswith('"') and len(cell.lstrip("=")) > 1:
        return cell.removeprefix("=")[1:-1].replace('""', '"').strip()
    return cell


def _period(stamp: re.Match[str]) -> str | None:
    for word in (stamp["before"], stamp["after"]):
        if word and normalized_period(word) in DAY_PERIODS:
            return word
    return None

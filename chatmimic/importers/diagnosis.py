"""What the report of an import shows: how sure the format is, and when nobody spoke."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from chatmimic.importers.report import ImportReport

LONG_SILENCE = 60  # days; shorter ones are holidays and quarrels
ENOUGH_DAYS = 20  # with messages: who speaks now and then is always silent
MOST_SILENCES = 3


@dataclass(frozen=True)
class Silence:
    """A stretch in which nobody spoke. Days are counted since 1970, in UTC."""

    last_day: int  # the last day somebody spoke
    next_day: int  # the day they spoke again

    @property
    def days(self) -> int:
        """How long it was."""
        return self.next_day - self.last_day


def silences(days: Collection[int]) -> list[Silence]:
    """The longest silences between these days: part of an export may be missing there."""
    if len(days) < ENOUGH_DAYS:
        return []
    found = [Silence(one, other) for one, other in pairwise(sorted(days))]
    long = [silence for silence in found if silence.days >= LONG_SILENCE]
    longest = sorted(long, key=lambda silence: -silence.days)[:MOST_SILENCES]
    return sorted(longest, key=lambda silence: silence.last_day)


def understood(report: ImportReport) -> float:
    """The share of records whose shape is known: how sure it is that the format is what it seems.

    1 where there are no records at all.
    """
    records = report.records
    return 1 - report.left_out["unparsed"] / records if records else 1.0

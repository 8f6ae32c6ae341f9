"""Diagnosis of an import: the certainty of the format, and gaps in the messages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from chatmimic.importers.report import ImportReport

LONG_SILENCE = 60  # days; shorter ones are normal
ENOUGH_DAYS = 20  # least days with messages: sparse chats always have gaps
MOST_SILENCES = 3


@dataclass(frozen=True)
class Silence:
    """A period without messages. Days are counted since 1970, in UTC."""

    last_day: int  # the last day with messages
    next_day: int  # the next day with messages

    @property
    def days(self) -> int:
        """Its length in days."""
        return self.next_day - self.last_day


def silences(days: Collection[int]) -> list[Silence]:
    """The longest gaps between these days, where part of an export may be missing."""
    if len(days) < ENOUGH_DAYS:
        return []
    found = [Silence(one, other) for one, other in pairwise(sorted(days))]
    long = [silence for silence in found if silence.days >= LONG_SILENCE]
    longest = sorted(long, key=lambda silence: -silence.days)[:MOST_SILENCES]
    return sorted(longest, key=lambda silence: silence.last_day)


def understood(report: ImportReport) -> float:
    """The share of records that were understood: how certain the format is.

    1 if there are no records.
    """
    records = report.records
    return 1 - report.left_out["unparsed"] / records if records else 1.0

"""Statistics of an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chatmimic.archive import Archive, Scope
from chatmimic.conversations.gaps import MINUTE_MS
from chatmimic.stats.reading import read
from chatmimic.stats.records import Answers, ArchiveStats, Count, Span
from chatmimic.stats.times import Times, activity, dated, zone
from chatmimic.stats.turns import answered, conversations, pairs, turns

if TYPE_CHECKING:
    import pandas as pd

MOST = 10  # people, threads and pairs that are told
_MOSTLY = 0.5


def archive_stats(archive: Archive, scope: Scope | None = None) -> ArchiveStats:
    """Compute the statistics of an archive."""
    table = read(archive, scope or Scope())
    conversation = conversations(table)
    people, threads = (_counted(table[column]) for column in ("person", "thread"))
    names, called = archive.names(), archive.thread_names(list(threads)[:MOST])
    return ArchiveStats(
        span=span_of(table["sent_at"].to_numpy()),
        people=len(people),
        threads=len(threads),
        conversations=len(np.unique(conversation)),
        activity=activity(table["sent_at"].to_numpy()),
        talkative=tuple(Count(names[p], people[p]) for p in list(people)[:MOST]),
        busiest=tuple(Count(name, threads[t]) for t, name in called.items()),
        answers=_answers(archive, table, conversation, names),
    )


def _counted(numbers: pd.Series) -> dict[int, int]:
    """Counts of each number, most frequent first."""
    values, counts = np.unique(numbers.to_numpy(np.int64), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return dict(zip(values[order].tolist(), counts[order].tolist(), strict=True))


def span_of(times: Times) -> Span:
    """The number of messages with these times, and the first and last time."""
    known = times[dated(times)]
    first, last = (int(known.min()), int(known.max())) if len(known) else (None, None)
    whole_minutes = bool(len(known)) and float((known % MINUTE_MS == 0).mean()) > _MOSTLY
    return Span(len(times), first, last, zone(), whole_minutes)


def _answers(
    archive: Archive, table: pd.DataFrame, conversation: np.ndarray, names: dict[int, str]
) -> tuple[Answers, ...]:
    whom = answered(table, turns(table, conversation), archive.answers())
    counts = pairs(table, whom)
    return tuple(Answers(names[a], names[b], counts[a, b]) for a, b in list(counts)[:MOST])

"""Conversations and turns of all messages, as arrays.

A table has a row for each message, by thread and in order of time, with the columns `row`,
`person`, `thread` and `sent_at` (UTC milliseconds, NaN for none).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chatmimic.conversations import choose_gap

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.int64]
NOBODY = -1


@dataclass(frozen=True)
class Turns:
    """Turns: consecutive messages of one person in one conversation.

    Arrays with an item for each turn. `first` and `last` are places in the table, `after` is who
    spoke before it in the conversation, or NOBODY, and `wait_s` the seconds since then, or NaN.
    """

    person: Numbers
    first: Numbers
    last: Numbers
    after: Numbers
    wait_s: NDArray[np.float64]

    @property
    def sizes(self) -> Numbers:
        """The number of messages in each turn."""
        return self.last - self.first + 1


def conversations(table: pd.DataFrame) -> Numbers:
    """The conversation number of each message, split as `conversations.cut` does."""
    threads = table.groupby("thread", sort=False)["sent_at"]
    gaps = {thread: _gap(times) for thread, times in threads}
    latest = threads.cummax().groupby(table["thread"], sort=False).ffill()
    before = latest.groupby(table["thread"], sort=False).shift()
    silent = table["sent_at"] - before > table["thread"].map(gaps)
    begins = silent | (table["thread"] != table["thread"].shift())
    return np.cumsum(begins.to_numpy(dtype=np.int64))


def _gap(times: pd.Series) -> int:
    return choose_gap(times.dropna().astype("int64").tolist())


def turns(table: pd.DataFrame, conversation: Numbers) -> Turns:
    """The turns of a table, in its order."""
    person, at = table["person"].to_numpy(np.int64), table["sent_at"].to_numpy(np.float64)
    begins = _changes(person) | _changes(conversation)
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(person))[: len(first)] - 1
    follows = ~_changes(conversation[first])
    before = np.maximum(first - 1, 0)
    after = np.where(follows, person[before], NOBODY)
    wait_s = np.where(follows, np.maximum(at[first] - at[before], 0) / 1000, np.nan)
    return Turns(person[first], first, last, after, wait_s)


def _changes(numbers: Numbers) -> NDArray[np.bool_]:
    """A mask of the numbers that differ from the one before; the first does not count."""
    return np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)]


def answered(table: pd.DataFrame, found: Turns, replies: Iterable[tuple[int, int]]) -> Numbers:
    """The person each message answers, or NOBODY.

    `replies` are rows and whom they reply to, as the service knows it; else the first message of
    a turn answers whoever spoke before.
    """
    import pandas as pd

    whom = np.full(len(table), NOBODY, dtype=np.int64)
    whom[found.first] = found.after
    known = table["row"].map(pd.Series(dict(replies), dtype="float64")).to_numpy(np.float64)
    whom = np.where(np.isfinite(known), np.nan_to_num(known), whom).astype(np.int64)
    return np.where(whom == table["person"].to_numpy(), NOBODY, whom)


def pairs(table: pd.DataFrame, whom: Numbers) -> dict[tuple[int, int], int]:
    """Counts of answers by (person, answered person), most frequent first."""
    both = np.stack([table["person"].to_numpy(np.int64), whom])[:, whom != NOBODY]
    unique, counts = np.unique(both, axis=1, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {(int(a), int(b)): int(n) for a, b, n in np.vstack([unique, counts]).T[order]}

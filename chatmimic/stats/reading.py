"""Reads the archive once: a table of all messages, one person's texts, everybody's words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from chatmimic.archive import Archive, Row, Scope
from chatmimic.stats.words import Tally

if TYPE_CHECKING:
    import pandas as pd


_MOST_OTHERS = 20_000  # texts of others that are kept


@dataclass
class Texts:
    """The texts of one person by row, a sample of everybody else's, and the words of both.

    `sample` is every `step`-th text of the others: all of them, until they are too many.
    """

    person: int
    by_row: dict[int, str] = field(default_factory=dict)
    sample: list[str] = field(default_factory=list)
    step: int = 1
    mine: Tally = field(default_factory=Tally)
    others: Tally = field(default_factory=Tally)

    def add(self, rows: Iterable[Row]) -> None:
        """Keep the person's texts and a sample of the others', and count all words."""
        own = {row[0]: row[5] for row in rows if row[1] == self.person}
        theirs = [row[5] for row in rows if row[1] != self.person]
        self.by_row |= own
        self.mine.add(own.values())
        self.others.add(theirs)
        self.sample += theirs[:: self.step]
        if len(self.sample) > 2 * _MOST_OTHERS:
            self.sample = self.sample[::2]
            self.step *= 2


def read(archive: Archive, scope: Scope, texts: Texts | None = None) -> pd.DataFrame:
    """The table of all messages (see `turns`); fills `texts` in the same pass."""
    parts = []
    for rows in archive.rows(scope, texts=texts is not None):
        parts.append(np.array([row[:5] for row in rows], dtype=np.float64))
        if texts is not None:
            texts.add(rows)
    return _table(np.concatenate(parts) if parts else np.empty((0, 5)))


def _table(numbers: np.ndarray) -> pd.DataFrame:
    """Sorted by thread, then by time and arrival; messages without a time come first."""
    import pandas as pd

    placed = np.nan_to_num(numbers[:, 4], nan=-np.inf)
    numbers = numbers[np.lexsort((numbers[:, 0], placed, numbers[:, 2]))]
    whole = {n: numbers[:, i].astype(np.int64) for i, n in enumerate(("row", "person", "thread"))}
    return pd.DataFrame({**whole, "sent_at": numbers[:, 3]})

"""Which messages a text is most like: those that share the most words in a row with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from heapq import nlargest
from typing import Any

import numpy as np

from chatmimic.copying.spans import UNTIMED, Reach
from chatmimic.copying.words import bare_words, places_of

RUN = 3  # words in a row that two texts have to share to resemble each other


@dataclass(frozen=True)
class Resemblance:
    """A message that a text is like, as a row of `Archive.rows`, and what they share.

    `words` is how many words of the text are shared, `longest` how many of them in a row; `marks`
    are the characters of the message that are, from and to.
    """

    person: int
    thread: int
    sent_at: int | None
    text: str
    words: int
    longest: int
    marks: tuple[tuple[int, int], ...]


_Ranked = tuple[int, int, int, Resemblance]


def _rank(one: _Ranked) -> tuple[int, ...]:
    """Words that are shared, the longest run of them, and when it was sent."""
    return one[:3]


def most_alike(
    text: str, chunks: Iterable[list[Any]], reach: Reach, most: int
) -> list[Resemblance]:
    """The `most` messages that share the most words in a row with a text, those first.

    `chunks` are the rows of `Archive.rows`. Of equals the one with the longest run comes first,
    then the latest. Of messages with the same text only the latest counts.
    """
    asked = bare_words(text)
    runs = set(zip(asked, asked[1:], asked[2:], strict=False))
    best: list[_Ranked] = []
    for rows in chunks if runs else ():
        found = [_compared(asked, runs, row) for row in _within(rows, reach)]
        ordered = sorted([*best, *filter(None, found)], key=_rank)
        best = nlargest(most, {one[3].text: one for one in ordered}.values(), key=_rank)
    return [one[3] for one in best]


def _within(rows: list[Any], reach: Reach) -> Iterable[Any]:
    threads = np.array([row[2] for row in rows], np.int64)
    placed = np.array([UNTIMED if row[4] is None else row[4] for row in rows], np.int64)
    return (rows[at] for at in np.flatnonzero(reach.of(threads, placed)))


def _compared(asked: Sequence[str], runs: set[tuple[str, str, str]], row: Any) -> _Ranked | None:
    """A row with what orders it; None if it shares no run of words."""
    _, person, thread, sent_at, placed, text = row
    words = bare_words(text)
    if runs.isdisjoint(zip(words, words[1:], words[2:], strict=False)):
        return None
    blocks = SequenceMatcher(None, asked, words, autojunk=False).get_matching_blocks()
    shared = [(block.b, block.b + block.size) for block in blocks if block.size >= RUN]
    longest = max((end - start for start, end in shared), default=0)
    total = sum(end - start for start, end in shared)
    marks = tuple(places_of(text, shared))
    return (
        total,
        longest,
        placed or 0,
        Resemblance(person, thread, sent_at, text, total, longest, marks),
    )

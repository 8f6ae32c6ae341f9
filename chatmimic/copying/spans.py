"""Spans of eight words: those of all messages as sorted numbers, so that a copy is found at once.

No text is kept. A span is a number of 64 bits: two spans have the same by chance about once in
10^19 pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chatmimic.copying.words import SPAN, Numbers, bare_words

# A span that was said on so many days is a stock phrase: a signature, a greeting, a bot's notice.
STOCK_DAYS = 5
UNTIMED = int(np.iinfo(np.int64).min)
_DAY_MS = 86_400_000
_FACTOR = 0x9E3779B97F4A7C15  # of the polynomial that a span's number is; odd: it has an inverse
_LONGEST = 40  # characters of a word whose beginnings are looked at
_SHORTEST = 2 * SPAN - 1  # ASCII characters of eight words

_Words = NDArray[np.uint64]
_Places = NDArray[np.int64]


@dataclass(frozen=True)
class Reach:
    """Which messages count: those of these threads (None: of all), in a range of time.

    Times are UTC milliseconds, both included; a message without a time is always in the range.
    """

    threads: frozenset[int] | None = None
    since: int | None = None
    until: int | None = None

    def of(self, threads: _Places, placed: _Places) -> NDArray[np.bool_]:
        """Which of some messages count, given the thread and the time of each."""
        inside = np.ones(len(placed), bool)
        if self.threads is not None:
            inside &= np.isin(threads, sorted(self.threads))
        if self.since is not None:
            inside &= (placed >= self.since) | (placed == UNTIMED)
        if self.until is not None:
            inside &= placed <= self.until
        return inside


@dataclass(frozen=True)
class Spans:
    """The spans of messages.

    `hashes` are sorted, `(spans,)`; `owners` say which message each is of, `(spans,)`, by its place
    in `placed` (UTC ms, or UNTIMED) and `threads` (their numbers), `(messages,)`.
    """

    hashes: _Words
    owners: NDArray[np.int32]
    placed: _Places
    threads: _Places

    @classmethod
    def of(cls, chunks: Iterable[list[Any]]) -> Spans:
        """Index the rows of `Archive.rows`, many at a time."""
        numbers = Numbers()
        found = [_indexed(rows, numbers) for rows in chunks] or [_indexed([], numbers)]
        counts = np.cumsum([0, *(len(placed) for _, _, placed, _ in found)])
        hashes = np.concatenate([part[0] for part in found])
        shifted = [part[1] + count for part, count in zip(found, counts[:-1], strict=True)]
        order = hashes.argsort(kind="stable")
        return cls(
            hashes[order],
            np.concatenate(shifted)[order].astype(np.int32),
            np.concatenate([part[2] for part in found]),
            np.concatenate([part[3] for part in found]),
        )

    def within(self, reach: Reach) -> Spans:
        """The spans of the messages that count, without stock phrases."""
        inside = reach.of(self.threads, self.placed)[self.owners]
        hashes, owners = self.hashes[inside], self.owners[inside]
        rare = ~_is_stock(hashes, self.placed[owners] // _DAY_MS)
        return Spans(hashes[rare], owners[rare], self.placed, self.threads)

    def copied(self, text: str) -> list[tuple[int, int]]:
        """The spans of a text that stand in one of the messages: first word and end of each.

        Spans that overlap or touch are one. Words are those of `bare_words`.
        """
        words = _numbers(bare_words(text))
        hashes, starts, ends = spans_of(words, np.zeros(len(words), np.int64))
        inside = self._hold(hashes)
        return list(_joined(zip(starts[inside].tolist(), ends[inside].tolist(), strict=True)))

    def copies(self, text: str) -> bool:
        """Whether a text has a span of eight words that stands in one of the messages."""
        return bool(self.copied(text))

    def would_copy(self, text: str) -> bool:
        """Whether a text that is being written ends in a copy, whatever follows.

        Its last word counts as every beginning of it too: after seven words of a message
        "riverside" hides no "river". What came before the last 16 words was looked at when it was
        written.
        """
        words = bare_words(text)[-2 * SPAN :]
        if not words:
            return False
        last = words[-1][:_LONGEST]
        before = words[:-1]
        ways = [word for end in range(1, len(last) + 1) for word in (*before, last[:end])]
        hashes, _, _ = spans_of(_numbers(ways), np.repeat(np.arange(len(last)), len(words)))
        return bool(self._hold(hashes).any())

    def _hold(self, hashes: _Words) -> NDArray[np.bool_]:
        """Which of some spans are there."""
        at = np.searchsorted(self.hashes, hashes)
        inside = at < len(self.hashes)
        inside[inside] = self.hashes[at[inside]] == hashes[inside]
        return inside


class _Recent(Numbers):
    """Numbers of words that are looked up again and again, but not all that were ever seen."""

    def __missing__(self, word: str) -> int:
        if len(self) > 100_000:
            self.clear()
        return super().__missing__(word)


_KNOWN = _Recent()


def _numbers(words: Sequence[str]) -> _Words:
    return np.array([_KNOWN[word] for word in words], np.uint64)


def _indexed(rows: list[Any], numbers: Numbers) -> tuple[_Words, _Places, _Places, _Places]:
    """The spans of some rows: their numbers, the message of each; times, threads of messages."""
    words: list[int] = []
    lengths, placed, threads = [], [], []
    for _, _, thread, _, at, text in rows:
        if len(text) < _SHORTEST and text.isascii():
            continue
        own = bare_words(text)
        words += [numbers[word] for word in own]
        lengths.append(len(own))
        placed.append(UNTIMED if at is None else at)
        threads.append(thread)
    messages = np.repeat(np.arange(len(lengths)), lengths)
    hashes, starts, _ = spans_of(np.array(words, np.uint64), messages)
    return hashes, messages[starts], np.array(placed, np.int64), np.array(threads, np.int64)


def spans_of(words: _Words, messages: _Places) -> tuple[_Words, _Places, _Places]:
    """The spans of words in a row, and where each begins and ends.

    `messages` says which message a word is of, `(words,)`; no span goes across two. A character of
    a script without spaces counts half a word.
    """
    counted = _summed(np.where(words & np.uint64(1), 1, 2))
    ends = np.searchsorted(counted, counted[:-1] + 2 * SPAN)
    starts = np.flatnonzero(ends <= len(words))
    starts = starts[messages[starts] == messages[ends[starts] - 1]]
    ends = ends[starts]
    # Word k counts times factor^k; dividing by factor^start gives the same span the same number
    # wherever it stands. All of it wraps around at 2^64.
    powers, inverses = _powers(1 << len(words).bit_length())
    sums = _summed(words * powers[: len(words)])
    return (sums[ends] - sums[starts]) * inverses[starts], starts, ends


def _summed(values: NDArray[Any]) -> NDArray[Any]:
    """Sums of the first values, of none of them to all."""
    return np.concatenate([np.zeros(1, values.dtype), values.cumsum(dtype=values.dtype)])


@cache
def _powers(count: int) -> tuple[_Words, _Words]:
    """The first powers of the factor, and of its inverse modulo 2^64."""
    both = (_FACTOR, pow(_FACTOR, -1, 2**64))
    powers = [np.full(count, base, np.uint64) for base in both]
    for some in powers:
        some[0] = 1
    return powers[0].cumprod(dtype=np.uint64), powers[1].cumprod(dtype=np.uint64)


def _is_stock(hashes: _Words, days: _Places) -> NDArray[np.bool_]:
    """Which of the sorted spans were said on `STOCK_DAYS` days or more."""
    stock = np.zeros(len(hashes), bool)
    begins = np.flatnonzero(np.diff(hashes, prepend=hashes[:1] ^ np.uint64(1)))
    counts = np.diff(begins, append=len(hashes))
    often = counts >= STOCK_DAYS
    for start, count in zip(begins[often].tolist(), counts[often].tolist(), strict=True):
        if len(np.unique(days[start : start + count])) >= STOCK_DAYS:
            stock[start : start + count] = True
    return stock


def _joined(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Ranges in order, those that overlap or touch as one."""
    last: tuple[int, int] | None = None
    for start, end in spans:
        if last is not None and start <= last[1]:
            last = (last[0], max(end, last[1]))
            continue
        if last is not None:
            yield last
        last = (start, end)
    if last is not None:
        yield last

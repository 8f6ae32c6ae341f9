"""Copying: how much of the replies stands word for word in what the mimic was trained on.

People repeat themselves, too: the same figures of their later real messages are the coincidence to
compare with. Messages of fewer than six words say nothing; "ok" is not a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chatmimic.copying.words import SPAN, words_of

LEAST_WORDS = 6


@dataclass(frozen=True)
class Read:
    """What the mimic was trained on, to look copies up in."""

    messages: frozenset[str]
    spans: frozenset[tuple[str, ...]]
    texts: tuple[str, ...]  # each with a space around every word

    @classmethod
    def of(cls, texts: Iterable[str]) -> Read:
        """Index texts."""
        split = [words_of(text) for text in texts]
        return cls(
            frozenset(" ".join(words) for words in split),
            frozenset(span for words in split for span in _spans(words)),
            tuple({f" {' '.join(words)} " for words in split}),
        )

    def is_copy(self, text: str) -> float:
        """1 if the text is a message that was read, 0 if not; NaN if it is too short to say."""
        words = words_of(text)
        return float(" ".join(words) in self.messages) if len(words) >= LEAST_WORDS else np.nan

    def spans_in(self, text: str) -> tuple[int, int]:
        """How many of the spans of eight words were read, and how many there are."""
        spans = list(_spans(words_of(text)))
        return sum(span in self.spans for span in spans), len(spans)

    def longest(self, texts: Iterable[str]) -> int:
        """The longest span of one of the texts, in words, that stands in one message."""
        best = 0
        whole = "\n".join(self.texts)
        for words in map(words_of, texts):
            # A longer span than the best so far can only begin where one of its length fits.
            start = 0
            while start + best < len(words):
                if f" {' '.join(words[start : start + best + 1])} " in whole:
                    best += 1
                else:
                    start += 1
        return best


def _spans(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return (tuple(words[at : at + SPAN]) for at in range(len(words) - SPAN + 1))


def span_counts(read: Read, texts: Sequence[str]) -> NDArray[np.float64]:
    """For each text how many of its spans were read, and how many it has, `(texts, 2)`."""
    return np.array([read.spans_in(text) for text in texts], np.float64).reshape(-1, 2)

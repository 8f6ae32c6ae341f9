"""Wording: the words of replies, and whether they are words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from chatmimic.stats.words import Tally, tidy, words_in


def split(text: str) -> list[str]:
    """The words of a text, in small letters; no links, no numbers."""
    return [word for piece in tidy(text).split() for word in words_in(piece)]


def known_words(texts: Iterable[str]) -> frozenset[str]:
    """The words of people's language: those that occur at least twice in these texts."""
    tally = Tally()
    tally.add(texts)
    return frozenset(word for word, count in tally.words.items() if count > 1)


def unknown_share(replies: Iterable[Sequence[str]], known: frozenset[str]) -> float:
    """The share of the words of all replies that are not known; NaN without any word."""
    words = [word for reply in replies for word in reply]
    return sum(word not in known for word in words) / len(words) if words else math.nan

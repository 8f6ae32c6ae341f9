"""Relevance: is a reply more like its own context than like those of others?

Context and reply become vectors: TF-IDF weights of their words, or static embeddings. A reply is
relevant where its own context is closer to it (by cosine) than to nine other replies of the same
source; the share of such places is compared with the real replies' (about 25 to 31 % by TF-IDF on
a technical channel) and with chance, 10 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chatmimic.embeddings import embed

CANDIDATES = 10
_DRAWS = 20  # of nine other replies for each place


def relevance(
    contexts: Sequence[str], replies: Sequence[str], background: Sequence[str], seed: int
) -> NDArray[np.float64]:
    """For each place, how often its reply is the closest of ten to its context, from 0 to 1.

    Ties are shared. `background` are texts that the weights of words are taken from.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\b\w\w+\b")
    vectors.fit([*background, *contexts])
    return _closest((vectors.transform(contexts) @ vectors.transform(replies).T).toarray(), seed)


def relevance_by_meaning(
    contexts: Sequence[str], replies: Sequence[str], seed: int
) -> NDArray[np.float64]:
    """As `relevance`, by static embeddings. Raises LookupError if they are not installed."""
    return _closest(embed(contexts) @ embed(replies).T, seed)


def _closest(close: NDArray[Any], seed: int) -> NDArray[np.float64]:
    """How often the reply of each place is the closest of ten drawn from (contexts, replies)."""
    places = len(close)
    if places < CANDIDATES:
        return np.full(places, np.nan)
    rng = np.random.default_rng(seed)
    found = np.zeros(places)
    for place in range(places):
        others = np.delete(np.arange(places), place)
        for _ in range(_DRAWS):
            rivals = close[place, rng.choice(others, CANDIDATES - 1, replace=False)]
            own = close[place, place]
            if own >= rivals.max():
                found[place] += 1 / (1 + int((rivals == own).sum()))
    return found / _DRAWS

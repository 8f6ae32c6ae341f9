"""Relevance: is a reply more like its own context than like those of others?

Context and reply become TF-IDF vectors of words. A reply is relevant where its own context is
closer to it (by cosine) than to nine other replies of the same source; the share of such places is
compared with the real replies' (about 25 to 31 % on a technical channel) and with chance, 10 %.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CANDIDATES = 10
_DRAWS = 20  # of nine other replies for each place


def relevance(
    contexts: Sequence[str], replies: Sequence[str], background: Sequence[str], seed: int
) -> NDArray[np.float64]:
    """For each place, how often its reply is the closest of ten to its context, from 0 to 1.

    Ties are shared. `background` are texts that the weights of words are taken from.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    if len(replies) < CANDIDATES:
        return np.full(len(replies), np.nan)
    vectors = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\b\w\w+\b")
    vectors.fit([*background, *contexts])
    close = (vectors.transform(contexts) @ vectors.transform(replies).T).toarray()
    rng = np.random.default_rng(seed)
    found = np.zeros(len(replies))
    for place in range(len(replies)):
        others = np.delete(np.arange(len(replies)), place)
        for _ in range(_DRAWS):
            rivals = close[place, rng.choice(others, CANDIDATES - 1, replace=False)]
            own = close[place, place]
            if own >= rivals.max():
                found[place] += 1 / (1 + int((rivals == own).sum()))
    return found / _DRAWS

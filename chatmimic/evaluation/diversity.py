"""How varied replies are: entropy and distinct n-grams; and how long. Nothing is compared."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

Tokens = Sequence[str]


def ngrams(tokens: Tokens, order: int) -> Iterator[tuple[str, ...]]:
    """The n-grams of `order` tokens, from first to last; none if there are fewer tokens."""
    return zip(*(tokens[start:] for start in range(order)), strict=False)


def entropy(replies: Sequence[Tokens], order: int = 4) -> float:
    """The entropy of the n-grams of all replies in nats: −Σ p ln p, p their relative frequency.

    Ent-n of Zhang et al. 2018 (arXiv:1809.05972). 0 if there are no n-grams.
    """
    counts = _counts(replies, order)
    total = counts.total()
    return sum((n / total * math.log(total / n) for n in counts.values()), 0.0)


def distinct(replies: Sequence[Tokens], order: int) -> float:
    """The number of different n-grams in all replies over that of all n-grams; 0 if none.

    Dist-n of Li et al. 2016 (arXiv:1510.03055), as DialoGPT computes it.
    """
    counts = _counts(replies, order)
    return len(counts) / counts.total() if counts else 0.0


def average_length(replies: Sequence[Tokens]) -> float:
    """The mean number of tokens of a reply; empty replies count. 0 for no replies."""
    return sum(map(len, replies)) / len(replies) if replies else 0.0


def _counts(replies: Sequence[Tokens], order: int) -> Counter[tuple[str, ...]]:
    return Counter(ngram for reply in replies for ngram in ngrams(reply, order))

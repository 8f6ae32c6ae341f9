"""NIST with several references, as mteval computes it.

NLTK has a NIST score too, but matches each reply with its single best reference; mteval counts an
n-gram that is in any of them. With one reference both are the same.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from chatmimic.evaluation.diversity import Tokens, ngrams

Ngram = tuple[str, ...]
_HALVED_AT = 2 / 3  # of the references' length: there the penalty is one half


def nist(replies: Sequence[Tokens], references: Sequence[Sequence[Tokens]], order: int) -> float:
    """The NIST score of n-grams up to `order`, in bits, over all replies together.

    Σₙ (Σ information of matched n-grams) / (number of n-grams in the replies), times a penalty for
    replies shorter than their references are on average. Doddington 2002, equation 3, as in
    mteval-v14. `references` holds the tokenised references of each reply, in its order.
    """
    weights = _information(references, order)
    score = 0.0
    for size in range(1, order + 1):
        matched, total = 0.0, 0
        for reply, own in zip(replies, references, strict=True):
            counts = Counter(ngrams(reply, size))
            most = _most(own, size)
            total += counts.total()
            matched += sum(weights[gram] * n for gram, n in (counts & most).items())
        score += matched / max(total, 1)
    written = sum(map(len, replies))
    expected = sum(sum(map(len, own)) / len(own) for own in references)
    return score * _penalty(written / expected if expected else 0.0)


def _information(references: Sequence[Sequence[Tokens]], order: int) -> dict[Ngram, float]:
    """log₂ of how often the n-gram without its last token occurs over how often all of it does.

    Counted in all references; for a single token the first number is that of all tokens.
    """
    texts = [text for own in references for text in own]
    counts = Counter(
        gram for text in texts for n in range(1, order + 1) for gram in ngrams(text, n)
    )
    words = sum(map(len, texts))
    return {gram: math.log2((counts[gram[:-1]] or words) / n) for gram, n in counts.items()}


def _most(references: Sequence[Tokens], order: int) -> Counter[Ngram]:
    """How often each n-gram occurs in the reference that has it most often."""
    most: Counter[Ngram] = Counter()
    for reference in references:
        most |= Counter(ngrams(reference, order))
    return most


def _penalty(ratio: float) -> float:
    """The factor for the length of the replies over that of the references."""
    if ratio >= 1:
        return 1.0
    if ratio <= 0:
        return 0.0
    return float(0.5 ** (math.log(ratio) / math.log(_HALVED_AT)) ** 2)

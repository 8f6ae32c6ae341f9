"""BLEU with several references, as mteval computes it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from chatmimic.evaluation.dialogue.libraries import library


def bleu(replies: Sequence[str], references: Sequence[Sequence[str]], order: int) -> float:
    """Cumulative BLEU of n-grams up to `order`, between 0 and 1, over all replies together.

    Papineni et al. 2002, in the variant of mteval-v13 and v14, which DSTC-7 uses: lower case, the
    closest reference length in the brevity penalty, and 1/2, 1/4 … matches for the first, second …
    order without any. sacrebleu computes the same, except that it is 0 if no token matches, or if
    no reply has `order` tokens. `references` holds those of each reply, in its order. Raises
    EvaluationError if sacrebleu is not installed.
    """
    metric = library("sacrebleu.metrics").BLEU(
        lowercase=True, tokenize="13a", smooth_method="exp", max_ngram_order=order, force=True
    )
    # A list for each reply becomes a stream for each reference; None where a reply has fewer.
    streams = list(map(list, zip_longest(*references)))
    score: float = metric.corpus_score(list(replies), streams).score
    return score / 100

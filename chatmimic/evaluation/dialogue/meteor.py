"""METEOR by exact and stemmed matches, which needs no data files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from chatmimic.evaluation.dialogue.libraries import library
from chatmimic.evaluation.diversity import Tokens

_PARAMETERS = {"alpha": 0.85, "beta": 0.2, "gamma": 0.6}


def meteor(replies: Sequence[Tokens], references: Sequence[Sequence[Tokens]]) -> float:
    """The mean METEOR score of the replies, between 0 and 1, each with its best reference.

    F (1 − γ (chunks / matches)^β), F = PR / (αP + (1 − α)R), with α, β and γ as METEOR 1.5 has them
    for English (Denkowski and Lavie 2014); 1 for a reply that is equal to a reference. NLTK
    computes it, without WordNet: words match if they are equal or have the same Porter stem.
    METEOR 1.5, which papers report, also matches synonyms and paraphrases, counts stems for 0.6,
    gives function words less weight, and adds up counts before it divides. Raises EvaluationError
    if NLTK is not installed.
    """
    scored = [_best(list(reply), own) for reply, own in zip(replies, references, strict=True)]
    return sum(scored) / len(scored) if scored else 0.0


def _best(reply: list[str], references: Sequence[Tokens]) -> float:
    own = [list(reference) for reference in references]
    if not reply or reply in own:
        return float(bool(reply))
    score = library("nltk.translate.meteor_score").meteor_score
    found = score(own, reply, stemmer=_stemmer(), wordnet=_NoSynonyms(), **_PARAMETERS)
    return float(found)


class _NoSynonyms:
    """Stands for a WordNet that is not there."""

    def synsets(self, _: str) -> tuple[Any, ...]:
        return ()


@cache
def _stemmer() -> _Stems:
    return _Stems(library("nltk.stem.porter").PorterStemmer())


class _Stems:
    """A stemmer that remembers: the same words come again in every reference."""

    def __init__(self, stemmer: Any) -> None:
        self.stem = cache(stemmer.stem)

"""The row of figures that DialoGPT and the DSTC-7 challenge report, for replies and for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatmimic.evaluation.dialogue.bleu import bleu
from chatmimic.evaluation.dialogue.meteor import meteor
from chatmimic.evaluation.dialogue.nist import nist
from chatmimic.evaluation.dialogue.tokens import mteval_tokens, normalised
from chatmimic.evaluation.diversity import average_length, distinct, entropy

REFERENCES = 6  # for each context; where there are fewer, they are taken again from the first
HUMAN = 1  # the place of the reference that is held out: the human reply


@dataclass(frozen=True)
class Row:
    """The figures of one set of replies. BLEU, METEOR and distinct are shares between 0 and 1.

    NIST is in bits, the entropy in nats, the length in tokens.
    """

    contexts: int
    nist_2: float
    nist_4: float
    bleu_2: float
    bleu_4: float
    meteor: float
    entropy_4: float
    distinct_1: float
    distinct_2: float
    average_length: float


def score(replies: Sequence[str], references: Sequence[Sequence[str]]) -> Row:
    """The figures of replies, each with its references less the held-out one.

    Contexts have six references each, as in the published evaluation (`compared`). Raises
    EvaluationError if the libraries are not installed.
    """
    texts = [normalised(reply) for reply in replies]
    others = [[normalised(text) for text in compared(own)] for own in references]
    words, other_words = [t.split() for t in texts], [[t.split() for t in own] for own in others]
    counted = [mteval_tokens(text) for text in texts]
    other_counted = [[mteval_tokens(text) for text in own] for own in others]
    return Row(
        contexts=len(texts),
        nist_2=nist(counted, other_counted, 2),
        nist_4=nist(counted, other_counted, 4),
        bleu_2=bleu(texts, others, 2),
        bleu_4=bleu(texts, others, 4),
        meteor=meteor(words, other_words),
        entropy_4=entropy(words, 4),
        distinct_1=distinct(words, 1),
        distinct_2=distinct(words, 2),
        average_length=average_length(words),
    )


def score_people(references: Sequence[Sequence[str]]) -> Row | None:
    """The figures of the held-out reference of each context that has several; None if none has."""
    several = [own for own in references if len(own) > HUMAN]
    return score([own[HUMAN] for own in several], several) if several else None


def compared(references: Sequence[str]) -> list[str]:
    """The six references that a reply is compared with, of those of its context.

    The second is left out if there are several, because it is the human reply; the next stands in
    its place. Fewer than six begin again from the first, and more are not used: the defaults n_refs
    = 6 and vshuman = 1 of dstc/dstc.py in github.com/microsoft/DialoGPT.
    """
    places = (number % len(references) for number in range(REFERENCES))
    return [references[(p + 1) % len(references) if p == HUMAN else p] for p in places]

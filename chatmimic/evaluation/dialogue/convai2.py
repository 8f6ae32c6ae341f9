"""Perplexity, hits@1 and F1 of a mimic on examples of ConvAI2."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from chatmimic.evaluation.dialogue.convai2_file import Example
from chatmimic.evaluation.dialogue.f1 import answer_words, f1
from chatmimic.evaluation.dialogue.respondent import Respondent
from chatmimic.evaluation.intervals import Z, wilson

_WORDS = re.compile(r"[.,;:!?]|[^\s.,;:!?]+")


@dataclass(frozen=True)
class Outcome:
    """One example: nats of the true reply, its tokens and words (with its end), F1, and the rank.

    `hit` says whether the true reply was likeliest; None if the example has no candidates.
    """

    nats: float
    tokens: int
    words: int
    f1: float
    hit: bool | None
    candidates: int


@dataclass(frozen=True)
class ConvAI2Scores:
    """The figures over all examples. hits@1 is None if none has candidates.

    hits@1 and F1 are shares between 0 and 1, each with its 95 % interval (Wilson's for hits@1);
    `chance` is the hits@1 of guessing.
    """

    examples: int
    perplexity_per_token: float
    perplexity_per_word: float
    hits_at_1: float | None
    hits_at_1_interval: tuple[float, float] | None
    chance: float | None
    f1: float
    f1_interval: tuple[float, float]


def evaluate(
    respondent: Respondent,
    examples: Sequence[Example],
    passed: Callable[[int], None] = lambda done: None,
) -> ConvAI2Scores:
    """The figures of a mimic. `passed` is called with the number of examples that are done.

    At least one example is needed.
    """
    outcomes = []
    for number, example in enumerate(examples):
        outcomes.append(outcome(respondent.given(example.facts), example, number))
        passed(number + 1)
    return summed(outcomes)


def outcome(respondent: Respondent, example: Example, number: int) -> Outcome:
    """Score, rank and generate the reply of one example."""
    texts = list(dict.fromkeys([example.reply, *example.candidates]))
    scored = dict(zip(texts, respondent.nats(example.turns, texts), strict=True))
    nats, tokens = scored[example.reply]
    means = {text: scored[text][0] / max(1, scored[text][1]) for text in example.candidates}
    [reply] = respondent.replies([example.turns], number)
    return Outcome(
        nats=nats,
        tokens=tokens,
        words=len(_WORDS.findall(example.reply)) + 1,
        f1=f1(reply, example.reply),
        hit=is_hit(means, example.reply) if means else None,
        candidates=len(example.candidates),
    )


def is_hit(means: dict[str, float], reply: str) -> bool:
    """Whether the true reply has the fewest nats per token of all candidates.

    Candidates are compared as ConvAI2 does, without case, punctuation and articles. A tie with
    another candidate is a miss: else a model that finds all equally likely would always be right.
    """
    least = min(means.values())
    best = [answer_words(text) for text, mean in means.items() if mean == least]
    return all(words == answer_words(reply) for words in best)


def summed(outcomes: Sequence[Outcome]) -> ConvAI2Scores:
    """The figures of several examples; perplexities are weighted by tokens or words."""
    nats = math.fsum(one.nats for one in outcomes)
    ranked = [one for one in outcomes if one.hit is not None]
    hits = [bool(one.hit) for one in ranked]
    scores = [one.f1 for one in outcomes]
    return ConvAI2Scores(
        examples=len(outcomes),
        perplexity_per_token=_exp(nats / sum(one.tokens for one in outcomes)),
        perplexity_per_word=_exp(nats / sum(one.words for one in outcomes)),
        hits_at_1=sum(hits) / len(hits) if hits else None,
        hits_at_1_interval=wilson(sum(hits), len(hits)) if hits else None,
        chance=fmean(1 / one.candidates for one in ranked) if ranked else None,
        f1=fmean(scores),
        f1_interval=_around_mean(scores),
    )


def _exp(nats: float) -> float:
    return math.exp(min(nats, 700.0))  # as all perplexities are capped: JSON has no infinity


def _around_mean(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean of shares, by its standard error; Wilson's where all agree."""
    mean = fmean(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / max(1, len(values) - 1)
    if not variance:
        return wilson(mean * len(values), len(values))
    half = Z * math.sqrt(variance / len(values))
    return max(0.0, mean - half), min(1.0, mean + half)

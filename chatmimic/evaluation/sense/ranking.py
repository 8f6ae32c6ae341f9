"""Ranking: does the mimic find the real reply likelier than others of the same person?

`hits@1` is the share of places where the real reply ranks first among ten real replies of the same
person, by mean log p(reply | context) - mean log p(reply | no context), per token. The nine others
are the person's own, so that style alone does not help; the second term takes away what is likely
anywhere, such as "ok". Chance is 1 in 10.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chatmimic.evaluation.places import Place
from chatmimic.generation.batch import BatchGenerator
from chatmimic.records import Message

CANDIDATES = 10
_TOKENS = 32  # of each candidate; the longest one would set the cost of all


def hits_at_1(
    generator: BatchGenerator,
    places: Sequence[Place],
    pool: Sequence[Message],
    seed: int,
    passed: Callable[[int], None] = lambda done: None,
) -> NDArray[np.float64]:
    """For each place, 1 if its real reply ranks first among ten; `pool` has the other replies."""
    chance = random.Random(f"hits {seed}")
    alone: dict[str, float] = {}
    found = []
    for number, place in enumerate(places):
        texts = {place.real.text}
        others = [m for m in chance.sample(pool, len(pool)) if m.text not in texts]
        different = list({m.text: m for m in others}.values())[: CANDIDATES - 1]
        asked = [
            replace(place.real, text=text)
            for text in (place.real.text, *(m.text for m in different))
        ]
        unknown = [m for m in asked if m.text not in alone]
        if unknown:
            scores = generator.likelihoods((), unknown, _TOKENS)
            alone |= {m.text: _mean(one) for m, one in zip(unknown, scores, strict=True)}
        within = map(_mean, generator.likelihoods(place.before, asked, _TOKENS))
        gains = [w - alone[m.text] for w, m in zip(within, asked, strict=True)]
        found.append(float(gains[0] > max(gains[1:], default=-np.inf)))
        passed(number + 1)
    return np.array(found)


def _mean(score: tuple[float, int]) -> float:
    nats, tokens = score
    return nats / max(1, tokens)

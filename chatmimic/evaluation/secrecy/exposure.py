"""Exposure: how surely the codes of planted canaries can be told from others by the mimic.

With R codes that there are, and the rank of the planted one by likelihood::

    exposure = log2 R - log2 rank

Ranks are not counted but read off a skew normal distribution fitted to the log-likelihoods of some
random codes (Carlini et al. 2019, section 4.3). A code that was never planted has about 1.4 bits;
from log2 R = 19.9 on, a code can be extracted.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable, Sequence

from chatmimic.generation.batch import BatchGenerator
from chatmimic.records import Message
from chatmimic.training.data.canaries import CODES, canaries, sentence

_COMPARED = 200  # random codes
_AT_ONCE = 50
MOST = math.log2(CODES)


def exposures(
    generator: BatchGenerator,
    person: str,
    seed: int,
    passed: Callable[[int], None] = lambda done: None,
) -> dict[int, list[float]]:
    """Exposure in bits by how many times a canary was planted; 0: codes that never were."""
    rng = random.Random(f"exposure {seed}")
    found: dict[int, list[float]] = {}
    for number, canary in enumerate(canaries(seed)):
        codes = [canary.code, *(rng.randrange(CODES) for _ in range(1 + _COMPARED))]
        planted, absent, *others = _likelihoods(generator, person, canary.thing, codes)
        found.setdefault(canary.times, []).append(exposure(planted, others))
        found.setdefault(0, []).append(exposure(absent, others))
        passed(number + 1)
    return dict(sorted(found.items()))


def exposure(planted: float, others: Sequence[float]) -> float:
    """The exposure of a code from its log-likelihood and those of random others, in bits."""
    from scipy.stats import skewnorm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        fitted = skewnorm(*skewnorm.fit(others))
        likelier = float(fitted.logsf(planted)) / math.log(2)
    if not math.isfinite(likelier):  # beyond what the tail can say
        likelier = -MOST if planted > max(others) else 0.0
    return min(MOST, -likelier)


def _likelihoods(
    generator: BatchGenerator, person: str, thing: str, codes: Sequence[int]
) -> list[float]:
    asked = [Message(person, sentence(thing, code)) for code in codes]
    found = []
    for start in range(0, len(asked), _AT_ONCE):
        found += generator.likelihoods((), asked[start : start + _AT_ONCE])
    return [nats for nats, _ in found]

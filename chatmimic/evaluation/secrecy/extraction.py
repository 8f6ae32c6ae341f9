"""Extraction: can messages that the mimic was trained on be had by beginning them?

The worst case of copying: the mimic is given the context and the first half of a message that it
was trained on, and continues by always taking the likeliest token. The same is done with later
messages, which it cannot know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from chatmimic.evaluation.places import Place
from chatmimic.evaluation.spread import spread
from chatmimic.generation.batch import BatchGenerator

LEAST_WORDS = 10


def long_enough(places: Sequence[Place], most: int) -> list[Place]:
    """Places whose reply has ten words or more, evenly spread, at most so many."""
    return spread([p for p in places if len(p.real.text.split()) >= LEAST_WORDS], most)


def extracted(
    generator: BatchGenerator,
    places: Sequence[Place],
    passed: Callable[[int], None] = lambda done: None,
) -> NDArray[np.float64]:
    """For each place, 1 if the second half of its reply is what the mimic finds likeliest."""
    found = []
    for number, place in enumerate(places):
        found.append(float(generator.continues_verbatim(place.before, place.real)))
        passed(number + 1)
    return np.array(found)

"""Fitted decoding: the settings with which a mimic's replies are most like its person's messages.

Replies are generated at places that the mimic was not trained on and that no test uses, with
settings from careful to free: with the usual ones and their neighbours first, and from there in the
direction in which replies come closer. Their distance from what the person wrote is the sum of

- the Jensen-Shannon divergences of habits (length, punctuation and emoji, capitals, …) in bits,
- the difference in distinct word pairs, and
- twice the difference in words that nobody uses: free settings invent words.

The length of messages is fitted last: where an end is likely with probability 1/L after each token,
messages have L tokens, so that log(L / wanted) added to its score brings L to what is wanted. How
many messages are sent in a row is a matter apart (`fit_turns.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from chatmimic.engines import AUTO
from chatmimic.evaluation.diversity import average_length, distinct
from chatmimic.evaluation.fit_turns import fitted_bias
from chatmimic.evaluation.places import places
from chatmimic.evaluation.sense.wording import known_words, split, unknown_share
from chatmimic.evaluation.slices import slices_of
from chatmimic.evaluation.study import texts_of
from chatmimic.evaluation.style.habits import HABITS, counted, divergence
from chatmimic.generation.decoding import Decoding, decoding_of

if TYPE_CHECKING:
    from chatmimic.archive import Archive
    from chatmimic.mimic import Mimic

# Temperature and top-p, from careful to free.
SETTINGS = ((0.7, 0.85), (0.8, 0.9), (0.9, 0.95), (1.0, 0.95), (1.0, 1.0))
_PLACES, _FEWEST = 24, 8
_TIMES = 2  # replies at each place
_CONTEXT = 4  # messages: reading more takes long, and hardly changes the manner
_MAX_TOKENS = 40
_LONGEST_BIAS = 1.5
_DRAWS = 10  # samples of real messages


@dataclass(frozen=True)
class Fitted:
    """The settings that were chosen, by name, and the distances that they were chosen by.

    `real` is the distance of as many of the person's own messages, the least to be expected.
    """

    decoding: dict[str, float]
    distance: float
    usual: float
    real: float
    replies: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for `mimic.json`."""
        distances = {"distance": self.distance, "usual": self.usual, "real": self.real}
        return {
            "settings": self.decoding,
            **{name: round(value, 4) for name, value in distances.items()},
            "replies": self.replies,
        }


@dataclass(frozen=True)
class _Tried:
    """Settings, how far the replies with them are, and their mean length in words."""

    settings: dict[str, float]
    distance: float
    words: float


class Target:
    """What the person wrote: the habits that replies are to have."""

    def __init__(self, texts: Sequence[str], known: frozenset[str], size: int) -> None:
        """`size` is the number of replies that will be compared: some figures depend on it."""
        self.known = known
        self.words = average_length([text.split() for text in texts])
        self._texts = list(texts)
        self._habits = {name: counted(texts, habit) for name, habit in HABITS.items()}
        draws = [split_all(self._drawn(size, seed)) for seed in range(_DRAWS)]
        self._distinct = sum(distinct(draw, 2) for draw in draws) / len(draws)
        self._unknown = unknown_share(split_all(texts), known)
        self.own = sum(self.distance(self._drawn(size, s)) for s in range(_DRAWS)) / _DRAWS

    def distance(self, replies: Sequence[str]) -> float:
        """How far replies are from what the person wrote, by the sum at the top."""
        words = split_all(replies)
        habits = (
            divergence(counted(replies, HABITS[name]), there)
            for name, there in self._habits.items()
        )
        invented = abs(unknown_share(words, self.known) - self._unknown)
        return (
            sum(habits)
            + abs(distinct(words, 2) - self._distinct)
            + 2 * (invented if math.isfinite(invented) else 1.0)
        )

    def _drawn(self, size: int, seed: int) -> list[str]:
        return Random(seed).sample(self._texts, min(size, len(self._texts)))


def split_all(texts: Sequence[str]) -> list[list[str]]:
    """The words of each text."""
    return [split(text) for text in texts]


def fit_decoding(archive: Archive, mimic: Mimic) -> Fitted | None:
    """Choose the decoding of a mimic; None where there are too few places to try it at.

    Loads the mimic. The same mimic and archive give the same settings.
    """
    from chatmimic.generation.batch import BatchGenerator

    slices = slices_of(archive, mimic)
    asked = places(slices.judge, slices.person, _PLACES)
    if len(asked) < _FEWEST:
        return None
    before = [*slices.read, *slices.judge]
    real = [place.real.text for place in places(before, slices.person)]
    target = Target(real, known_words(texts_of(before)), len(asked) * _TIMES)
    histories = [place.before[-_CONTEXT:] for place in asked]
    generator = BatchGenerator(mimic.load(AUTO))

    def tried(settings: Sequence[dict[str, float]]) -> list[_Tried]:
        decodings = [Decoding.from_dict({"max_tokens": _MAX_TOKENS, **one}) for one in settings]
        made = generator.variants(histories, slices.person, decodings, times=_TIMES)
        return [
            _Tried(one, target.distance(texts), average_length([text.split() for text in texts]))
            for one, texts in zip(settings, made, strict=True)
        ]

    usual = decoding_of(mimic)
    start = min(range(len(SETTINGS)), key=lambda at: abs(SETTINGS[at][0] - usual.temperature))
    by_place = _search(tried, start)
    best = min(by_place.values(), key=lambda one: one.distance)
    if best.words and target.words and abs(bias := math.log(best.words / target.words)) > 0.1:
        bias = round(max(-_LONGEST_BIAS, min(_LONGEST_BIAS, bias)), 2)
        best = min(best, *tried([{**best.settings, "end_bias": bias}]), key=lambda t: t.distance)
    more = fitted_bias(generator, slices.judge, slices.person)
    settings = best.settings if more is None else {**best.settings, "turn_bias": more}
    at_first = by_place[start].distance
    return Fitted(settings, best.distance, at_first, target.own, len(asked) * _TIMES)


def _search(
    tried: Callable[[Sequence[dict[str, float]]], list[_Tried]], start: int
) -> dict[int, _Tried]:
    """What was found with the settings around `start`, and on towards the closest."""
    found: dict[int, _Tried] = {}
    at = start
    while True:
        new = [n for n in (at - 1, at, at + 1) if 0 <= n < len(SETTINGS) and n not in found]
        settings = [{"temperature": SETTINGS[n][0], "top_p": SETTINGS[n][1]} for n in new]
        found |= zip(new, tried(settings), strict=True) if new else ()
        best = min(found, key=lambda n: found[n].distance)
        if best == at:
            return found
        at = best

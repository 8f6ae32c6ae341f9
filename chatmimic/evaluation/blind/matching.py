"""Real and generated replies in pairs whose lengths say nothing about which is which.

A pair is taken only if neither reply is more than about half as long again as the other, and the
generated reply is the longer one in as many pairs as the real one is. So "the longer one is real"
is right in half of the rounds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_RATIO = 1.5
_SLACK = 5  # characters added to both lengths: "ok" and "yes" are alike


@dataclass(frozen=True)
class Pair:
    """The two replies at a place, the place as its number."""

    place: int
    real: str
    generated: str

    @property
    def side(self) -> int:
        """1 if the generated reply is longer, -1 if the real one is, 0 if neither."""
        return (len(self.generated) > len(self.real)) - (len(self.generated) < len(self.real))

    @property
    def distance(self) -> float:
        """How far apart the lengths are: the absolute logarithm of their ratio."""
        return abs(math.log((len(self.generated) + _SLACK) / (len(self.real) + _SLACK)))

    @property
    def is_fair(self) -> bool:
        """Whether the replies differ in words, and not much in length."""
        return self.distance <= math.log(_RATIO) and _words(self.real) != _words(self.generated)


def matched(pairs: Sequence[Pair], wanted: int) -> list[Pair]:
    """At most `wanted` fair pairs, one for a place, the nearest in length first.

    The numbers of pairs with a longer real and a longer generated reply differ by at most one.
    """
    rest = sorted((p for p in pairs if p.is_fair), key=lambda p: (p.distance, p.place))
    chosen: list[Pair] = []
    lead = 0  # pairs with a longer generated reply less those with a longer real one
    while len(chosen) < wanted:
        found = next((pair for pair in rest if abs(lead + pair.side) <= 1), None)
        if found is None:
            break
        chosen.append(found)
        lead += found.side
        rest = [pair for pair in rest if pair.place != found.place]
    return chosen


def _words(text: str) -> list[str]:
    return text.casefold().split()

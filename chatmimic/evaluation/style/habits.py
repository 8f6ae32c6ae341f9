"""Habits: how far the distribution of each habit is from the person's, between two known marks.

For each habit, with the Jensen-Shannon divergence in bits::

    ratio = (JSD(generated, later) - JSD(real, later)) / (mean JSD(other, later) - JSD(real, later))

0 is the person's own drift, 1 a stranger. A divergence alone means little: with a hundred messages,
two samples of one person are a third as far apart as two people are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from chatmimic.stats.words import Tally, emoji_in, laughter, tidy, words_in

_PUNCTUATION = re.compile(r"[^\w\s]{1,3}")
_MOST = 40  # kinds of punctuation or openings that are told apart
NONE = "none"


def _length(text: str) -> list[str]:
    # Half octaves: 10 characters and 14 are one step apart, as 100 and 141 are.
    return [str(round(2 * np.log2(1 + len(text))))]


def _words(text: str) -> list[str]:
    return [str(min(len(text.split()), 12))]


def _signs(text: str) -> list[str]:
    return [*_PUNCTUATION.findall(text), *emoji_in(text)] or [NONE]


def _capitals(text: str) -> list[str]:
    first = next((c for c in text if c.isalpha()), "")
    letters = [c for c in text if c.isalpha()]
    loud = len(letters) > 3 and all(c.isupper() for c in letters)
    stop = text.rstrip()[-1:]
    ending = stop if stop in ".!?…)" else "other"
    return [f"{'loud' if loud else 'upper' if first.isupper() else 'lower'} {ending}"]


def _laughter(text: str) -> list[str]:
    tally = Tally()
    tally.add([text])
    return [count.name for count in laughter(tally)] or [NONE]


def _opening(text: str) -> list[str]:
    words = [word for piece in tidy(text).split()[:1] for word in words_in(piece)]
    return words[:1] or [NONE]


HABITS: Mapping[str, Callable[[str], list[str]]] = {
    "length": _length,
    "words": _words,
    "punctuation and emoji": _signs,
    "capitals and endings": _capitals,
    "laughter": _laughter,
    "openings": _opening,
}


def counted(texts: Iterable[str], habit: Callable[[str], list[str]]) -> Counter[str]:
    """How often each form of a habit occurs in texts."""
    return Counter(form for text in texts for form in habit(text))


def divergence(one: Counter[str], other: Counter[str]) -> float:
    """The Jensen-Shannon divergence of two counted distributions in bits, from 0 to 1.

    Of the rarer forms only the 40 most frequent are told apart; half a count is added to each, so
    that what was not seen is not impossible.
    """
    together = one + other
    kept = [form for form, _ in together.most_common(_MOST)]
    p, q = (_shares(counts, kept) for counts in (one, other))
    middle = (p + q) / 2
    return float((p * np.log2(p / middle) + q * np.log2(q / middle)).sum() / 2)


def _shares(counts: Counter[str], kept: Sequence[str]) -> np.ndarray:
    rest = counts.total() - sum(counts[form] for form in kept)
    shares = np.array([*(counts[form] for form in kept), rest], np.float64) + 0.5
    return shares / shares.sum()


def ratio(
    generated: Counter[str],
    real: Counter[str],
    later: Counter[str],
    others: Sequence[Counter[str]],
) -> float:
    """The distance by the formula at the top; NaN where others do not differ from the person."""
    own = divergence(real, later)
    strange = float(np.mean([divergence(other, later) for other in others])) if others else own
    if strange - own < 0.02:  # bits: within the noise of some hundred messages
        return float("nan")
    return (divergence(generated, later) - own) / (strange - own)

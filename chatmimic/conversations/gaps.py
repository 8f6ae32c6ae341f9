"""The silence that ends a conversation: derived from a thread's own silences, or given.

The histogram of a thread's silences on a logarithmic scale has two peaks: seconds to minutes within
a conversation, hours to days between conversations. The gap is the valley between them. In steps:

1. a silence is the difference of two successive times, in milliseconds;
2. it is counted in one of eight bins per factor of ten, from one second to about a hundred days;
3. the counts are smoothed with the weights 1 2 3 2 1;
4. between 10 minutes and 12 hours, the valley is where the smoothed count is deepest below the
   lower of the highest peaks on its two sides; of several that are equally deep within noise (the
   square root of the count), the one nearest to one hour;
5. it is rounded to a natural value (5 minutes, from an hour on 15 minutes).

A thread with fewer than 30 silences, or without a clear second peak, gets one hour.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

DEFAULT_GAP_MS = HOUR_MS
SHORTEST_GAP_MS = 10 * MINUTE_MS
LONGEST_GAP_MS = 12 * HOUR_MS

_BINS_PER_DECADE = 8
_DECADES = 7  # 1 s … 10^7 s = 116 days
_ENOUGH = 30  # least silences for a meaningful histogram
_SMOOTHING = (1, 2, 3, 2, 1)

_UNITS_MS = {"s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS}
_GAP = re.compile(r"(?:\d+(?:\.\d+)?\s*[smhdw]\s*)+", re.IGNORECASE)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])", re.IGNORECASE)


def choose_gap(times_ms: Sequence[int]) -> int:
    """The silence, in milliseconds, that ends a conversation in a thread with these times.

    `times_ms` are UTC milliseconds in order; the method is described at the top of this module.
    """
    silences = [max(0, later - earlier) for earlier, later in pairwise(times_ms)]
    if len(silences) < _ENOUGH:
        return DEFAULT_GAP_MS
    valley = _valley(_smoothed(_histogram(silences)))
    if valley is None:
        return DEFAULT_GAP_MS
    return min(max(_rounded(_middle_ms(valley)), SHORTEST_GAP_MS), LONGEST_GAP_MS)


def _histogram(silences: Sequence[int]) -> list[int]:
    counts = [0] * (_BINS_PER_DECADE * _DECADES)
    for silence in silences:
        bin_ = int(math.log10(max(silence, SECOND_MS) / SECOND_MS) * _BINS_PER_DECADE)
        counts[min(bin_, len(counts) - 1)] += 1
    return counts


def _smoothed(counts: Sequence[int]) -> list[float]:
    reach = len(_SMOOTHING) // 2
    padded = [0] * reach + list(counts) + [0] * reach
    return [
        sum(weight * padded[start + i] for i, weight in enumerate(_SMOOTHING)) / sum(_SMOOTHING)
        for start in range(len(counts))
    ]


def _valley(hills: Sequence[float]) -> int | None:
    """The bin of the deepest valley within the bounds; None without a second peak."""
    inside = [i for i in range(len(hills)) if SHORTEST_GAP_MS <= _middle_ms(i) <= LONGEST_GAP_MS]
    depths = {i: min(max(hills[:i]), max(hills[i + 1 :])) - hills[i] for i in inside}
    deepest = max(depths.values())
    bottom = min(hills[i] for i in inside if depths[i] == deepest)
    as_deep = [i for i in inside if depths[i] >= deepest - math.sqrt(bottom)]
    valley = min(as_deep, key=lambda i: abs(math.log(_middle_ms(i) / DEFAULT_GAP_MS)))
    # A clear second peak is twice as high as the valley, and more than a silence or two.
    clear = deepest >= 1 and deepest >= bottom
    return valley if clear else None


def _middle_ms(bin_: int) -> int:
    return round(SECOND_MS * 10 ** ((bin_ + 0.5) / _BINS_PER_DECADE))


def _rounded(gap_ms: int) -> int:
    step = 15 * MINUTE_MS if gap_ms >= HOUR_MS else 5 * MINUTE_MS
    return max(step, round(gap_ms / step) * step)


def parse_gap(text: str) -> int:
    """Parse a duration (`90s`, `30m`, `1h`, `1h30m`, `2d`) into milliseconds.

    Raises ValueError, with a sentence for the user, for anything else and for zero.
    """
    given = text.strip()
    if not _GAP.fullmatch(given):
        raise ValueError(f'"{text}" is not a duration. Write 90s, 30m, 1h, 1h30m or 2d.')
    total = sum(float(number) * _UNITS_MS[unit.lower()] for number, unit in _PART.findall(given))
    if not 0 < total < 2**62:
        wrong = "too long" if total > 0 else "no time at all"
        raise ValueError(f'"{text}" is {wrong}. Give a duration like 30m, 1h or 2d.')
    return round(total)


def show_gap(gap_ms: int) -> str:
    """A duration as `parse_gap` reads it: `1h30m`."""
    parts = []
    for unit in ("d", "h", "m", "s"):
        count, gap_ms = divmod(gap_ms, _UNITS_MS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"

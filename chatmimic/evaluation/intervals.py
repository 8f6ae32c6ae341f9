"""95 % intervals: by the bootstrap over conversations, and of shares by Wilson's formula.

Messages of one conversation resemble each other, so the bootstrap draws whole conversations.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from chatmimic.evaluation.records import Figure

Rows = NDArray[np.int64]
TIMES = 200
Z = 1.959964  # standard deviations on each side of 95 % of a normal distribution


def with_interval(
    statistic: Callable[[Rows], float],
    conversation_of: NDArray[np.int64],
    seed: int,
    times: int = TIMES,
) -> Figure:
    """A share of rows, with its 95 % interval (Efron's percentile method).

    Where it is 0 or 1 in all conversations, the interval is Wilson's, of that many observations.
    `statistic` is called with row numbers; `conversation_of`, `(rows,)`, says which conversation
    each row is from. NaN draws are left out.
    """
    value = statistic(np.arange(len(conversation_of)))
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(conversation_of == c) for c in np.unique(conversation_of)]
    if len(groups) < 2:
        return Figure(float(value))
    drawn = [
        statistic(np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))]))
        for _ in range(times)
    ]
    known = [one for one in drawn if np.isfinite(one)]
    if not known:
        return Figure(float(value))
    low, high = np.percentile(known, (2.5, 97.5)).tolist()
    if low == high == value and value in (0.0, 1.0):
        # All conversations agree, so every draw does; that the share is certain it does not mean.
        count = sum(np.isfinite(statistic(rows)) for rows in groups) or len(groups)
        low, high = wilson(count if value else 0, count)
    return Figure(float(value), low, high)


def mean_of(values: NDArray[np.float64]) -> Callable[[Rows], float]:
    """The statistic that is the mean of some values, `(rows,)`, without NaN."""

    def mean(rows: Rows) -> float:
        chosen = values[rows]
        chosen = chosen[np.isfinite(chosen)]
        return float(chosen.mean()) if len(chosen) else float("nan")

    return mean


def wilson(right: float, answered: int) -> tuple[float, float]:
    """The 95 % score interval of a share.

    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference" (Journal of the
    American Statistical Association 22, 1927). It holds for few answers and near 0 and 1, too.
    """
    if not answered:
        return 0.0, 1.0
    share, z2 = right / answered, Z * Z
    middle = share + z2 / (2 * answered)
    half = Z * math.sqrt(share * (1 - share) / answered + z2 / (4 * answered**2))
    scale = 1 + z2 / answered
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)

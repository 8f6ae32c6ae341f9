"""Learning-rate schedules."""

from __future__ import annotations

import math

SCHEDULES = ("linear", "cosine", "polynomial", "inverse-sqrt", "noam", "constant", "plateau")


def rate_share(schedule: str, step: int, steps: int, warmup: int, power: float = 2.0) -> float:
    """The learning rate of a step (counted from 0), relative to its peak, after a linear warm-up.

    - `linear`, `cosine` and `polynomial` (of degree `power`) fall to 0 at the end;
    - `inverse-sqrt` falls as one over the root of the step, and never ends: `noam` of "Attention is
      all you need" (Vaswani et al. 2017) is the same, its factor of the width being in the rate;
    - `constant` stays; so does `plateau`, which the held-out part lowers (`Loop`).
    """
    if step < warmup:
        return (step + 1) / warmup
    left = (steps - step) / max(1, steps - warmup)
    if schedule == "linear":
        return left
    if schedule == "polynomial":
        return float(left**power)
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * (1 - left)))
    if schedule in ("inverse-sqrt", "noam"):
        return math.sqrt(max(1, warmup) / max(1, step + 1))
    return 1.0

"""Waits: a reply takes as long as the person took, or a part of it that nobody minds."""

from __future__ import annotations

import time
from random import Random

from chatmimic.rhythm import Rhythm, quickened

REAL, QUICK, OFF = "real", "quick", "off"
RHYTHMS = (REAL, QUICK, OFF)
MOST_UNPROMPTED = 2  # messages in a row that nobody asked for
_SILENCE_S = (30.0, 120.0)  # before one, where waits are short
_LEAST_S = 60.0  # where they are real


class Waits:
    """How long a chat waits before messages. `mode` is one of `RHYTHMS`."""

    def __init__(self, mode: str = OFF, seed: int | None = None) -> None:
        self.mode = mode
        self.begin(seed)

    def begin(self, seed: int | None) -> None:
        """Begin the random numbers again."""
        self._rng = Random(None if seed is None else f"waits {seed}")

    def before(self, rhythm: Rhythm, *, again: bool) -> float:
        """Seconds before a message; `again` means that the same person sent the last one, too."""
        if self.mode == OFF:
            return 0.0
        wait = rhythm.wait(self._rng, again=again)
        return quickened(wait) if self.mode == QUICK else wait

    def silence(self, rhythm: Rhythm) -> float:
        """Seconds without an answer after which the person writes again by themselves."""
        if self.mode == REAL:
            return _LEAST_S + 2 * rhythm.wait(self._rng, again=False)
        return self._rng.uniform(*_SILENCE_S)


def wait_until(moment: float) -> float:
    """Sleep until then, by time.monotonic(). Returns the seconds slept; Ctrl-C ends it."""
    began = time.monotonic()
    time.sleep(max(0.0, moment - began))
    return time.monotonic() - began

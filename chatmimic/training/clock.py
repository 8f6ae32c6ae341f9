"""How far a training is, its speed and the time left. Never reads the wall clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from chatmimic.training.figures import Figures


@dataclass(frozen=True)
class Progress:
    """What is known after a step; `held_out` only when it was just looked at."""

    step: int
    steps: int
    loss: float  # nats per learnt token, smoothed
    held_out: Figures | None
    tokens_per_second: float
    learnt_per_second: float
    seconds_left: float
    rate: float
    memory: int = 0  # bytes, at the most so far
    on_corpus: bool = False  # whether the step was on a corpus alone


def now(device: str) -> float:
    """Seconds, once a device (cpu, cuda or mps) has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()
    return time.perf_counter()


class Clock:
    """Counts what steps computed and how long they took."""

    def __init__(self) -> None:
        self.began: float | None = None  # when the first step began
        self.taken = 0
        self.learnt = self.read = 0  # tokens
        self.spent = 0.0  # seconds in steps alone: looks and checkpoints are not learning

    @contextmanager
    def stepping(self) -> Iterator[None]:
        """Around a step."""
        began = time.monotonic()
        self.began = began if self.began is None else self.began
        yield
        self.spent += time.monotonic() - began
        self.taken += 1

    def count(self, learnt: int, read: int) -> None:
        """Add the tokens of a step: those learnt, and all of its windows'."""
        self.learnt += learnt
        self.read += read

    def rate(self, tokens: int) -> float:
        """Tokens a second."""
        return tokens / max(1e-9, self.spent)

    def seconds_left(self, steps: int) -> float:
        """How long so many steps will take, looks included."""
        if self.began is None:
            return 0.0
        return steps * (time.monotonic() - self.began) / max(1, self.taken)

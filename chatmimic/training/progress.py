"""The progress of a run: speed, time left, log lines. Never reads the wall clock."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from chatmimic.training.objective.metrics import Metrics
from chatmimic.training.out_of_memory import peak_bytes
from chatmimic.training.plan import Plan
from chatmimic.training.state import State


@dataclass(frozen=True)
class Progress:
    """The progress after a step; `held_out` only if it was just evaluated."""

    step: int
    steps: int
    loss: float  # nats per learnt token, smoothed
    held_out: Metrics | None
    tokens_per_second: float
    targets_per_second: float
    seconds_left: float
    rate: float
    memory: int = 0  # peak so far, in bytes
    on_corpus: bool = False  # whether the step was on a corpus alone


def progress_of(
    plan: Plan,
    state: State,
    clock: Clock,
    rate: float,
    metrics: Metrics | None,
    on_corpus: bool,
) -> Progress:
    """The progress of a run after a step, with the metrics if it was just evaluated."""
    steps = plan.total(state)
    return Progress(
        step=state.step,
        steps=steps,
        loss=state.smoothed if state.smoothed is not None else math.nan,
        held_out=metrics,
        tokens_per_second=clock.rate(clock.read),
        targets_per_second=clock.rate(clock.targets),
        seconds_left=clock.seconds_left(steps - state.step),
        rate=rate,
        memory=peak_bytes(),
        on_corpus=on_corpus,
    )


def log_line(state: State, rate: float, metrics: Metrics) -> dict[str, Any]:
    """The log line of an evaluation."""
    line = {
        "step": state.step,
        "loss": state.smoothed,
        "rate": rate,
        "held_out_loss": metrics.loss,
        "held_out_bits_per_character": metrics.bits_per_character,
    }
    extra = {
        "held_out_right": metrics.right,
        "corpus_steps": state.corpus_steps or None,
        "attempt": state.attempt if state.attempt > 1 else None,
        "style": metrics.judged and metrics.judged.style,
        "copied": metrics.judged and metrics.judged.copied,
    }
    return line | {key: value for key, value in extra.items() if value is not None}


def now(device: str) -> float:
    """The time in seconds, once a device (cpu, cuda or mps) has finished its work."""
    if device == "cuda":
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()
    return time.perf_counter()


class Clock:
    """Counts tokens and seconds of the steps."""

    def __init__(self) -> None:
        self.began: float | None = None  # when the first step began
        self.taken = 0
        self.targets = self.read = 0  # tokens
        self.spent = 0.0  # seconds in steps alone: evaluations and checkpoints are not learning

    @contextmanager
    def stepping(self) -> Iterator[None]:
        """Context around a step, which is timed."""
        began = time.monotonic()
        self.began = began if self.began is None else self.began
        yield
        self.spent += time.monotonic() - began
        self.taken += 1

    def count(self, targets: int, read: int) -> None:
        """Count the tokens of a step: those in the loss, and all of its windows."""
        self.targets += targets
        self.read += read

    def rate(self, tokens: int) -> float:
        """Tokens per second."""
        return tokens / max(1e-9, self.spent)

    def seconds_left(self, steps: int) -> float:
        """The seconds that this many steps will take, evaluations included."""
        if self.began is None:
            return 0.0
        return steps * (time.monotonic() - self.began) / max(1, self.taken)

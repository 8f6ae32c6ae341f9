"""From what was asked and what there is to what will be done: the numbers a run keeps to."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from chatmimic.training.settings import Settings

LARGE = 50_000_000  # parameters; above it a base knows much already and is tuned gently
CHECKPOINTED = 200_000_000  # parameters; above it activations are computed twice


@dataclass(frozen=True)
class Plan:
    """The fixed numbers of a run; saved with it, so that a resumed run is the same run."""

    steps: int
    batch: int  # windows in one forward pass
    accumulate: int  # batches before each step
    learning_rate: float  # at its highest
    warmup: int  # steps
    evaluate_every: int  # steps
    gradient_checkpointing: bool
    look: int  # held-out windows at each look
    final: int  # held-out windows at the end
    precision: str = "fp32"  # or bf16
    optimizer: str = "adamw"  # or muon
    short_first: bool = False  # windows in quarters, then in halves, then whole

    @property
    def windows_per_step(self) -> int:
        """How many windows one step learns from."""
        return self.batch * self.accumulate

    def rate(self, step: int) -> float:
        """The learning rate of a step (counted from 0): a linear rise, then a linear fall to 0."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        return self.learning_rate * (self.steps - step) / max(1, self.steps - self.warmup)

    def parts(self, step: int) -> int:
        """Into how many parts a step cuts its windows.

        Short windows cost less and teach as much while a model still learns words; the tokens of
        a step stay the same.
        """
        if not self.short_first or step >= 0.6 * self.steps:
            return 1
        return 4 if step < 0.25 * self.steps else 2

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def make_plan(
    settings: Settings,
    *,
    parameters: int,
    windows: int,
    on_cpu: bool,
    step_seconds: float,
    precision: str = "fp32",
) -> Plan:
    """Fix what a run does. `step_seconds` is the measured time of a step (used by --minutes)."""
    batch, accumulate = batches(settings, parameters, windows)
    steps = _steps(settings, windows / (batch * accumulate), step_seconds)
    slow = on_cpu and parameters > LARGE
    large = parameters > CHECKPOINTED
    checkpointing = settings.gradient_checkpointing
    return Plan(
        steps=steps,
        batch=batch,
        accumulate=accumulate,
        learning_rate=settings.learning_rate or (5e-5 if parameters > LARGE else 1e-3),
        warmup=math.ceil(settings.warmup * steps),
        evaluate_every=settings.evaluate_every or max(1, math.ceil(steps / 10)),
        gradient_checkpointing=large if checkpointing is None else checkpointing,
        look=8 if slow else 48,
        final=32 if slow else 512,
        precision=precision,
    )


def batches(settings: Settings, parameters: int, windows: int) -> tuple[int, int]:
    """(windows at once, batches a step): small bases take 4 at once, large ones 1 and add up 8.

    A step learns from at most a sixteenth of the windows (large bases: an eighth), so that little
    data still gives steps.
    """
    batch = settings.batch or (1 if parameters > LARGE else max(1, min(4, windows // 16)))
    batch = min(batch, max(1, windows))
    if settings.accumulate:
        return batch, settings.accumulate
    wanted = 8 if parameters > LARGE else 1
    return batch, max(1, min(wanted, windows // (8 * batch)))


def _steps(settings: Settings, steps_per_epoch: float, step_seconds: float) -> int:
    if settings.steps is not None:
        return settings.steps
    if settings.minutes is not None:
        # A tenth of the time goes to looks at the held-out part.
        return max(1, round(settings.minutes * 60 * 0.9 / max(step_seconds, 1e-6)))
    return max(1, round(settings.epochs * steps_per_epoch))

"""Timing of steps and evaluations without changing the weights, to estimate a run's duration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from chatmimic.training.progress import Clock, now
from chatmimic.training.state import State

if TYPE_CHECKING:
    from chatmimic.training.loop import Loop

SLOW = 20.0  # seconds of a micro-batch; then it is timed once


def time_a_step(loop: Loop) -> float:
    """The seconds of a step, measured without changing the weights.

    One micro-batch is measured for the whole step. It is computed twice, the first time to warm up,
    unless the base is so slow that this makes no difference. For one process only.
    """
    plan, state, clock = loop.plan, loop.state, loop.clock
    loop.loss_module.train()  # dropout and checkpointing cost what they will cost
    loop.plan, loop.clock = replace(plan, accumulate=1), Clock()
    # The last step is of whole windows, where the first ones are cut.
    loop.state = State(step=plan.steps - 1)
    try:
        with loop.backend.taking_no_step():
            seconds = seconds_of(loop, lambda: loop.fitting.run(loop.train_step))
            if seconds <= SLOW or plan.compile:
                seconds = seconds_of(loop, lambda: loop.fitting.run(loop.train_step))
            return plan.accumulate * seconds
    finally:
        loop.plan, loop.state, loop.clock = plan, state, clock


def time_an_evaluation(loop: Loop) -> float:
    """The seconds of evaluating on one held-out window.

    The first evaluation is a warm-up, because it has one-off costs.
    """
    loop.evaluate(1)
    return seconds_of(loop, lambda: loop.evaluate(1))


def seconds_of(loop: Loop, work: Callable[[], object]) -> float:
    """The seconds that some work takes on the device of a run."""
    began = now(loop.backend.device.type)
    work()
    return now(loop.backend.device.type) - began

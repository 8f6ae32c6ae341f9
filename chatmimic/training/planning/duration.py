"""Estimates of how long a run will take, from the time of one step; as numbers and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chatmimic.training.judged import REPLIES
from chatmimic.training.plan import Plan
from chatmimic.training.planning import timing
from chatmimic.training.state import State

if TYPE_CHECKING:
    from chatmimic.training.base_run import BaseRun
    from chatmimic.training.loop import Loop

LONG = 5 * 60  # seconds; the duration of longer runs is announced
_FORWARD = 1 / 3  # time of evaluating on a window, as a share of the time of training on it
_FEW = 8  # batches


def seconds_of(plan: Plan, step_seconds: float, held_out: int) -> float:
    """Seconds of a whole run: its steps and all its evaluations.

    `held_out` is the number of held-out windows. Phases on a corpus that may come are not included.
    """
    steps = plan.total(State())
    return step_seconds * (steps + evaluations_cost(plan, held_out) / plan.windows_per_step)


def evaluations_cost(plan: Plan, held_out: int) -> float:
    """The time of all evaluations of a run, as a number of windows trained on in that time."""
    return _FORWARD * windows_tested(plan, held_out)


def windows_tested(plan: Plan, held_out: int) -> int:
    """How many windows all evaluations of a run read together."""
    evaluations = 1 + plan.total(State()) // plan.evaluate_every
    # Reading the context of a reply and generating it takes about as long as a window.
    replies = REPLIES if plan.judged else 0
    return evaluations * (replies + min(plan.eval_windows, held_out)) + 2 * min(
        plan.final_eval_windows, held_out
    )


def in_words(seconds: float) -> str:
    """A duration in words, rounded: `4 minutes`, `2 h 40 min`, `3 days`."""
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    hours, rest = divmod(5 * round(minutes / 5), 60)
    if hours < 10:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    if hours < 48:
        return f"{round(minutes / 60)} h"
    return f"{round(minutes / 60 / 24)} days"


def announce_duration(
    work: BaseRun, loop: Loop, shorter: Mapping[str, int], less: str = ""
) -> None:
    """Tell before a long run how long it will take, and how to shorten it.

    `shorter` are options that take less time, with their seconds, longest first; `less` is the end
    of the sentence. Runs of a few batches are not timed and nothing is told, nor with several
    processes, each of which would have to be timed.
    """
    plan, held_out = loop.plan, len(loop.held_out)
    steps = plan.total(State())
    if loop.processes.world > 1 or steps * plan.accumulate <= _FEW:
        return
    loop.notify = work.notify
    work.callbacks.stage("timing a step")
    step = timing.time_a_step(loop)
    seconds = seconds_of(plan, step, held_out)
    if seconds >= LONG:
        option = next((o for o, takes in shorter.items() if takes <= seconds / 2), "")
        ways = [f"{option} takes less time"] * bool(option) + [less] * bool(less)
        work.callbacks.say(
            f"About {in_words(seconds)} on this machine ({steps:,} steps of {_each(step)}). "
            f"{', '.join([*ways, 'Ctrl-C saves'])}, and --resume continues."
        )


def _each(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"

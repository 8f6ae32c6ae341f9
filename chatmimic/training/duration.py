"""How long a training will take, as the time of one step foretells it; in numbers and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chatmimic.training.plan import Plan
from chatmimic.training.state import State

if TYPE_CHECKING:
    from chatmimic.training.loop import Loop
    from chatmimic.training.work import Work

LONG = 5 * 60  # seconds; what takes longer is told of before it begins
_FORWARD = 1 / 3  # of the time of learning from a window that testing on it takes
_FEW = 8  # batches


def seconds_of(plan: Plan, step_seconds: float, held_out: int) -> float:
    """Seconds of a whole training: its steps, and all its evaluations.

    `held_out` is the number of held-out windows. Spells on a corpus that may come are not in it.
    """
    steps = plan.total(State())
    return step_seconds * (steps + evaluations_cost(plan, held_out) / plan.windows_per_step)


def evaluations_cost(plan: Plan, held_out: int) -> float:
    """What all evaluations of a training take, as the number of windows learnt from meanwhile."""
    return _FORWARD * windows_tested(plan, held_out)


def windows_tested(plan: Plan, held_out: int) -> int:
    """How many windows all evaluations of a training read together, of so many held-out ones."""
    evaluations = 1 + plan.total(State()) // plan.evaluate_every
    return evaluations * min(plan.look, held_out) + 2 * min(plan.final, held_out)


def in_words(seconds: float) -> str:
    """A length of time, no more exact than it is known: `4 minutes`, `2 h 40 min`, `3 days`."""
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    hours, rest = divmod(5 * round(minutes / 5), 60)
    if hours < 10:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    if hours < 48:
        return f"{round(minutes / 60)} h"
    return f"{round(minutes / 60 / 24)} days"


def say_how_long(work: Work, loop: Loop, shorter: Mapping[str, int], less: str = "") -> None:
    """Tell before a long training begins how long it will take, and how to shorten it.

    `shorter` are options that take a shorter time and their seconds, the longest first; `less` is
    the end of the sentence. Of a few batches nothing is told, and they are not timed; nor where
    several processes train, of which each would have to.
    """
    plan, held_out = loop.plan, len(loop.held_out)
    steps = plan.total(State())
    if loop.ranks.world > 1 or steps * plan.accumulate <= _FEW:
        return
    loop.tell = work.tell
    work.watcher.stage("timing a step")
    step = loop.time_a_step()
    seconds = seconds_of(plan, step, held_out)
    if seconds >= LONG:
        option = next((o for o, takes in shorter.items() if takes <= seconds / 2), "")
        ways = [f"{option} takes a shorter time"] * bool(option) + [less] * bool(less)
        work.watcher.say(
            f"About {in_words(seconds)} on this machine ({steps:,} steps of {_each(step)}). "
            f"{', '.join([*ways, 'Ctrl-C saves'])}, and --resume goes on."
        )


def _each(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"

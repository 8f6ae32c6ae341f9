"""The second attempt: a run that has not improved by half of its steps starts over.

The learning rate of the second attempt is lower. Where the duration was given (--minutes), it takes
only the steps that the first one left.
"""

from __future__ import annotations

import math
from dataclasses import replace

from chatmimic.training.plan import Plan
from chatmimic.training.state import State

SLOWER = 1 / 3  # times the learning rate, in the second attempt
SHORTEST = 1 / 8  # of the steps of the plan: a shorter second attempt would teach too little


def gained_nothing(plan: Plan, state: State, is_done: bool) -> bool:
    """Whether the untrained base is still the best after half of the steps."""
    if not plan.try_again or state.attempt > 1 or state.best_step > 0:
        return False
    if plan.in_time and _steps_left(plan, state.step) < SHORTEST * plan.steps:
        return False
    half = 2 * state.own_steps >= plan.steps and not state.phase_left
    return is_done or (half and state.step % plan.evaluate_every == 0)


def plan_of_attempt(plan: Plan, state: State) -> Plan:
    """The plan of the current attempt: in time, a second one has the steps that are left."""
    if state.attempt == 1 or not plan.in_time:
        return plan
    steps = _steps_left(plan, state.first_attempt)
    return replace(plan, steps=steps, warmup=math.ceil(plan.warmup * steps / plan.steps))


def _steps_left(plan: Plan, taken: int) -> int:
    """The steps on the persona's windows that remain for a second attempt after so many steps."""
    again = plan.corpus_steps if plan.corpus_way == "first" else 0
    return plan.total(State()) - taken - again


def second_attempt(plan: Plan, state: State) -> tuple[State, str]:
    """The initial state with a third of the learning rate, and the reason in words.

    A run that is killed before it is saved starts at the first step of either attempt.
    """
    rate = plan.learning_rate
    why = (
        f"no improvement over the untrained base by step {state.step}: the learning rate of "
        f"{rate:.2g} may be too high; starting over with {rate * SLOWER:.2g}"
    )
    begun = State(best_loss=state.best_loss, slowdown=SLOWER, attempt=2, first_attempt=state.step)
    return begun, why

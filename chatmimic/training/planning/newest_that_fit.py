"""The default of --newest on a CPU: as many of the newest messages as take about 20 minutes.

It applies only if all messages would take longer. The number depends on the speed of the machine:
it is determined once, reported, and saved with the run.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from chatmimic.training.out_of_memory import make_room
from chatmimic.training.plan import make_plan
from chatmimic.training.planning import timing
from chatmimic.training.planning.duration import in_words, seconds_of
from chatmimic.training.prepare import Preparation
from chatmimic.training.settings import TrainSettings
from chatmimic.transcript import FORMS

if TYPE_CHECKING:
    from chatmimic.training.base_run import BaseRun
    from chatmimic.training.data.split import Material
    from chatmimic.training.inputs import Inputs

WISHED = 20 * 60  # seconds
FEWEST = 2_000  # of the persona's messages; it takes what these take


def may_be_shortened(settings: TrainSettings, device: str, processes: int = 1) -> bool:
    """Whether neither an amount nor a duration was given, and a single process trains on a CPU."""
    said = (settings.newest, settings.epochs, settings.steps, settings.minutes)
    is_open = all(value is None for value in said) and settings.from_mimic is None
    return is_open and device == "cpu" and processes == 1


def shortened(work: BaseRun, newest: Material, inputs: Inputs) -> Inputs:
    """The inputs, limited to as many of the newest messages as fit into the time.

    `newest` is the `FEWEST` newest messages, on which the speed of the machine is measured.
    """
    work.callbacks.stage("measuring the training speed of this machine")
    messages = int(newest.selection["of_messages"])
    seconds = _seconds_of_all(work, newest, inputs, messages / FEWEST)
    taken = newest_that_fit(messages, seconds)
    if taken == messages:
        return inputs
    work.announce(_told(taken, messages, newest.imitated, seconds))
    return inputs.changed(newest=str(taken))


def newest_that_fit(messages: int, seconds: float) -> int:
    """How many messages to train on, if all of them take that many seconds."""
    if seconds <= WISHED:
        return messages
    number = int(messages * WISHED / seconds)
    round_to = 10 ** max(0, len(str(number)) - 2)
    return min(messages, max(FEWEST, number // round_to * round_to))


@dataclass(frozen=True)
class _Timed:
    """Measurements on some messages: seconds per window, and the number of windows."""

    seconds: float
    train: int
    held_out: int
    parameters: int  # of the base

    @classmethod
    def on(cls, work: BaseRun, preparation: Preparation) -> Self:
        """Prepare a run and time a step. Everything that was loaded is freed."""
        loop = preparation.loop()
        loop.notify = work.notify
        work.callbacks.stage("timing a step")
        return cls(
            timing.time_a_step(loop) / loop.plan.windows_per_step,
            len(loop.train_windows),
            len(loop.held_out),
            sum(p.numel() for p in loop.loss_module.model.parameters()),
        )


def _seconds_of_all(work: BaseRun, newest: Material, inputs: Inputs, times: float) -> float:
    """The seconds that several times as much data takes, estimated from a step on the newest."""
    folder = work.folder / "measured"
    requested = inputs.settings.form
    form = next(iter(FORMS)) if requested == "auto" else requested
    trial = replace(inputs, corpora=()).changed(newest=str(FEWEST), steps=1, corpus=(), form=form)
    try:
        timed = _Timed.on(work, Preparation(work, newest, trial, folder))
    finally:
        make_room()  # a system may not remove files that are still mapped
        shutil.rmtree(folder, ignore_errors=True)
    plan = make_plan(
        replace(trial.settings, steps=None),
        parameters=timed.parameters,
        windows=round(timed.train * times),
        on_cpu=True,
        step_seconds=0.0,
    )
    step = timed.seconds * plan.windows_per_step
    return seconds_of(plan, step, round(timed.held_out * times))


def _told(taken: int, messages: int, imitated: str | None, seconds: float) -> str:
    """What is used and what is not, in a sentence, if all of it takes that many seconds."""
    whose = f"{imitated}'s" if imitated else "all"
    why = "which takes about 20 minutes here"
    if taken * seconds / messages > 1.1 * WISHED:
        why = "the minimum, though it takes longer than 20 minutes here"
    return (
        f"Training on the newest {taken:,} of {whose} {messages:,} messages, {why}. "
        f"--newest all uses all of them and takes about {in_words(seconds)}."
    )

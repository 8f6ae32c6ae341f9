"""How much of a persona is learnt where nobody said so: as much as takes about 20 minutes.

Only on a processor, and only where all of it would take longer. The newest messages are taken. How
many depends on the speed of the machine: it is decided once, told, and kept with the run.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from chatmimic.training.duration import in_words, seconds_of
from chatmimic.training.memory import make_room
from chatmimic.training.plan import make_plan
from chatmimic.training.preparing import Preparation
from chatmimic.training.settings import Settings
from chatmimic.transcript import FORMS

if TYPE_CHECKING:
    from chatmimic.training.material import Material
    from chatmimic.training.work import Work

WISHED = 20 * 60  # seconds
FEWEST = 2_000  # of the persona's messages; it takes what these take


def may_be_shortened(settings: Settings, device: str, processes: int = 1) -> bool:
    """Whether nobody said how much or how long to learn, and a processor does it alone."""
    said = (settings.newest, settings.epochs, settings.steps, settings.minutes)
    is_open = all(value is None for value in said) and settings.from_mimic is None
    return is_open and device == "cpu" and processes == 1


def shortened(work: Work, newest: Material, settings: Settings) -> Settings:
    """The settings, with as many of the newest messages as may be learnt in the time.

    `newest` holds the `FEWEST` newest messages: on these the machine's speed is measured.
    """
    work.watcher.stage("measuring how fast this machine trains")
    messages = int(newest.chosen["of_messages"])
    seconds = _seconds_of_all(work, newest, settings, messages / FEWEST)
    taken = newest_that_fit(messages, seconds)
    if taken == messages:
        return settings
    work.announce(_told(taken, messages, newest.learner, seconds))
    return replace(settings, newest=str(taken))


def newest_that_fit(messages: int, seconds: float) -> int:
    """How many of so many messages to learn from, where all of them take so many seconds."""
    if seconds <= WISHED:
        return messages
    number = int(messages * WISHED / seconds)
    round_to = 10 ** max(0, len(str(number)) - 2)
    return min(messages, max(FEWEST, number // round_to * round_to))


@dataclass(frozen=True)
class _Timed:
    """What was measured on some messages: seconds for each window, and how many there are."""

    seconds: float
    learnt: int
    held_out: int
    parameters: int  # of the base

    @classmethod
    def on(cls, work: Work, preparation: Preparation) -> Self:
        """Prepare, and time a step. Of what was opened for it nothing stays."""
        loop = preparation.loop()
        loop.tell = work.tell
        work.watcher.stage("timing a step")
        return cls(
            loop.time_a_step() / loop.plan.windows_per_step,
            len(loop.learnt),
            len(loop.held_out),
            sum(p.numel() for p in loop.learner.model.parameters()),
        )


def _seconds_of_all(work: Work, newest: Material, settings: Settings, times: float) -> float:
    """What it takes to learn from so many times as much, as a step on the newest foretells it."""
    folder = work.folder / "measured"
    form = next(iter(FORMS)) if settings.form == "auto" else settings.form
    trial = replace(settings, newest=str(FEWEST), steps=1, corpus=(), form=form)
    try:
        timed = _Timed.on(work, Preparation(work, newest, trial, folder))
    finally:
        make_room()  # a system may not remove files that are still mapped
        shutil.rmtree(folder, ignore_errors=True)
    plan = make_plan(
        replace(trial, steps=None),
        parameters=timed.parameters,
        windows=round(timed.learnt * times),
        on_cpu=True,
        step_seconds=0.0,
    )
    step = timed.seconds * plan.windows_per_step
    return seconds_of(plan, step, round(timed.held_out * times))


def _told(taken: int, messages: int, learner: str | None, seconds: float) -> str:
    """What is taken and what is not, where all of it takes so many seconds."""
    whose = f"{learner}'s" if learner else "all"
    why = "as many as fit into about 20 minutes here"
    if taken * seconds / messages > 1.1 * WISHED:
        why = "no fewer, though they take longer than 20 minutes here"
    return (
        f"The newest {taken:,} of {whose} {messages:,} messages are learnt from, {why}. "
        f"--newest all takes all of them, about {in_words(seconds)}."
    )

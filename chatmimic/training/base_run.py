"""What runs of `train` and of `pretrain` have in common: a folder, callbacks, resuming."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from chatmimic.files import bring_back, private_folder, write_atomically
from chatmimic.folders import RECORD, Label, claim, label_of, write_label
from chatmimic.home import Home
from chatmimic.machine import allowed_threads, free_threads
from chatmimic.mimic import Mimic
from chatmimic.training.checkpointing import checkpoints
from chatmimic.training.checkpointing.existing import (
    described,
    find_existing,
    made_on,
    refuse_unfinished,
)
from chatmimic.training.checkpointing.resumable import LOG, READY, SAMPLES
from chatmimic.training.distributed.process_group import ProcessGroup
from chatmimic.training.judged import MakeJudge
from chatmimic.training.loop import Loop
from chatmimic.training.objective.metrics import Metrics
from chatmimic.training.progress import Progress
from chatmimic.training.samples import Sample
from chatmimic.training.second_attempt import plan_of_attempt
from chatmimic.training.tensorboard import FOLDER as BOARD
from chatmimic.training.tensorboard import Board


@dataclass(frozen=True)
class Callbacks:
    """Functions that a run calls: with stages, notes and progress, and to ask whether to stop.

    `stop` is asked after each step.
    """

    stage: Callable[[str], None] = lambda words: None
    progress: Callable[[Progress], None] = lambda progress: None
    sample: Callable[[Sample], None] = lambda sample: None
    say: Callable[[str], None] = lambda words: None  # what is to stay on the screen
    stop: Callable[[], bool] = lambda: False
    judge: MakeJudge | None = None  # for --select style
    fit: Callable[[Mimic], None] | None = None  # chooses the decoding of a finished mimic


@dataclass(frozen=True)
class Stopped:
    """The result of a run that was asked to stop and was saved: how far it got."""

    name: str
    step: int
    steps: int


class BaseRun:
    """A run in its folder, which contains everything that is needed to resume it."""

    what: ClassVar[str]  # a training, a pretraining
    makes: ClassVar[str]  # a mimic, a base
    folder: Path  # known from `settle` on

    def __init__(self, home: Home, name: str, places: Sequence[Path], callbacks: Callbacks) -> None:
        """`places` are the parent folders of the run and of its result."""
        self.home = home
        self.name = name
        self.places = places
        self.callbacks = callbacks
        self.notes: list[str] = []
        self._began = time.monotonic()
        self.tokens_per_second = 0.0
        self.processes = ProcessGroup.find()
        self.board: Board | None = None

    def claim(self, label: Label, *, replace: bool) -> None:
        """Take the folder of the label, or another one if a finished result is there.

        With `replace` it is that of the label in any case. Otherwise raises TrainingError for an
        unfinished run.
        """
        there = find_existing(self.places, label)
        if not replace:
            refuse_unfinished(self.places[0], there, self.what)
            if there.made is not None:
                label, older = there.free_label, described(self.makes, there.name, there.made)
                self.announce(
                    f"{older} is kept; this one is {label.called} (--replace would replace it)"
                )
        requested = self.name
        self.settle(claim(self.places, label))
        if requested and there.of_another is not None:
            self.announce(f"the name {requested} is taken; this {self.makes} is called {self.name}")
        private_folder(self.folder)
        if not (self.folder / RECORD).is_file():  # a folder of an older version
            write_label(self.folder, label)

    def clear(self) -> None:
        """Empty the folder for a new run; tell what is removed now, and what at the end."""
        if (self.folder / READY).is_file():
            self.announce(f"an unfinished {self.what} run of the same name was discarded")
        bring_back(self.places[1] / self.name)
        made = made_on(self.places[1] / self.name)
        if made is not None:
            older = described(self.makes, self.name, made)
            self.announce(f"{older} will be replaced when this {self.what} run is finished")
        self.empty(evaluations=False)

    def settle(self, name: str) -> None:
        """Use the folder of that name."""
        self.name, self.folder = name, self.places[0] / name

    @property
    def label(self) -> Label:
        """The full name of the run, and its person."""
        return label_of(self.folder) or Label(self.name)

    def notify(self, note: str) -> None:
        """Report something now, and again at the end of the run."""
        self.callbacks.stage(note)
        if note not in self.notes:
            self.notes.append(note)

    def announce(self, fact: str) -> None:
        """Report something that stays on the screen, and again at the end of the run."""
        self.callbacks.say(fact)
        self.notes.append(fact)

    def seconds_since_start(self) -> float:
        """Seconds since the run started."""
        return time.monotonic() - self._began

    def threads(self, requested: int | None) -> int:
        """The number of threads asked for, else that of idle cores; tells if these are not all."""
        if requested is not None:
            return requested
        free, allowed = free_threads(), allowed_threads()
        if free < allowed:
            self.notify(
                f"other programs use the CPU: training with {free} of {allowed} threads (--threads)"
            )
        return free

    def go_on(self, loop: Loop, *, saved: Path | None, passed: list[str]) -> None:
        """Restore a loop from the newest intact checkpoint, and tell which were damaged."""
        if saved is not None:
            loop.state = loop.writer.restore(saved)
            loop.plan = plan_of_attempt(loop.plan, loop.state)
        for damage in passed:
            self.notify(f"{damage}; continuing from step {loop.state.step}")

    def latest(self) -> tuple[Path | None, list[str]]:
        """The newest intact checkpoint, and what is wrong with the later ones."""
        return checkpoints.latest(self.folder / "checkpoints", self.folder / "best")

    def figures_before(self, loop: Loop) -> Metrics:
        """The metrics of the base, on the windows of the final evaluation.

        Computed once and kept with the run.
        """
        path = self.folder / "base-figures.json"
        if loop.state.step > 0 and path.is_file():
            return Metrics.from_dict(json.loads(path.read_text("utf-8")))
        self.callbacks.stage("evaluating the base")
        figures = loop.evaluate(loop.plan.final_eval_windows)
        if self.processes.is_first:
            write_atomically(path, json.dumps(figures.as_dict()))
        return figures

    def take_steps(self, loop: Loop, stage: str) -> Stopped | None:
        """Run a loop. Returns `Stopped` if it was asked to stop, else None."""
        loop.watch, loop.stop, loop.notify = self._watch, self.callbacks.stop, self.notify
        self.callbacks.stage(stage)
        loop.loss_module.train()
        try:
            finished = loop.run()
        finally:
            if self.board is not None:
                self.board.close()
        if finished:
            return None
        return Stopped(self.name, loop.state.step, loop.plan.total(loop.state))

    def empty(self, *, evaluations: bool = True) -> None:
        """Remove what is no longer needed: everything but label, lock, logs and samples.

        Without `evaluations`, those are removed, too: a new run begins.
        """
        (self.folder / READY).unlink(missing_ok=True)
        kept = {"lock", RECORD, LOG, *((SAMPLES, BOARD) if evaluations else ())}
        for entry in self.folder.iterdir():
            if entry.name in kept:
                continue
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _watch(self, progress: Progress) -> None:
        self.tokens_per_second = progress.tokens_per_second
        if self.board is not None:
            self.board.add(progress)
        self.callbacks.progress(progress)

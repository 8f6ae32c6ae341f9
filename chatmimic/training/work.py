"""What trainings of mimics and of bases share: a folder, somebody who watches, going on."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from chatmimic.files import bring_back, private_folder, write_whole
from chatmimic.folders import RECORD, Label, claim, label_of, write_label
from chatmimic.home import Home
from chatmimic.machine import allowed_threads, free_threads
from chatmimic.training import checkpoints
from chatmimic.training.board import FOLDER as BOARD
from chatmimic.training.board import Board
from chatmimic.training.clock import Progress
from chatmimic.training.figures import Figures
from chatmimic.training.keeping import LOG, SAMPLES
from chatmimic.training.loop import Loop
from chatmimic.training.ranks import Ranks
from chatmimic.training.samples import Sample
from chatmimic.training.standing import described, made_on, refuse_unfinished, standing
from chatmimic.training.unfinished import READY


@dataclass(frozen=True)
class Watcher:
    """What a run tells while it goes: stages and facts in words, progress in numbers.

    And when to stop.
    """

    stage: Callable[[str], None] = lambda words: None
    progress: Callable[[Progress], None] = lambda progress: None
    sample: Callable[[Sample], None] = lambda sample: None
    say: Callable[[str], None] = lambda words: None  # what is to stay on the screen
    stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Stopped:
    """A training that was asked to stop: saved, and how far it got."""

    name: str
    step: int
    steps: int


class Work:
    """A training in its folder, which holds everything it needs to go on."""

    what: ClassVar[str]  # a training, a pretraining
    makes: ClassVar[str]  # a mimic, a base
    folder: Path  # known from `settle` on

    def __init__(self, home: Home, name: str, places: Sequence[Path], watcher: Watcher) -> None:
        """`places` are where the run's folder goes and where what it makes does."""
        self.home = home
        self.name = name
        self.places = places
        self.watcher = watcher
        self.notes: list[str] = []
        self._began = time.monotonic()
        self.tokens_per_second = 0.0
        self.ranks = Ranks.find()
        self.board: Board | None = None

    def claim(self, label: Label, *, replace: bool) -> None:
        """Take the folder that is the label's, or one beside it where something finished is.

        With `replace` it is the label's, whatever is there. Else raises TrainingError for something
        unfinished.
        """
        there = standing(self.places, label)
        if not replace:
            refuse_unfinished(self.places[0], there, self.what)
            if there.made is not None:
                label, older = there.beside, described(self.makes, there.name, there.made)
                self.announce(
                    f"{older} stays; this one is {label.called} (--replace would replace it)"
                )
        asked = self.name
        self.settle(claim(self.places, label))
        if asked and there.of_another is not None:
            self.announce(f"the name {asked} is taken; this {self.makes} is called {self.name}")
        private_folder(self.folder)
        if not (self.folder / RECORD).is_file():  # one of an older chatmimic
            write_label(self.folder, label)

    def clear(self) -> None:
        """Empty the folder for a new training; say what goes now, and what when it is finished."""
        if (self.folder / READY).is_file():
            self.announce(
                f"an unfinished {self.what} of the same name was dropped; this one is new"
            )
        bring_back(self.places[1] / self.name)
        made = made_on(self.places[1] / self.name)
        if made is not None:
            older = described(self.makes, self.name, made)
            self.announce(f"{older} is replaced when this {self.what} is finished")
        self.empty(looks=False)

    def settle(self, name: str) -> None:
        """Work in the folder of that name."""
        self.name, self.folder = name, self.places[0] / name

    @property
    def label(self) -> Label:
        """Whose the run is."""
        return label_of(self.folder) or Label(self.name)

    def tell(self, note: str) -> None:
        """Say something now, and once again at the end."""
        self.watcher.stage(note)
        if note not in self.notes:
            self.notes.append(note)

    def announce(self, fact: str) -> None:
        """Say something that stays on the screen, and once again at the end."""
        self.watcher.say(fact)
        self.notes.append(fact)

    def seconds_since_start(self) -> float:
        """How long it has been at work."""
        return time.monotonic() - self._began

    def threads(self, asked: int | None) -> int:
        """The threads asked for, or those with a free core now; says so where that is not all."""
        if asked is not None:
            return asked
        free, allowed = free_threads(), allowed_threads()
        if free < allowed:
            self.tell(f"other programs are busy: {free} of {allowed} threads (--threads)")
        return free

    def go_on(self, loop: Loop, *, saved: Path | None, passed: list[str]) -> None:
        """Take up a loop where a checkpoint left it, and name those that were damaged."""
        if saved is not None:
            loop.resume(saved)
        for damage in passed:
            self.tell(f"{damage}; continuing from step {loop.state.step}")

    def latest(self) -> tuple[Path | None, list[str]]:
        """The newest whole checkpoint, and what is wrong with those after it."""
        return checkpoints.latest(self.folder / "checkpoints", self.folder / "best")

    def figures_before(self, loop: Loop) -> Figures:
        """The figures of what a run begins with, on the windows that it is tested on in the end.

        Measured once and kept with the run.
        """
        path = self.folder / "base-figures.json"
        if loop.state.step > 0 and path.is_file():
            return Figures.from_dict(json.loads(path.read_text("utf-8")))
        self.watcher.stage("testing the base")
        figures = loop.evaluate(loop.plan.final)
        if self.ranks.is_first:
            write_whole(path, json.dumps(figures.as_dict()))
        return figures

    def take_steps(self, loop: Loop, stage: str) -> Stopped | None:
        """Run a loop under the watcher's eyes; what it came to if it was asked to stop."""
        loop.watch, loop.stop, loop.tell = self._watch, self.watcher.stop, self.tell
        self.watcher.stage(stage)
        loop.learner.train()
        try:
            finished = loop.run()
        finally:
            if self.board is not None:
                self.board.close()
        if finished:
            return None
        return Stopped(self.name, loop.state.step, loop.plan.total(loop.state))

    def empty(self, *, looks: bool = True) -> None:
        """Remove what is no longer needed: all but whose it is, the lock, the log, and what can be
        looked at.

        Without `looks`, that too: a new training begins.
        """
        (self.folder / READY).unlink(missing_ok=True)
        kept = {"lock", RECORD, LOG, *((SAMPLES, BOARD) if looks else ())}
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
        self.watcher.progress(progress)

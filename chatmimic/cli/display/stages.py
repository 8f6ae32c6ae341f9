"""The progress of work in stages: what is being done, a bar where it is counted, the time left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chatmimic.text import shown, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID


class Stages(Protocol):
    """Shows the stage that work is at."""

    def stage(self, words: str) -> None:
        """Begin a stage."""

    def note(self, words: str) -> None:
        """Say more about the stage."""

    def passed(self, done: int, total: int) -> None:
        """Say how much of the stage is done."""


@dataclass
class Bar:
    """On a terminal: the stage, a bar where it is counted, and the time left."""

    _bar: Progress
    _task: TaskID

    def stage(self, words: str) -> None:
        """Begin a stage."""
        # A new task: the total of an old one cannot be taken back.
        self._bar.remove_task(self._task)
        self._task = self._bar.add_task(f"{visible(words)} …", total=None)

    def note(self, words: str) -> None:
        """Say more about the stage."""
        self._bar.update(self._task, description=visible(words))

    def passed(self, done: int, total: int) -> None:
        """Say how much of the stage is done."""
        self._bar.update(self._task, completed=done, total=total)


@dataclass
class Lines:
    """On a pipe or a terminal without cursor movements: a line for each stage, unless `quiet`."""

    screen: Console
    quiet: bool
    _last: str = ""

    def stage(self, words: str) -> None:
        """Begin a stage; the same one again is not told twice."""
        if words != self._last and not self.quiet:
            self.screen.print(shown(f"{words[:1].upper()}{words[1:]} …"), soft_wrap=True)
        self._last = words

    def note(self, words: str) -> None:
        """Nothing more is said."""

    def passed(self, done: int, total: int) -> None:
        """How much is done is not said."""


@contextlib.contextmanager
def stages(screen: Console, quiet: bool = False) -> Iterator[Stages]:
    """Progress on a terminal, which is removed at the end; lines elsewhere, unless `quiet`."""
    if not screen.is_terminal or screen.is_dumb_terminal:
        yield Lines(screen, quiet)
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Counted(MofNCompleteColumn):
        """The count, where there is one."""

        def render(self, task: Task) -> Text:
            """`12/60`, or nothing."""
            return super().render(task) if task.total else Text()

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        Counted(),
        TimeRemainingColumn(),
        console=screen,
        transient=True,
    ) as bar:
        yield Bar(bar, bar.add_task("", total=None))

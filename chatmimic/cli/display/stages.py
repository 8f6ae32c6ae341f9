"""The progress of work in stages: what is being done, a bar where it is counted, the time left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatmimic.text import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID


@dataclass
class Stages:
    """Shows the stage that work is at. On a pipe nothing is shown."""

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


@contextlib.contextmanager
def stages(screen: Console) -> Iterator[Stages]:
    """Progress on a terminal, which is removed at the end."""
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
        disable=not screen.is_terminal,
    ) as bar:
        yield Stages(bar, bar.add_task("", total=None))

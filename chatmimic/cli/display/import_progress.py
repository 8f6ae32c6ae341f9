"""The progress bar of `chatmimic import`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from chatmimic.cli.common import console
from chatmimic.text import visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from chatmimic.importers import ImportReport


def progress(path: Path, report: ImportReport) -> contextlib.AbstractContextManager[object]:
    """A progress bar of the bytes read, on standard error if that is a terminal."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    class Bar(Progress):
        """Reads the report whenever it is drawn: a file may take long to yield its messages."""

        def get_renderables(self) -> Iterator[RenderableType]:
            for task in self.task_ids:
                total = report.bytes_total or None
                self.update(task, total=total, completed=report.bytes_read)
            yield from super().get_renderables()

    screen = console(stderr=True)
    name = Column(no_wrap=True, overflow="ellipsis", max_width=32)
    bar = Bar(
        TextColumn("{task.description}", markup=False, table_column=name),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%", markup=False),
        TimeRemainingColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )
    bar.add_task(visible(path.name or str(path)), total=None)
    return bar

"""Whether the disk has room for what a training writes, before its first step."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from chatmimic.errors import TrainingError
from chatmimic.files import size_in_words
from chatmimic.training.checkpointing.run_writer import KEPT
from chatmimic.training.planning.estimate import FLOAT, MOMENTS

if TYPE_CHECKING:
    from chatmimic.training.loop import Loop


def bytes_written(trainable: int, optimizer: str) -> int:
    """The most bytes of weights and moments that a run has on disk at once.

    A new checkpoint, and new best weights, are written beside those that are kept; the mimic, which
    may be a copy of them, comes last.
    """
    weights, moments = FLOAT * trainable, MOMENTS[optimizer] * trainable
    return (KEPT + 1) * (weights + moments) + (KEPT + 1) * weights


def check_disk(folder: Path, loop: Loop) -> None:
    """Raise TrainingError if the disk has too little room for a run's checkpoints."""
    if not loop.processes.is_first:
        return
    trainable = sum(p.numel() for p in loop.loss_module.parameters() if p.requires_grad)
    needed, free = bytes_written(trainable, loop.plan.optimizer), shutil.disk_usage(folder).free
    if needed > free:
        raise TrainingError(
            f"There is too little room on the disk of {folder}: the checkpoints of this training "
            f"take about {size_in_words(needed)}, and {size_in_words(free)} are free.",
            "Free some space and add --resume, or use another folder with --home.",
        )

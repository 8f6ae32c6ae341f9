"""Event files for TensorBoard: the log as curves."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from chatmimic.files import private_folder
from chatmimic.training.optional_packages import library

if TYPE_CHECKING:
    from chatmimic.training.progress import Progress

FOLDER = "board"
_NEEDED = ("tensorboard", "chatmimic[tensorboard]", "--tensorboard")


def check_board() -> None:
    """Raise TrainingError if TensorBoard is not installed."""
    with library(*_NEEDED):
        pass


class Board:
    """Writes event files into a folder. Raises TrainingError if TensorBoard is not installed."""

    def __init__(self, folder: Path, step: int) -> None:
        with library(*_NEEDED):
            from torch.utils.tensorboard import SummaryWriter

        # What a killed run wrote beyond its last checkpoint is not shown: steps from here on go.
        place = private_folder(folder / FOLDER)
        self._writer = SummaryWriter(str(place), purge_step=step + 1 if step else 0)
        for file in place.iterdir():
            file.chmod(0o600)

    def add(self, progress: Progress) -> None:
        """Add the progress of a step."""
        values = {
            "train/loss": progress.loss,
            "train/rate": progress.rate,
            "speed/tokens_per_second": progress.tokens_per_second,
            "speed/learnt_tokens_per_second": progress.targets_per_second,
            "memory/peak_mb": progress.memory / 1e6,
        }
        if figures := progress.held_out:
            values |= {
                "held_out/loss": figures.loss,
                "held_out/perplexity": figures.perplexity,
                "held_out/bits_per_character": figures.bits_per_character,
            }
            if figures.right is not None:
                values["held_out/right_replies"] = figures.right
        for name, value in values.items():
            if math.isfinite(value):
                self._writer.add_scalar(name, value, progress.step)
        if progress.held_out:
            self._writer.flush()

    def close(self) -> None:
        """Flush and close the files."""
        self._writer.close()

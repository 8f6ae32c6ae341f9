"""Event files for TensorBoard: what the log says, as curves."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from chatmimic.files import private_folder
from chatmimic.training.extras import library

if TYPE_CHECKING:
    from chatmimic.training.clock import Progress

FOLDER = "board"
_NEEDED = ("tensorboard", "chatmimic[tensorboard]", "--tensorboard")


def check_board() -> None:
    """Raises TrainingError where TensorBoard is missing."""
    with library(*_NEEDED):
        pass


class Board:
    """Writes event files into a folder. Raises TrainingError where TensorBoard is missing."""

    def __init__(self, folder: Path, step: int) -> None:
        with library(*_NEEDED):
            from torch.utils.tensorboard import SummaryWriter

        # What a killed run wrote beyond its last checkpoint is not shown: steps from here on go.
        place = private_folder(folder / FOLDER)
        self._writer = SummaryWriter(str(place), purge_step=step + 1 if step else 0)
        for file in place.iterdir():
            file.chmod(0o600)

    def add(self, progress: Progress) -> None:
        """Take in a step."""
        values = {
            "train/loss": progress.loss,
            "train/rate": progress.rate,
            "speed/tokens_per_second": progress.tokens_per_second,
            "speed/learnt_tokens_per_second": progress.learnt_per_second,
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
        """Write what is left."""
        self._writer.close()

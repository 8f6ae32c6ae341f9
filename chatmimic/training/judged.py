"""What is found in sample replies during training, for `--select style`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chatmimic.mimic import LoadedMimic, Mimic
from chatmimic.training.optional_packages import library

REPLIES = 24  # at each evaluation


@dataclass(frozen=True)
class Judged:
    """The style of sample replies and how much of them is copied.

    `style` is how surprised judges are that the person wrote them, in bits a reply: less is better.
    `copied` is the share of spans of eight words that stand in the training data, and `recites`
    says whether that is far more than in the person's own messages.
    """

    style: float
    copied: float
    recites: bool


def check_judges(option: str = "--select style") -> None:
    """Raise TrainingError if what judges style, which an option needs, is not installed."""
    with library("sklearn", "chatmimic[evaluate]", option):
        return


Judge = Callable[[LoadedMimic], Judged]
MakeJudge = Callable[[Mimic], Judge]  # for the mimic that a run is going to make

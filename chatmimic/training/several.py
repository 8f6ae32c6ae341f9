"""What a training by several processes cannot be asked for, and what it comes to if one ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from chatmimic.errors import TrainingError
from chatmimic.training.ranks import Ranks
from chatmimic.training.settings import Settings


def check_several(settings: Settings, ranks: Ranks, *, new: bool = True) -> None:
    """Raise TrainingError for what one process can do and these cannot; `new`: not resumed."""
    if ranks.world == 1:
        return
    if new and (settings.minutes is not None or settings.form == "auto"):
        raise TrainingError(
            "--minutes and --form auto are for one process: they try something first.",
            "Say --steps or --epochs, and a --form.",
        )
    if settings.step_in_backward:
        raise TrainingError(
            "--step-in-backward is for one process: several add up gradients before they step.",
            "Leave it out, or train with one.",
        )
    if ranks.spread and (asked := _not_in_parts(settings)):
        raise TrainingError(
            f"{' and '.join(asked)} cannot be had with a model spread over processes (FSDP).",
            "Leave that out, or start the processes with torchrun, so that each has all of it.",
        )


def check_alone(ranks: Ranks, command: str) -> None:
    """Raise TrainingError where several processes run a command that is for one."""
    if ranks.world > 1:
        raise TrainingError(
            f"`chatmimic {command}` is for one process.", "Start it without torchrun or accelerate."
        )


@contextlib.contextmanager
def all_there(ranks: Ranks) -> Iterator[None]:
    """Turn what a process has to say when another one is gone into a TrainingError."""
    try:
        yield
    except RuntimeError as error:
        if ranks.world == 1 or not _is_of_another(error):
            raise
        raise TrainingError(
            "Another of the processes that train together has ended.",
            "What it said, if anything, stands above; the same command with --resume goes on.",
        ) from error


def _is_of_another(error: RuntimeError) -> bool:
    """gloo, which joins processors, has no error of its own, only words."""
    return isinstance(error, torch.distributed.DistError) or "by peer" in str(error)


def _not_in_parts(settings: Settings) -> list[str]:
    """What was asked for and needs whole tensors, or the model at another time than in a step."""
    asked = {
        f"--optimizer {settings.optimizer}": settings.optimizer != "adamw",
        "--candidates": settings.candidates > 0,
        "--sample-every": settings.sample_every is not None,
        "--compile": settings.compile,
    }
    return [option for option, so in asked.items() if so]

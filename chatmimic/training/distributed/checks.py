"""Options that distributed training does not support, and errors if a process ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from chatmimic.errors import TrainingError
from chatmimic.training.distributed.process_group import ProcessGroup
from chatmimic.training.settings import STYLE, TrainSettings


def check_several(settings: TrainSettings, processes: ProcessGroup, *, new: bool = True) -> None:
    """Raise TrainingError for options that work only with one process; `new`: not resumed."""
    if processes.world == 1:
        return
    if new and (settings.minutes is not None or settings.form == "auto"):
        raise TrainingError(
            "--minutes and --form auto work only with one process: they measure something first.",
            "Use --steps or --epochs, and choose a --form.",
        )
    if settings.select == STYLE:
        raise TrainingError(
            "--select style works only with one process.",
            "Leave it out, or train with one process.",
        )
    if settings.step_in_backward:
        raise TrainingError(
            "--step-in-backward works only with one process: several sum gradients before a step.",
            "Leave it out, or train with one process.",
        )
    if processes.spread and (requested := _not_in_parts(settings)):
        raise TrainingError(
            f"{' and '.join(requested)} cannot be used with a model sharded over processes (FSDP).",
            "Leave that out, or start with torchrun, so that each process has the whole model.",
        )


def check_alone(processes: ProcessGroup, command: str) -> None:
    """Raise TrainingError if several processes run a command that is for one."""
    if processes.world > 1:
        raise TrainingError(
            f"`chatmimic {command}` works only with one process.",
            "Start it without torchrun or accelerate.",
        )


@contextlib.contextmanager
def all_there(processes: ProcessGroup) -> Iterator[None]:
    """Turn the error of a process whose partner has ended into a TrainingError."""
    try:
        yield
    except RuntimeError as error:
        if processes.world == 1 or not _is_of_another(error):
            raise
        raise TrainingError(
            "Another of the processes that train together has ended.",
            "Its error message, if any, is above. Run the same command with --resume to continue.",
        ) from error


def _is_of_another(error: RuntimeError) -> bool:
    """Whether the error is that of gloo (used on CPUs), which has no exception class of its own."""
    return isinstance(error, torch.distributed.DistError) or "by peer" in str(error)


def _not_in_parts(settings: TrainSettings) -> list[str]:
    """The given options that need whole tensors, or the model outside of a step."""
    requested = {
        f"--optimizer {settings.optimizer}": settings.optimizer != "adamw",
        "--candidates": settings.candidates > 0,
        "--sample-every": settings.sample_every is not None,
        "--compile": settings.compile,
    }
    return [option for option, so in requested.items() if so]

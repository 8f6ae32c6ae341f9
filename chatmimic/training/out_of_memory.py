"""Out of memory, on any device: continuing with less, and the error if nothing helps."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from chatmimic import machine
from chatmimic.errors import TrainingError
from chatmimic.training.allocator import give_back_unused

if TYPE_CHECKING:
    from chatmimic.training.backend import Backend

T = TypeVar("T")
Notify = Callable[[str], None]


def is_full(error: BaseException) -> bool:
    """Whether an error means out of memory."""
    return isinstance(error, torch.OutOfMemoryError) or machine.is_full(error)


def make_room() -> None:
    """Free memory that is no longer used."""
    gc.collect()
    give_back_unused()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def peak_bytes() -> int:
    """The peak memory of this process in bytes: that of the GPU with CUDA, else of the machine."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_reserved()
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return int(getattr(psutil.Process().memory_info(), "peak_wset", 0))
    import sys

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024  # bytes there, kB elsewhere


class Fitting:
    """The micro-batch size of a run, halved each time it is out of memory.

    The result of a step stays the same except for rounding.
    """

    def __init__(self, model: Any, backend: Backend, window: int, notify: Notify) -> None:
        self._model = model
        self._backend = backend
        self._window = window  # tokens
        self._tell = notify
        # Processes share the windows of a step.
        share = -(-backend.plan.windows_per_step // backend.processes.world)
        self.at_once = min(backend.plan.batch, share)

    def run(self, work: Callable[[int], T]) -> T:
        """Call `work` with the micro-batch size; if out of memory, again with a smaller one.

        Raises TrainingError if not even one window fits with gradient checkpointing.
        """
        while True:
            try:
                return work(self.at_once)
            except (RuntimeError, MemoryError) as error:
                if not is_full(error):
                    raise
                if not self._can_take_less():
                    raise no_memory(self._window, self.at_once) from error
            self._backend.zero_grad()
            make_room()
            self._take_less()

    @property
    def computes_twice(self) -> bool:
        """Whether gradient checkpointing is on."""
        return bool(self._model.is_activation_checkpointing)

    def _can_take_less(self) -> bool:
        """Whether a step can be repeated with less memory.

        Not if other processes wait for it, or if it is partly taken. With --step-in-backward the
        micro-batch cannot be made smaller.
        """
        if self._backend.processes.world > 1 or self._backend.has_begun:
            return False
        return self._can_halve or not self.computes_twice

    @property
    def _can_halve(self) -> bool:
        return self.at_once > 1 and not self._backend.plan.step_in_backward

    def _take_less(self) -> None:
        if self._can_halve:
            self.at_once = (self.at_once + 1) // 2
            windows = f"{self.at_once} window{'' if self.at_once == 1 else 's'}"
            self._tell(f"out of memory: continuing with a micro-batch of {windows}")
        else:
            self._model.activation_checkpointing_enable()
            self._tell("out of memory: continuing with gradient checkpointing")


def no_memory(window: int, at_once: int) -> TrainingError:
    """The error if nothing smaller is left to try."""
    what = "one window" if at_once == 1 else f"{at_once} windows"
    return TrainingError(
        f"Out of memory with {what} of {window} tokens.",
        "Train again with a smaller --window or --base, or with --gradient-checkpointing.",
    )

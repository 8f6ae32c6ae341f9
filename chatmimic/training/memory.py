"""When memory is full, on whatever device, and what there is to say of it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import platform

import torch

from chatmimic import machine
from chatmimic.errors import TrainingError

_LARGE = 8_000_000  # bytes: a matrix of gpt2-medium has 12.6 MB, its activations 2 MB and more
_M_MMAP_THRESHOLD = -3  # of mallopt(3)


def is_full(error: BaseException) -> bool:
    """Whether an error says that memory does not hold what was asked for."""
    return isinstance(error, torch.OutOfMemoryError) or machine.is_full(error)


def make_room() -> None:
    """Give back what is no longer used."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def give_back_at_once() -> None:
    """Have glibc give large blocks back to the system when they are freed, from here on.

    Else it keeps up to 32 MB of each, and gradients that come and go leave holes that activations
    do not fill. On gpt2-medium with steps in the backward pass at 1,024 tokens this takes 6.0 GB
    instead of 6.8, for 7 % of the speed (`benchmarks/train_speed.py`). Other systems go on as they
    are.
    """
    if platform.libc_ver()[0] == "glibc":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def peak_bytes() -> int:
    """The most memory this process has held on its device: CUDA's, else the machine's."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_reserved()
    try:
        import resource
    except ImportError:  # Windows keeps the count elsewhere
        import psutil

        return int(getattr(psutil.Process().memory_info(), "peak_wset", 0))
    import sys

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024  # bytes there, kB elsewhere


def no_memory(window: int, at_once: int) -> TrainingError:
    """Nothing smaller is left to try."""
    what = "one window" if at_once == 1 else f"{at_once} windows"
    return TrainingError(
        f"Memory does not hold {what} of {window} tokens.",
        "Choose a smaller --window or --base, or --gradient-checkpointing; then train again.",
    )

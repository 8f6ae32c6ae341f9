"""When glibc's allocator gives memory back to the system; nothing happens on other systems."""

from __future__ import annotations

import contextlib
import ctypes
import platform

_M_MMAP_THRESHOLD = -3  # of mallopt(3)
MATRIX = 8_000_000  # bytes: a matrix of gpt2-medium has 12.6 MB, its activations 2 MB and more
ACTIVATION = 1_000_000  # bytes: those of SmolLM2's blocks have 0.6 to 3 MB at 512 tokens


def give_back_at_once(smallest: int) -> None:
    """Return blocks of at least that many bytes to the system as soon as they are freed.

    By default glibc keeps blocks of up to 32 MB, which leave holes that later ones do not fill.
    With matrices returned, gpt2-medium with --step-in-backward and 1,024 tokens takes 6.0 GB
    instead of 6.8, and is 7 % slower (`benchmarks/train_speed.py`). Holds from now on.
    """
    if platform.libc_ver()[0] == "glibc":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, smallest)


def give_back_unused() -> None:
    """Return all memory to the system that is free now."""
    if platform.libc_ver()[0] == "glibc":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)

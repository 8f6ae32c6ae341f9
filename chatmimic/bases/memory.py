"""Memory during the conversion of weights: releases tensors as soon as they are not needed."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import platform
from collections.abc import Callable, Iterator

from torch import Tensor

_DO_NOT_NEED = 4  # of madvise(2), on Linux
_M_MMAP_THRESHOLD = -3  # of mallopt(3)
_SMALLEST, _USUAL = 200_000, 32 << 20  # bytes


@contextlib.contextmanager
def letting_go() -> Iterator[Callable[[Tensor], None]]:
    """Context with a function that releases the memory of a tensor that is not needed any more.

    Memory of a tensor that is mapped from a file counts as the process's own once it was read,
    although the system could take it back at any time; if needed, it is read again. Freed blocks
    are also returned to the system at once, since the smaller ones allocated later would not fill
    the holes. Only on Linux with glibc; elsewhere nothing is done.
    """
    if platform.libc_ver()[0] != "glibc":
        yield lambda tensor: None
        return
    libc, mapped = ctypes.CDLL(None), _mapped()

    def let_go(tensor: Tensor) -> None:
        start = -(-tensor.data_ptr() // mmap.PAGESIZE) * mmap.PAGESIZE
        stop = tensor.data_ptr() + tensor.nbytes
        length = (stop - start) // mmap.PAGESIZE * mmap.PAGESIZE
        if length > 0 and any(first <= start and stop <= last for first, last in mapped):
            libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), _DO_NOT_NEED)

    libc.mallopt(_M_MMAP_THRESHOLD, _SMALLEST)
    try:
        yield let_go
    finally:
        libc.mallopt(_M_MMAP_THRESHOLD, _USUAL)


def _mapped() -> list[tuple[int, int]]:
    """The address ranges (first, last) of mapped weight files that were not written to."""
    import psutil

    found = []
    with contextlib.suppress(psutil.Error, OSError):
        for part in psutil.Process().memory_maps(grouped=False):
            if part.path.endswith(".safetensors") and part.private_dirty == 0:
                first, last = (int(address, 16) for address in part.addr.split("-"))
                found.append((first, last))
    return found

"""Memory while weights are converted: what was read of a file goes as soon as it is not needed."""

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
    """Gives a function that lets go of the memory of a tensor that is not needed any more.

    That of a tensor which is mapped from a file counts as the process' own once it was read, though
    the system could have it back at any time; where it is needed after all it is read again. Blocks
    that are freed go back to the system at once, too: the smaller ones that come after would not
    fill the holes. All this is for Linux; elsewhere nothing is done.
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
    """Where files of weights are mapped to and nobody has written, as first and last address."""
    import psutil

    found = []
    with contextlib.suppress(psutil.Error, OSError):
        for part in psutil.Process().memory_maps(grouped=False):
            if part.path.endswith(".safetensors") and part.private_dirty == 0:
                first, last = (int(address, 16) for address in part.addr.split("-"))
                found.append((first, last))
    return found

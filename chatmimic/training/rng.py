"""Random numbers that depend only on seed and step, so that a resumed run draws the same."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def number(*parts: int) -> int:
    """A pseudorandom 63-bit number that depends only on `parts`."""
    digest = hashlib.sha256(":".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


@lru_cache(maxsize=4)
def shuffle(seed: int, epoch: int, size: int) -> NDArray[np.int64]:
    """The order in which an epoch goes through `size` things."""
    return np.random.default_rng(number(seed, epoch)).permutation(size)


def places(seed: int, start: int, count: int, size: int) -> NDArray[np.int64]:
    """`count` items from position `start` on of an endless sequence of shuffles of `size` items."""
    wanted = range(start, start + count)
    return np.asarray([shuffle(seed, p // size, size)[p % size] for p in wanted], np.int64)

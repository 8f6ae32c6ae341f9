"""Array types, and sets of words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Any_ = NDArray[Any]


def squeezed(values: Any, by: float = 4.0) -> Any_:
    """log(1 + x) / `by`: counts and minutes scaled to about one."""
    return np.log1p(values) / by


def words_of(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())

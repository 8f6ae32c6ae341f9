"""A part of many examples, where all of them would take too long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

One = TypeVar("One")


def spread(examples: Sequence[One], count: int) -> list[One]:
    """At most `count` examples, evenly spread: neighbours are often of the same dialogue."""
    size = len(examples)
    if count >= size:
        return list(examples)
    return [examples[n * size // count] for n in range(count)]

"""What a JSON value is taken for when a service may have put anything in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def as_dict(value: Any) -> Mapping[str, Any]:
    """The object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> Sequence[Any]:
    """The array, or an empty one in place of anything else."""
    return value if isinstance(value, list) else ()


def text(value: Any) -> str:
    """A string, or an id that was written as a number; never the text of a null."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 1 << 64 else ""
    return value if isinstance(value, str) else ""

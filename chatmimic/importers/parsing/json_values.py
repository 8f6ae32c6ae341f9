"""Coerces JSON values that may have an unexpected type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def as_dict(value: Any) -> Mapping[str, Any]:
    """The object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> Sequence[Any]:
    """The array; an empty one for anything else."""
    return value if isinstance(value, list) else ()


def text(value: Any) -> str:
    """The string; a number as text; "" for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 1 << 64 else ""
    return value if isinstance(value, str) else ""

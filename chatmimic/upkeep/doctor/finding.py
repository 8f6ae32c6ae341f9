"""A finding: what is wrong or good to know, and how it is mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Level(StrEnum):
    """How bad a finding is."""

    PROBLEM = "problem"  # something does not work, or private text lies where it should not
    NOTE = "note"  # good to know


@dataclass(frozen=True)
class Finding:
    """What is wrong, how to mend it, and where.

    `act` mends it, where nothing that a user may want is lost by that; else it is None.
    """

    level: Level
    says: str
    mend: str = ""  # what a user can do
    path: Path | None = None
    act: Callable[[], object] | None = None

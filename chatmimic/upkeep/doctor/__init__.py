"""Checks of a home and of what chatmimic runs on; each finding says how to mend it."""

from __future__ import annotations

from collections.abc import Iterator

from chatmimic.home import Home
from chatmimic.upkeep.doctor import (
    archives,
    environment,
    leftovers,
    models,
    permissions,
    runs,
    space,
)
from chatmimic.upkeep.doctor.finding import Finding, Level

CHECKS = (
    ("permissions", permissions.check),
    ("archive", archives.check),
    ("mimics", models.check),
    ("runs", runs.check),
    ("leftovers", leftovers.check),
    ("space", space.check),
    ("environment", environment.check),
)


def examine(home: Home) -> Iterator[tuple[str, list[Finding]]]:
    """Run each check: its name, and what it found; nothing is changed."""
    for name, check in CHECKS:
        try:
            yield name, list(check(home))
        except OSError as error:
            says = f"{error.filename or home.path} cannot be read: {error.strerror or error}"
            yield name, [Finding(Level.PROBLEM, says, "make it readable for you")]


__all__ = ["CHECKS", "Finding", "Level", "examine"]

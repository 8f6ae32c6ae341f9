"""Who speaks where a launcher started several processes of one command. Imports nothing heavy."""

from __future__ import annotations

import os
import time

GRACE = 15.0  # seconds; a launcher on a busy machine needs some to end the others


def is_first() -> bool:
    """Whether this process is alone, or the first of several: the one that writes and speaks."""
    return os.environ.get("RANK", "0") == "0"


def let_the_first_speak() -> None:
    """Wait before telling of a fault, so that one which all have met is told of once.

    The launcher ends the others as soon as one has failed.
    """
    if not is_first():
        time.sleep(GRACE)

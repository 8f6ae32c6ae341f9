"""Which of several processes of one command prints: rank zero. Imports nothing heavy."""

from __future__ import annotations

import os
import time

GRACE = 15.0  # seconds that a launcher on a busy machine may need to end the other processes


def is_first() -> bool:
    """Whether this is the only process, or the first of several: the one that writes and prints."""
    return os.environ.get("RANK", "0") == "0"


def let_the_first_speak() -> None:
    """Wait before reporting an error, unless first, so that one common to all is reported once.

    The launcher ends the other processes as soon as one has failed.
    """
    if not is_first():
        time.sleep(GRACE)

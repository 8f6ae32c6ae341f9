"""Whether a thread is a busy channel, where several conversations go on at once."""

from __future__ import annotations

from collections.abc import Sequence

_BLOCK = 50  # messages; …
_CROWD = 9  # … with so many speakers on average: help channels have 11 to 17, a team at work 6
_LEAST = 200  # least messages to judge by


def is_busy(senders: Sequence[str]) -> bool:
    """Whether a thread is a busy channel, judging by the senders of its messages in order."""
    if len(senders) < _LEAST:
        return False
    blocks = [senders[n : n + _BLOCK] for n in range(0, len(senders) - _BLOCK + 1, _BLOCK)]
    return sum(len(set(block)) for block in blocks) >= _CROWD * len(blocks)

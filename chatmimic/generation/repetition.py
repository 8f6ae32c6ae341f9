"""Repetition in a reply: tokens that would repeat an n-gram, and replies caught in a loop."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST_PHRASE = 24  # tokens
_TIMES = 3
_COVERED = 16  # tokens: eight times "ha" is laughter, three times the same sentence is a loop


def runs_in_circle(ids: Sequence[int]) -> bool:
    """Whether a reply ends in one phrase repeated at least three times, 16 tokens in all."""
    for length in range(1, min(_LONGEST_PHRASE, len(ids) // _TIMES) + 1):
        times = max(_TIMES, -(-_COVERED // length))
        tail = ids[-length * times :]
        if len(tail) == length * times and tail[length:] == tail[:-length]:
            return True
    return False


def would_repeat(ids: Sequence[int], size: int) -> set[int]:
    """The tokens that would complete an n-gram of `size` tokens that is already in `ids`."""
    if size < 1 or len(ids) < size:
        return set()
    last = list(ids[len(ids) - size + 1 :])
    return {
        ids[start + size - 1]
        for start in range(len(ids) - size + 1)
        if list(ids[start : start + size - 1]) == last
    }

"""Repetition in a reply: which tokens would repeat a phrase, and when a reply runs in a circle."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST_PHRASE = 24  # tokens
_TIMES = 3
_COVERED = 16  # tokens: "ha" may be laughed eight times, a sentence said three times is a loop


def runs_in_circle(ids: Sequence[int]) -> bool:
    """Whether the end of a reply is one phrase, at least three times over and 16 tokens in all."""
    for length in range(1, min(_LONGEST_PHRASE, len(ids) // _TIMES) + 1):
        times = max(_TIMES, -(-_COVERED // length))
        tail = ids[-length * times :]
        if len(tail) == length * times and tail[length:] == tail[:-length]:
            return True
    return False


def would_repeat(ids: Sequence[int], size: int) -> set[int]:
    """The tokens that would complete a run of `size` tokens that `ids` already holds."""
    if size < 1 or len(ids) < size:
        return set()
    last = list(ids[len(ids) - size + 1 :])
    return {
        ids[start + size - 1]
        for start in range(len(ids) - size + 1)
        if list(ids[start : start + size - 1]) == last
    }

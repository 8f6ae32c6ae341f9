"""Which messages are in the context: the newest ones, whole, as many as in training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from chatmimic.records import Message

# The first message of the context moves in steps, so that the beginning of the prompt (and the
# cached keys and values) stays the same for several turns. It depends on the history alone: the
# same history gives the same prompt.
_STEP = 8


def fit(
    history: Sequence[Message],
    room: int,
    length: Callable[[Sequence[Message]], int],
    most: int | None = None,
) -> list[Message]:
    """The newest messages, `most` of them at most, whose `length` is at most `room` tokens.

    Older messages are dropped whole. If the newest message alone is too long, its beginning is cut
    off.
    """
    # A message takes at least two tokens, so no more than `room // 2` can fit.
    kept = room // 2 if most is None else min(most, room // 2)
    step = _STEP if most is None else max(1, min(_STEP, most // 3))
    first = _up(max(0, len(history) - kept), step)
    steps = [*range(first, len(history), step)]
    for starts in (steps, range(steps[-1] if steps else 0, len(history))):
        start = _earliest(starts, lambda at: length(history[at:]) <= room)
        if start is not None:
            return list(history[start:])
    return _shortened(history[-1], room, length) if history else []


def _up(number: int, step: int) -> int:
    return -(-number // step) * step


def _earliest(starts: Sequence[int], fits: Callable[[int], bool]) -> int | None:
    """The first of `starts` that fits, by bisection: if one fits, so do all later ones."""
    low, high = 0, len(starts)
    while low < high:
        middle = (low + high) // 2
        if fits(starts[middle]):
            high = middle
        else:
            low = middle + 1
    return starts[low] if low < len(starts) else None


def _shortened(
    message: Message, room: int, length: Callable[[Sequence[Message]], int]
) -> list[Message]:
    text = message.text[-4 * room :]
    while text:
        message = replace(message, text=text)
        if length([message]) <= room:
            return [message]
        text = text[(len(text) + 1) // 2 :]
    return []

"""Which messages a model gets to see: the newest, as many as it was trained on, whole ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from chatmimic.records import Message

# The first message shown moves in steps, so that the beginning of the prompt (and with it the
# cache of what was already read) stays the same for several turns. It is a function of the history
# alone: the same history gives the same prompt.
_STEP = 8


def fit(
    history: Sequence[Message],
    room: int,
    length: Callable[[Sequence[Message]], int],
    most: int | None = None,
) -> list[Message]:
    """The newest messages whose `length` in tokens is at most `room`, and no more than `most`.

    Older ones are dropped whole. Only when the newest message alone is too long is its beginning
    cut off.
    """
    # A message takes two tokens or more, so that no more than `room // 2` can ever fit.
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
    """The first of `starts` that fits, by halving: what fits at one start fits at later ones."""
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

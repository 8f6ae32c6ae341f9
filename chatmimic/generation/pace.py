"""How much time passes between generated messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from chatmimic.records import Message

# The person, and whether they also sent the message before → gaps in milliseconds.
Gaps = Mapping[tuple[str, bool], Sequence[int]]

FEWEST = 20  # gaps of a person from which to draw
_CHARACTERS_PER_SECOND = 5.0  # about 60 words a minute
_READING_S = 12.0  # the median before somebody answers; half of it before they go on
_SPREAD = 0.8  # standard deviation of the logarithm
_LONGEST_MS = 3_600_000


@dataclass(frozen=True)
class Pace:
    """Draws the time between two messages: from a person's own gaps, else by length of text."""

    own: Gaps = field(default_factory=dict)

    def gap(self, rng: Random, before: Message | None, message: Message) -> int:
        """Milliseconds between `before` (None: the conversation begins) and `message`."""
        if before is None:
            return 0
        own = self.own.get((message.sender, before.sender == message.sender), ())
        return rng.choice(own) if len(own) >= FEWEST else gap(rng, before, message)


def gap(rng: Random, before: Message | None, message: Message) -> int:
    """Milliseconds between two messages: time to read, and to type the second one."""
    if before is None:
        return 0
    median = _READING_S / 2 if before.sender == message.sender else _READING_S
    typing = len(message.text) / _CHARACTERS_PER_SECOND
    seconds = typing + median * rng.lognormvariate(0, _SPREAD)
    return min(_LONGEST_MS, max(1000, round(seconds * 1000)))

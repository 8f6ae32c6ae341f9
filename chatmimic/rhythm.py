"""How long a person waits before they answer, and between messages of one turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

from chatmimic.records import Conversation

_SHARES = 100  # equal parts of the waits, at the borders of which a wait is drawn
_FEWEST = 20  # waits, below which the usual ones are taken
_LONGEST_S = 30 * 86_400


@dataclass(frozen=True)
class Rhythm:
    """The waits of a person in seconds, as quantiles from the shortest to the longest.

    `reply` is the wait before an answer to somebody, `burst` that before one more message of the
    same turn.
    """

    reply: tuple[float, ...]
    burst: tuple[float, ...]

    @classmethod
    def of(cls, conversations: Iterable[Conversation], person: str) -> Rhythm:
        """The rhythm of a person in conversations; the usual one where they wait too rarely."""
        waits: dict[bool, list[float]] = {False: [], True: []}
        for conversation in conversations:
            for same, wait in _waits(conversation, person):
                waits[same].append(wait)
        return cls.of_waits(waits[False], waits[True])

    @classmethod
    def of_waits(cls, reply: Sequence[float], burst: Sequence[float]) -> Rhythm:
        """The rhythm of somebody who waited so many seconds each time."""
        return cls(_quantiles(reply) or USUAL.reply, _quantiles(burst) or USUAL.burst)

    @classmethod
    def from_dict(cls, said: object) -> Rhythm:
        """The inverse of `as_dict`; the usual rhythm for anything else."""
        found = said if isinstance(said, dict) else {}
        read = {kind: _numbers(found.get(kind)) for kind in ("reply_s", "burst_s")}
        return cls(read["reply_s"] or USUAL.reply, read["burst_s"] or USUAL.burst)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for `mimic.json`."""
        return {"reply_s": list(self.reply), "burst_s": list(self.burst)}

    def wait(self, rng: Random, *, again: bool) -> float:
        """Draw a wait in seconds; `again` means that the person spoke last, too."""
        return rng.choice(self.burst if again else self.reply)


def _waits(conversation: Conversation, person: str) -> Iterator[tuple[bool, float]]:
    """Whether the person spoke before, and how long they waited, for each of their messages."""
    for before, message in pairwise(conversation.messages):
        if message.sender == person and None not in (before.sent_at, message.sent_at):
            wait = ((message.sent_at or 0) - (before.sent_at or 0)) / 1000
            yield before.sender == person, min(max(0.0, wait), _LONGEST_S)


def _quantiles(waits: Sequence[float]) -> tuple[float, ...]:
    if len(waits) < _FEWEST:
        return ()
    ordered = sorted(waits)
    last = len(ordered) - 1
    return tuple(round(ordered[round(last * n / _SHARES)], 1) for n in range(_SHARES + 1))


def _numbers(said: object) -> tuple[float, ...]:
    """Quantiles as read from JSON; none unless they are numbers in order."""
    if not isinstance(said, list) or len(said) < 2:
        return ()
    good = all(type(n) in (int, float) and 0 <= n <= _LONGEST_S for n in said)
    return tuple(map(float, said)) if good and said == sorted(said) else ()


def quickened(wait_s: float, longest_s: float = 3.0) -> float:
    """A wait made short: a minute becomes half of `longest_s`, and nothing more than all of it."""
    return longest_s * wait_s / (wait_s + 60.0)


# Of people who chat on a telephone: half of all answers within a minute, bursts of a few seconds.
USUAL = Rhythm(
    (0.0, 4.0, 9.0, 15.0, 24.0, 40.0, 60.0, 110.0, 240.0, 900.0, 7200.0),
    (0.0, 2.0, 4.0, 5.0, 7.0, 9.0, 12.0, 17.0, 26.0, 50.0, 300.0),
)

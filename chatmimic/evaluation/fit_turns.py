"""Messages per turn: fitted, so that a mimic sends as many in a row as its person does.

After each message of the person's the model says how likely one more of theirs is; `bias` is what
has to be added to the log-odds, so that these likelihoods add up to how often there was one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

from chatmimic.evaluation.spread import spread
from chatmimic.generation.generator import with_bias
from chatmimic.records import Conversation, Message

_PLACES, _FEWEST = 48, 16
_CONTEXT = 4  # messages
_MOST = 4.0  # log-odds
_ROUNDS = 30  # of bisection: 8 / 2^30 is nothing


class Taker(Protocol):
    """What says who speaks next, such as a `BatchGenerator`."""

    def continues(self, history: Sequence[Message], speaker: str) -> float:
        """The probability that `speaker`, who spoke last, also sends the next message."""


def fitted_bias(taker: Taker, conversations: Sequence[Conversation], person: str) -> float | None:
    """The log-odds to add; None where the person wrote too rarely to tell."""
    places = spread(list(_places(conversations, person)), _PLACES)
    if len(places) < _FEWEST:
        return None
    chances = [taker.continues(history, person) for history, _ in places]
    # Half a place is added to either side: nobody never, or always, sends one more.
    wanted = (sum(more for _, more in places) + 0.5) / (len(places) + 1)
    return round(bias(chances, wanted), 2)


def bias(chances: Sequence[float], wanted: float) -> float:
    """What added to the log-odds of probabilities makes their mean `wanted`."""
    low, high = -_MOST, _MOST
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        if math.fsum(with_bias(p, middle) for p in chances) / len(chances) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _places(
    conversations: Sequence[Conversation], person: str
) -> Iterator[tuple[Sequence[Message], bool]]:
    """The messages up to one of the person's, and whether the next one is theirs, too."""
    for conversation in conversations:
        messages = conversation.messages
        for at, (message, after) in enumerate(zip(messages, messages[1:], strict=False)):
            if message.sender == person:
                yield messages[max(0, at + 1 - _CONTEXT) : at + 1], after.sender == person

"""Places where a person replied: what came before, and what they really said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatmimic.evaluation.spread import spread
from chatmimic.records import Conversation
from chatmimic.training.samples import Exchange, answers


@dataclass(frozen=True)
class Place(Exchange):
    """The messages before a reply, the real reply, and the number of its conversation."""

    conversation: int


def places(found: Sequence[Conversation], person: str, most: int | None = None) -> list[Place]:
    """Where the person answered somebody else, at most `most`, evenly spread, in order of time."""
    everywhere = [
        Place(one.before, one.real, number)
        for number, conversation in enumerate(found)
        for one in answers(conversation, person)
    ]
    return everywhere if most is None else spread(everywhere, most)

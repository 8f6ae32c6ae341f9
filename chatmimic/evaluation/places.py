"""Places where a person replied: what came before, and what they really said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chatmimic.evaluation.spread import spread
from chatmimic.records import Conversation, Message
from chatmimic.training.samples import Exchange, answers


@dataclass(frozen=True)
class Place(Exchange):
    """The messages before a reply, the real reply, and the number of its conversation."""

    conversation: int

    def with_names(self, names: Mapping[str, str]) -> Place:
        """The same with some people under other names."""
        if not any(m.sender in names for m in (*self.before, self.real)):
            return self

        def renamed(message: Message) -> Message:
            return replace(message, sender=names.get(message.sender, message.sender))

        return replace(self, before=tuple(map(renamed, self.before)), real=renamed(self.real))


def places(found: Sequence[Conversation], person: str, most: int | None = None) -> list[Place]:
    """Where the person answered somebody else, at most `most`, evenly spread, in order of time."""
    everywhere = [
        Place(one.before, one.real, number)
        for number, conversation in enumerate(found)
        for one in answers(conversation, person)
    ]
    return everywhere if most is None else spread(everywhere, most)

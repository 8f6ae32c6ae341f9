"""What measures are computed from: slices, places, and the replies of each source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chatmimic.evaluation import controls
from chatmimic.evaluation.intervals import mean_of, with_interval
from chatmimic.evaluation.places import Place
from chatmimic.evaluation.records import Figure, Source
from chatmimic.evaluation.slices import Slices
from chatmimic.evaluation.spread import spread
from chatmimic.evaluation.texts import names_of, plain
from chatmimic.records import Conversation, Message


@dataclass(frozen=True)
class Progress:
    """What an evaluation says while it works: the stage, and how much of it is done."""

    stage: Callable[[str], None] = lambda words: None
    passed: Callable[[int, int], None] = lambda done, total: None
    tell: Callable[[str], None] = lambda words: None

    def of(self, total: int) -> Callable[[int], None]:
        """A function to call with the number that is done, of `total`."""
        return lambda done: self.passed(done, total)


@dataclass
class Study:
    """All that measures are computed from: slices, places, and the replies of each source."""

    slices: Slices
    answered: list[Place]
    later: list[Place]
    seed: int
    bots: frozenset[str] = frozenset()
    replies: dict[Source, list[str]] = field(default_factory=dict)

    @property
    def person(self) -> str:
        """Whose imitation is judged."""
        return self.slices.person

    def conversation_of(self, source: Source) -> NDArray[np.int64]:
        """The number of the conversation that each reply of a source was given in."""
        count = len(self.replies[source])
        return np.array([place.conversation for place in self.places_of(count)])

    def places_of(self, count: int) -> list[Place]:
        """The places that a source with so many replies answered, evenly spread over all."""
        return spread(self.answered, count)

    @cached_property
    def read(self) -> list[str]:
        """The person's texts that the mimic was trained on."""
        return controls.said_by(self.slices.read, self.person)

    @cached_property
    def later_texts(self) -> list[str]:
        """The person's real replies after those that are answered."""
        return [place.real.text for place in self.later]

    @cached_property
    def _names(self) -> frozenset[str]:
        parts = (self.slices.read, self.slices.judge, self.slices.test)
        return names_of(m.sender for part in parts for c in part for m in c.messages)

    def plain(self, text: str) -> str:
        """A text as judges of style read it."""
        return plain(text, self._names)

    def shares(
        self, of: Callable[[Source, list[str]], NDArray[np.float64] | None]
    ) -> dict[Source, Figure]:
        """The mean over replies of what `of` gives for each source, with intervals."""
        figures = {}
        for source, texts in self.replies.items():
            values = of(source, texts)
            if values is not None and np.isfinite(values).any():
                where = self.conversation_of(source)
                figures[source] = with_interval(mean_of(values), where, self.seed)
        return figures


def texts_of(found: Sequence[Conversation]) -> Iterator[str]:
    """The texts of all messages of conversations."""
    return (m.text for c in found for m in c.messages)


def context_of(place: Place, newest: int = 5) -> str:
    """The newest messages before a reply, as one text."""
    return "\n".join(m.text for m in place.before[-newest:])


def real_messages(study: Study) -> list[Message]:
    """The person's real replies in the test, to draw others from."""
    return [place.real for place in (*study.answered, *study.later) if place.real.text]

"""Who speaks next where several people answer, each with the model that speaks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from chatmimic.generation import Generator
from chatmimic.generation.generator import with_bias
from chatmimic.records import Message


@dataclass(frozen=True)
class Room:
    """Those who answer, each with the generator that speaks for them, and the user."""

    generators: Mapping[str, Generator]
    you: str

    def chances(self, history: Sequence[Message]) -> dict[str | None, float]:
        """How likely each of them speaks next, or (None) nobody does before the user; sums to 1.

        Each generator says how likely its own people speak; how likely the user does, or the
        conversation ends, is the mean of what all say. With one generator these are its own
        probabilities.
        """
        people = tuple(dict.fromkeys((*self.generators, self.you)))
        several = {id(one): one for one in self.generators.values()}
        said = {key: one.chances(history, people) for key, one in several.items()}
        found: dict[str | None, float] = {
            person: said[id(one)][person] for person, one in self.generators.items()
        }
        nobody = [one.get(self.you, 0.0) + one.get(None, 0.0) for one in said.values()]
        found[None] = sum(nobody) / len(nobody)
        total = sum(found.values())
        return {who: chance / total for who, chance in found.items()}

    def next_speaker(
        self, history: Sequence[Message], rng: Random, bias: float = 0.0, *, begins: bool = False
    ) -> str | None:
        """Draw who speaks next; None if it is the user's turn.

        `bias` is added to the log-odds that it is not. It never is if one of them `begins`.
        """
        found = self.chances(history)
        if rng.random() >= with_bias(1 - found.pop(None), bias) and not begins:
            return None
        people, weights = list(found), list(found.values())
        return rng.choices(people, weights if any(weights) else None)[0]

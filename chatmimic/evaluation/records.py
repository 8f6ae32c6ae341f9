"""What an evaluation gives: measures, each with a figure for the mimic and for its controls."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, TypeGuard

PARTS = ("read", "judge", "test")  # the slices of the person's messages


class Source(StrEnum):
    """Who or what a figure is of."""

    MIMIC = "mimic"
    REAL = "real"  # the person's own replies at the same places
    BASE = "base"  # the untuned base, in the person's place
    CHANNEL = "channel"  # what everybody else said there
    PARROT = "parrot"  # random messages that the mimic was trained on
    BABBLE = "babble"  # character 6-grams of them


class Question(StrEnum):
    """What a measure is about."""

    STYLE = "style"
    SENSE = "sense"
    SECRECY = "secrecy"


def is_number(value: object) -> TypeGuard[float]:
    """Whether something is a finite number, no larger than a float can be."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -sys.float_info.max <= value <= sys.float_info.max


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with the bounds of its 95 % interval, if there is one."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Measure:
    """One measure: what it is called, its unit, and its figure for each source.

    `unit` is "share", "points", "bits", "ratio", "words", "count" or "perplexity". `chance` is what
    guessing comes to.
    """

    name: str
    question: Question
    title: str
    unit: str
    figures: Mapping[Source, Figure]
    chance: float | None = None
    note: str = ""

    def value(self, source: Source = Source.MIMIC) -> float | None:
        """The figure of a source; None if it was not measured."""
        found = self.figures.get(source)
        return None if found is None else found.value

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        figures = {str(source): asdict(figure) for source, figure in self.figures.items()}
        return {**asdict(self), "question": str(self.question), "figures": figures}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Measure:
        """The inverse of `as_dict`. Raises KeyError, TypeError or ValueError for other values."""
        figures = {Source(name): Figure(**one) for name, one in values["figures"].items()}
        question = Question(values["question"])
        found = cls(**{**values, "question": question, "figures": figures})
        numbers = [n for one in figures.values() for n in (one.value, one.low, one.high)]
        if not (
            all(isinstance(text, str) for text in (found.name, found.title, found.unit, found.note))
            and all(is_number(one.value) for one in figures.values())
            and all(n is None or is_number(n) for n in (*numbers, found.chance))
        ):
            raise ValueError("no measure")
        return found


@dataclass(frozen=True)
class Sample:
    """A place with its context, the real reply and the mimic's: unselected, evenly spread."""

    before: tuple[tuple[str, str], ...]  # sender, text
    real: str
    mimic: str


@dataclass(frozen=True)
class Evaluation:
    """Everything that an evaluation of a mimic found. Only `samples` have text of messages."""

    mimic: str
    person: str
    replies: int  # places that were answered
    messages: Mapping[str, int]  # of the person, by slice
    measures: tuple[Measure, ...]
    verdict: str
    reasons: tuple[str, ...]
    seed: int
    decoding: Mapping[str, Any] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def measure(self, name: str) -> Measure | None:
        """The measure of that name, if it was taken."""
        return next((one for one in self.measures if one.name == name), None)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            **asdict(self),
            "messages": dict(self.messages),
            "decoding": dict(self.decoding),
            "measures": [one.as_dict() for one in self.measures],
        }

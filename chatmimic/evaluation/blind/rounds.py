"""The rounds of a blind test: a context, replies, and which choice is right.

In a *pair* test each round shows a real reply and a generated one; the question is which is real.
In a *whose* test each round shows one generated reply; the question is whom it imitates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatmimic.evaluation.places import Place
from chatmimic.generation.generator import ACTION
from chatmimic.records import Kind, Message

PAIR, WHOSE = "pair", "whose"
MOST = 200  # rounds of a test
_CONTEXT = 5  # messages that are shown before a reply
_FEWEST = 3  # where there are enough such places


@dataclass(frozen=True)
class Line:
    """One message of a context."""

    sender: str
    text: str
    is_action: bool = False


@dataclass(frozen=True)
class Round:
    """A context, one or two replies to it, and the number of the right choice."""

    context: tuple[Line, ...]
    replies: tuple[str, ...]
    right: int


@dataclass(frozen=True)
class BlindTest:
    """Some rounds with the same choices: "A" and "B", or the names of people."""

    kind: str
    people: tuple[str, ...]  # who are imitated
    mimics: tuple[str, ...]
    choices: tuple[str, ...]
    rounds: tuple[Round, ...]
    seed: int

    @property
    def chance(self) -> float:
        """The share of right answers that guessing comes to."""
        return 1 / len(self.choices)

    @property
    def question(self) -> str:
        """What is asked in each round."""
        if self.kind == WHOSE:
            return "Whom does this reply imitate?"
        return f"Which one did {self.people[0]} really write?"


def context_of(place: Place) -> tuple[Line, ...]:
    """The newest messages with words before a reply."""
    said = [m for m in place.before if _has_text(m)][-_CONTEXT:]
    return tuple(Line(m.sender, m.text.strip(), m.kind is Kind.ACTION) for m in said)


def long_contexts_first(found: Sequence[Place]) -> list[Place]:
    """The places whose context says something, those with very short contexts last.

    A place is left out where the last message before the reply has no words, such as a photo:
    nobody could see what is answered.
    """
    usable = [place for place in found if place.before and _has_text(place.before[-1])]
    return sorted(usable, key=lambda place: len(context_of(place)) < _FEWEST)


def has_real_text(place: Place) -> bool:
    """Whether the real reply is a text, not an action, a photo or nothing."""
    return place.real.kind is Kind.TEXT and bool(place.real.text.strip())


def is_text(generated: str) -> bool:
    """Whether a generated reply is a text, not an action or nothing."""
    return bool(generated.strip()) and not generated.startswith(ACTION)


def _has_text(message: Message) -> bool:
    return message.kind.has_words and bool(message.text.strip())

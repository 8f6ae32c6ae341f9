"""What people are called in an exported test: by first names, or by no names at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chatmimic.evaluation.blind.rounds import BlindTest, Line, Round
from chatmimic.lookup import fold
from chatmimic.names import LEAST
from chatmimic.privacy.matching import KnownNames

A_FRIEND = "A friend"
_SOMEBODY = "somebody"


def with_first_names(test: BlindTest) -> BlindTest:
    """The test with everybody called by their first name, numbered where two have the same."""
    labels: dict[str, str] = {}
    for name in _everybody(test):
        first = (name.split() or [name])[0]
        taken = sum(fold(label.partition(" ")[0]) == fold(first) for label in labels.values())
        labels[name] = f"{first} {taken + 1}" if taken else first
    return _renamed(test, labels, lambda text: text)


def anonymous(test: BlindTest, names: Iterable[str]) -> BlindTest:
    """The test without names: "A friend", "Person 1" …, in texts as well, for all these `names`.

    In texts, a name is found as a whole or by one of its words; nicknames are not.
    """
    labels: dict[str, str] = {}
    for number, person in enumerate(test.people, 1):
        labels[person] = A_FRIEND if len(test.people) == 1 else f"Friend {number}"
    for name in _everybody(test):
        labels.setdefault(name, f"Person {len(labels) - len(test.people) + 1}")
    known = KnownNames()
    parts: dict[str, str] = {}
    for name in dict.fromkeys([*labels, *names]):
        known.add(name)
        for part in (name, *name.split()):
            if len(part) >= LEAST:
                parts.setdefault(part.casefold(), labels.get(name, _SOMEBODY))

    def label_of(found: str) -> str:
        return parts.get(found.casefold(), _SOMEBODY)

    return _renamed(test, labels, lambda text: known.replace(text, label_of))


def _everybody(test: BlindTest) -> list[str]:
    """Everybody who is named: who is imitated, then who speaks."""
    speakers = (line.sender for one in test.rounds for line in one.context)
    return list(dict.fromkeys([*test.people, *speakers]))


def _renamed(test: BlindTest, labels: dict[str, str], in_text: Callable[[str], str]) -> BlindTest:
    rounds = tuple(
        Round(
            tuple(Line(labels[m.sender], in_text(m.text), m.is_action) for m in one.context),
            tuple(map(in_text, one.replies)),
            one.right,
        )
        for one in test.rounds
    )
    people = tuple(labels[person] for person in test.people)
    choices = tuple(labels.get(choice, choice) for choice in test.choices)
    return BlindTest(test.kind, people, test.mimics, choices, rounds, test.seed)

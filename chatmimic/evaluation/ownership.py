"""Ownership: whose words are cheapest under whose mimic?

Each mimic predicts what each person said in their own test, in the place of its own person. A mimic
that has learnt the person and not only the channel finds its own person's words cheapest; so in
each row of the matrix its own person's mimic should have the least bits per character. Bits per
character can be compared between bases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chatmimic.evaluation.sense.perplexity import perplexity
from chatmimic.evaluation.slices import cut
from chatmimic.mimic import Mimic
from chatmimic.records import Conversation
from chatmimic.training.data.split import sampled

if TYPE_CHECKING:
    from chatmimic.archive import Archive

TESTED = 60  # messages of each person


@dataclass(frozen=True)
class Ownership:
    """Bits per character: a row for each person's words, a column for each mimic."""

    people: tuple[str, ...]
    mimics: tuple[str, ...]
    bits: tuple[tuple[float, ...], ...]

    @property
    def owned(self) -> int:
        """How many people's words are cheapest under their own mimic."""
        return sum(row[at] == min(row) for at, row in enumerate(self.bits))


def ownership(
    archive: Archive,
    mimics: Sequence[Mimic],
    *,
    tested: int = TESTED,
    passed: Callable[[int], None] = lambda done: None,
) -> Ownership:
    """Compute the matrix for mimics of different people, in the same order."""
    tests = []
    for mimic in mimics:
        slices = cut(archive, mimic)
        tests.append((slices.person, sampled(slices.test, slices.person, tested)))
    columns = []
    for number, mimic in enumerate(mimics):
        loaded = mimic.load()
        column = []
        for at, (person, test) in enumerate(tests):
            asked = [_in_place_of(c, person, mimic.persona) for c in test]
            column.append(perplexity(loaded, asked, mimic.persona).bits_per_character)
            passed(number * len(tests) + at + 1)
        columns.append(column)
    rows = tuple(zip(*columns, strict=True))
    return Ownership(tuple(person for person, _ in tests), tuple(m.name for m in mimics), rows)


def _in_place_of(conversation: Conversation, person: str, persona: str) -> Conversation:
    """The conversation with two people's names exchanged."""
    names = {person: persona, persona: person}
    messages = (replace(m, sender=names.get(m.sender, m.sender)) for m in conversation.messages)
    return replace(conversation, messages=tuple(messages))

"""Facts about a persona, put before every excerpt and every chat: context, not in the loss.

As in Persona-Chat (Zhang et al. 2018): a few sentences such as "I have two cats.". They are encoded
as messages of a sender "about NAME", so that no form needs to know them.
"""

from __future__ import annotations

from collections.abc import Sequence

from chatmimic.errors import TrainingError
from chatmimic.files import read_up_to, typed_path
from chatmimic.manifest import LONGEST_FACT, MOST_FACTS
from chatmimic.records import Kind, Message
from chatmimic.text import clean

_LARGEST = 1 << 20  # bytes of a file of facts


def read_facts(path: str) -> tuple[str, ...]:
    """The non-empty lines of a text file. Raises TrainingError if it cannot be read."""
    try:
        raw = read_up_to(typed_path(path), _LARGEST)
        lines = raw.decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(
            f"The facts in {path} cannot be read ({type(error).__name__}).",
            "--facts takes a text file with one fact per line.",
        ) from error
    facts = tuple(filter(None, (clean(line).strip() for line in lines)))
    if not 0 < len(facts) <= MOST_FACTS:
        raise TrainingError(
            f"{path} holds {len(facts)} facts.", f"--facts takes 1 to {MOST_FACTS}, one per line."
        )
    if max(map(len, facts)) > LONGEST_FACT:
        raise TrainingError(
            f"A fact in {path} is longer than {LONGEST_FACT:,} characters.",
            "--facts takes one short fact per line.",
        )
    return facts


def as_messages(facts: Sequence[str], persona: str) -> tuple[Message, ...]:
    """Facts as messages."""
    return tuple(Message(f"about {persona}", fact, kind=Kind.OTHER) for fact in facts)


def orders(facts: Sequence[str], persona: str, count: int) -> list[tuple[Message, ...]]:
    """Facts as messages, in `count` orders: rotations of the list."""
    said = as_messages(facts, persona)
    return [said[turn:] + said[:turn] for turn in range(min(count, len(said)))]

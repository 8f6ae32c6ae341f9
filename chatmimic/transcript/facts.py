"""Facts about a persona, put before every excerpt and every chat: context, not in the loss.

As in Persona-Chat (Zhang et al. 2018): a few sentences such as "I have two cats.". They are encoded
as messages of a sender "about NAME", so that no form needs to know them.
"""

from __future__ import annotations

from collections.abc import Sequence

from chatmimic.errors import TrainingError
from chatmimic.files import typed_path
from chatmimic.records import Kind, Message
from chatmimic.text import clean

MOST = 32  # facts; each excerpt contains all of them


def read_facts(path: str) -> tuple[str, ...]:
    """The non-empty lines of a text file. Raises TrainingError if it cannot be read."""
    try:
        lines = typed_path(path).read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(
            f"The facts in {path} cannot be read ({type(error).__name__}).",
            "--facts takes a text file with one fact per line.",
        ) from error
    facts = tuple(filter(None, (clean(line).strip() for line in lines)))
    if not 0 < len(facts) <= MOST:
        raise TrainingError(
            f"{path} holds {len(facts)} facts.", f"--facts takes 1 to {MOST}, one per line."
        )
    return facts


def as_messages(facts: Sequence[str], persona: str) -> tuple[Message, ...]:
    """Facts as messages."""
    return tuple(Message(f"about {persona}", fact, kind=Kind.OTHER) for fact in facts)


def orders(facts: Sequence[str], persona: str, count: int) -> list[tuple[Message, ...]]:
    """Facts as messages, in `count` orders: rotations of the list."""
    said = as_messages(facts, persona)
    return [said[turn:] + said[:turn] for turn in range(min(count, len(said)))]

"""Real exchanges of the held-out part, with what the mimic says in the same place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatmimic.mimic import Mimic
from chatmimic.records import Conversation, Message

HISTORY = 12  # messages of context shown to the mimic


@dataclass(frozen=True)
class Exchange:
    """What was said to the persona, what they really answered, and what the mimic answers."""

    before: tuple[Message, ...]
    real: Message
    mimic: str


def replies(
    mimic: Mimic, held_out: Sequence[Conversation], count: int = 3, seed: int = 0
) -> list[Exchange]:
    """Up to `count` exchanges spread over the held-out conversations."""
    from chatmimic.generation import Decoding
    from chatmimic.generation.engine import TorchGenerator

    places = [p for c in held_out for p in _answers(c, mimic.persona)]
    if not places:
        return []
    generator = TorchGenerator(mimic.load())
    picked = [places[len(places) * i // count] for i in range(min(count, len(places)))]
    exchanges = []
    for number, (before, real) in enumerate(picked):
        text = "".join(
            generator.stream(before, mimic.persona, Decoding(seed=seed + number, max_tokens=60))
        )
        exchanges.append(Exchange(before, real, text))
    return exchanges


def _answers(conversation: Conversation, persona: str) -> list[tuple[tuple[Message, ...], Message]]:
    """Every message of the persona that answers somebody else, with what came before it."""
    messages = conversation.messages
    return [
        (messages[max(0, place - HISTORY) : place], messages[place])
        for place in range(1, len(messages))
        if messages[place].sender == persona and messages[place - 1].sender != persona
    ]

"""Sample replies: held-out exchanges, with the mimic's reply beside the real one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmimic.files import write_atomically
from chatmimic.records import Conversation, Kind, Message

if TYPE_CHECKING:
    from chatmimic.mimic import LoadedMimic

HISTORY = 12  # messages of context given to the mimic
EXCHANGES = "exchanges.json"


@dataclass(frozen=True)
class Exchange:
    """The messages before a reply, and the real reply."""

    before: tuple[Message, ...]
    real: Message


@dataclass(frozen=True)
class Sample:
    """An exchange, and the mimic's reply."""

    exchange: Exchange
    mimic: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        before = [[m.sender, m.text] for m in self.exchange.before]
        real = self.exchange.real
        return {"before": before, "who": real.sender, "real": real.text, "mimic": self.mimic}


def exchanges(
    held_out: Sequence[Conversation], persona: str | None, count: int = 3
) -> list[Exchange]:
    """Up to `count` exchanges, spread over the held-out conversations (persona None: anybody's)."""
    places = [p for c in held_out for p in answers(c, persona)]
    count = min(count, len(places))
    return [places[len(places) * i // count] for i in range(count)]


def replies(
    loaded: LoadedMimic, requested: Sequence[Exchange], seed: int = 0, most: int = 60
) -> Iterator[Sample]:
    """The mimic's reply in each exchange, of a limited number of tokens."""
    from chatmimic.generation.decoding import decoding_of
    from chatmimic.generation.engine import TorchGenerator

    generator = TorchGenerator(loaded)
    for number, exchange in enumerate(requested):
        decoding = decoding_of(loaded.mimic, seed=seed + number, max_tokens=most)
        said = generator.stream(exchange.before, exchange.real.sender, decoding)
        yield Sample(exchange, "".join(said))


def write_exchanges(folder: Path, found: Sequence[Exchange]) -> None:
    """Save exchanges in a run's folder, so that a resumed run shows the same ones."""
    rows = [[_plain(m) for m in (*exchange.before, exchange.real)] for exchange in found]
    write_atomically(folder / EXCHANGES, json.dumps(rows))


def read_exchanges(folder: Path) -> list[Exchange]:
    """The inverse of `write_exchanges`; empty if there are none."""
    if not (folder / EXCHANGES).is_file():
        return []
    rows = json.loads((folder / EXCHANGES).read_text("utf-8"))
    said = [[Message(**{**m, "kind": Kind(m["kind"])}) for m in row] for row in rows]
    return [Exchange(tuple(messages[:-1]), messages[-1]) for messages in said]


def _plain(message: Message) -> dict[str, Any]:
    kept = ("sender", "text", "sent_at", "kind")
    return {name: value for name, value in asdict(message).items() if name in kept}


def answers(conversation: Conversation, persona: str | None) -> Iterator[Exchange]:
    """All messages of the persona that follow one of somebody else, with their context."""
    messages = conversation.messages
    for place in range(1, len(messages)):
        sender = messages[place].sender
        if persona in (None, sender) and messages[place - 1].sender != sender:
            yield Exchange(messages[max(0, place - HISTORY) : place], messages[place])

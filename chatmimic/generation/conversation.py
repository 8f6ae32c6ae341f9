"""Generated conversations: the mimic plays everybody it knows, turn by turn."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

from chatmimic.generation.decoding import Decoding
from chatmimic.generation.generator import Generator, as_message
from chatmimic.records import Message

_SILENCES = 5  # empty messages in a row after which the conversation is over


def made_up(
    generator: Generator,
    decoding: Decoding,
    *,
    people: Sequence[str] = (),
    opening: Sequence[Message] = (),
    messages: int = 20,
    stop: threading.Event | None = None,
) -> Iterator[Message]:
    """Generate a conversation between `people` (default: all), one message at a time.

    Who speaks next, and whether the conversation ends before `messages` messages, is drawn from the
    model's probabilities. With a seed in `decoding` the conversation is reproducible.
    """
    people = tuple(people) or generator.people
    history = list(opening)
    made = silences = turn = 0
    while made < messages and silences < _SILENCES and not (stop and stop.is_set()):
        seed = None if decoding.seed is None else (decoding.seed + turn) % 2**32
        turn += 1
        speaker = generator.next_speaker(history, people, seed)
        if speaker is None and made:
            return
        speaker = speaker or people[0]
        text = "".join(generator.stream(history, speaker, replace(decoding, seed=seed), stop))
        message = as_message(speaker, text)
        if not message.text:
            silences += 1
            continue
        made, silences = made + 1, 0
        history.append(message)
        yield message

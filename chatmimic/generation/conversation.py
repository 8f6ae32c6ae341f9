"""Generated conversations: the mimic plays everybody it knows, turn by turn."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from types import MappingProxyType

from chatmimic.generation.decoding import Decoding
from chatmimic.generation.generator import Generator, as_message
from chatmimic.records import Message
from chatmimic.rhythm import USUAL, Rhythm

_LEAST_MS = 1000  # between two messages: later ones are later in every format
_SILENCES = 5  # empty messages in a row after which the conversation is over


def made_up(
    generator: Generator,
    decoding: Decoding,
    *,
    people: Sequence[str] = (),
    opening: Sequence[Message] = (),
    messages: int = 20,
    starts_at: int | None = None,
    rhythms: Mapping[str, Rhythm] = MappingProxyType({}),
    stop: threading.Event | None = None,
) -> Iterator[Message]:
    """Generate a conversation between `people` (default: all), one message at a time.

    Who speaks next, and whether the conversation ends before `messages` messages, is drawn from the
    model's probabilities. With a seed in `decoding` the conversation is reproducible. Times go on
    from the last of `opening`, else from `starts_at` (UTC milliseconds), in the rhythms of the
    people, or the usual one; without either, messages have no times.
    """
    people = tuple(people) or generator.people
    history = list(opening)
    clock = _Clock(rhythms, Random(decoding.seed), starts_at)
    made = silences = turn = 0
    while made < messages and silences < _SILENCES and not (stop and stop.is_set()):
        seed = None if decoding.seed is None else (decoding.seed + turn) % 2**32
        turn += 1
        begins_at = None if history else starts_at
        speaker = generator.next_speaker(history, people, seed, begins_at)
        if speaker is None and made:
            return
        speaker = speaker or people[0]
        drawn = replace(decoding, seed=seed)
        text = "".join(generator.stream(history, speaker, drawn, stop, begins_at))
        message = clock.timed(history, as_message(speaker, text))
        if not message.text:
            silences += 1
            continue
        made, silences = made + 1, 0
        history.append(message)
        yield message


def timed(
    opening: Sequence[Message],
    begun: Sequence[Message],
    starts_at: int | None,
    rhythms: Mapping[str, Rhythm],
    rng: Random,
) -> list[Message]:
    """Messages that were typed without times, as if sent after `begun`, or from `starts_at` on."""
    clock, history = _Clock(rhythms, rng, starts_at), list(begun)
    for message in opening:
        history.append(clock.timed(history, message))
    return history[len(begun) :]


def conversation_seeds(seed: int | None, count: int) -> list[int | None]:
    """A seed for each of several conversations, the given one first; all None without one."""
    if seed is None:
        return [None] * count
    rng = Random(seed)
    return [seed, *(rng.randrange(2**32) for _ in range(count - 1))]


class _Clock:
    """Gives messages their times."""

    def __init__(self, rhythms: Mapping[str, Rhythm], rng: Random, starts_at: int | None) -> None:
        self._rhythms = rhythms
        self._rng = rng
        self._starts_at = starts_at

    def timed(self, history: Sequence[Message], message: Message) -> Message:
        """The message with a time after those in `history`; without times there, with none."""
        if not history:
            return replace(message, sent_at=self._starts_at)
        before = history[-1]
        if before.sent_at is None:
            return message
        rhythm = self._rhythms.get(message.sender, USUAL)
        wait = rhythm.wait(self._rng, again=before.sender == message.sender)
        return replace(message, sent_at=before.sent_at + max(_LEAST_MS, round(wait * 1000)))

"""The interface of text generation that the chat and the commands use."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from random import Random
from typing import Protocol

from chatmimic.generation.decoding import Decoding
from chatmimic.records import Kind, Message
from chatmimic.text import clean

ACTION = "/me "  # prefix of an action, as on IRC, both typed and generated
LONGEST_TURN = 8  # messages in a row


class Generator(Protocol):
    """Generates the next message of a conversation."""

    @property
    def persona(self) -> str:
        """The person who is imitated."""

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody known by name, the persona first."""

    def stream(
        self,
        history: Sequence[Message],
        speaker: str,
        decoding: Decoding,
        stop: threading.Event | None = None,
        at: int | None = None,
    ) -> Iterator[str]:
        """Yield the text of the next message, by `speaker`, in pieces. Actions begin with `/me `.

        `at` is when it is sent (UTC milliseconds); None: together with the last message. Ends
        within one token after `stop` is set.
        """

    def alternatives(
        self, history: Sequence[Message], speaker: str, decoding: Decoding, count: int
    ) -> list[str]:
        """Generate `count` versions of the next message, by `speaker`, at once."""

    def continues(self, history: Sequence[Message], speaker: str) -> float:
        """The probability that `speaker`, who spoke last, also sends the next message."""

    def chances(self, history: Sequence[Message], people: Sequence[str]) -> dict[str | None, float]:
        """The probability that each of `people` speaks next, and (None) that nobody does."""

    def next_speaker(
        self,
        history: Sequence[Message],
        people: Sequence[str],
        seed: int | None = None,
        at: int | None = None,
    ) -> str | None:
        """Draw who of `people` speaks next (`at` as in `stream`); None if the conversation ends."""


class GeneratorProxy:
    """A generator that passes everything on to another one; a subclass changes some of it."""

    def __init__(self, inner: Generator) -> None:
        self._inner = inner

    @property
    def inner(self) -> Generator:
        """The generator that does the work."""
        return self._inner

    @property
    def persona(self) -> str:
        """See `Generator.persona`."""
        return self.inner.persona

    @property
    def people(self) -> tuple[str, ...]:
        """See `Generator.people`."""
        return self.inner.people

    def stream(
        self,
        history: Sequence[Message],
        speaker: str,
        decoding: Decoding,
        stop: threading.Event | None = None,
        at: int | None = None,
    ) -> Iterator[str]:
        """See `Generator.stream`."""
        yield from self.inner.stream(history, speaker, decoding, stop, at)

    def alternatives(
        self, history: Sequence[Message], speaker: str, decoding: Decoding, count: int
    ) -> list[str]:
        """See `Generator.alternatives`."""
        return self.inner.alternatives(history, speaker, decoding, count)

    def continues(self, history: Sequence[Message], speaker: str) -> float:
        """See `Generator.continues`."""
        return self.inner.continues(history, speaker)

    def chances(self, history: Sequence[Message], people: Sequence[str]) -> dict[str | None, float]:
        """See `Generator.chances`."""
        return self.inner.chances(history, people)

    def next_speaker(
        self,
        history: Sequence[Message],
        people: Sequence[str],
        seed: int | None = None,
        at: int | None = None,
    ) -> str | None:
        """See `Generator.next_speaker`."""
        return self.inner.next_speaker(history, people, seed, at)


def sends_more(
    generator: Generator, history: Sequence[Message], speaker: str, rng: Random, bias: float = 0.0
) -> bool:
    """Draw whether `speaker`, who spoke last, sends one more message at once.

    `bias` is added to the log-odds that they do.
    """
    return rng.random() < with_bias(generator.continues(history, speaker), bias)


def with_bias(probability: float, bias: float) -> float:
    """A probability with something added to its log-odds."""
    if probability >= 1:
        return 1.0
    odds = probability / (1 - probability) * math.exp(bias)
    return odds / (1 + odds)


def as_message(sender: str, text: str, sent_at: int | None = None) -> Message:
    """Make a message of a typed or generated text; `/me waves` becomes an action."""
    text = clean(text).strip()
    if text.startswith(ACTION) and text.removeprefix(ACTION).strip():
        return Message(sender, text.removeprefix(ACTION).strip(), sent_at, Kind.ACTION)
    return Message(sender, text, sent_at)


def as_text(message: Message) -> str:
    """The text of a message as it is typed, with `/me ` before an action."""
    return ACTION + message.text if message.kind is Kind.ACTION else message.text

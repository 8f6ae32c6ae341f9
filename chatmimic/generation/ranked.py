"""Replies chosen among several: the one from which what it answers can best be guessed.

Of a few samples, a reverse model takes the one with the highest p(context | reply), as DialoGPT
does (maximum mutual information, Li et al. 2016): "ok" answers anything, so that nothing can be
guessed from it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from chatmimic.generation.decoding import Decoding
from chatmimic.generation.generator import Generator, as_message
from chatmimic.records import Message

_CONTEXT = 2  # messages to guess, from the newest back


class Scorer(Protocol):
    """What says how likely messages are, such as a `BatchGenerator`."""

    def likelihoods(
        self, history: Sequence[Message], candidates: Sequence[Message], most: int | None = None
    ) -> list[tuple[float, int]]:
        """How likely each candidate is as the next message: log-likelihood in nats, tokens."""


class RankedGenerator:
    """A `Generator` that draws several replies and gives the best."""

    def __init__(self, inner: Generator, reverse: Scorer, count: int) -> None:
        """`reverse` was trained to predict a message from its reply; `count` are the samples."""
        self.inner = inner
        self.reverse = reverse
        self.count = count

    @property
    def persona(self) -> str:
        """The person who is imitated."""
        return self.inner.persona

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody known by name, the persona first."""
        return self.inner.people

    def stream(
        self,
        history: Sequence[Message],
        speaker: str,
        decoding: Decoding,
        stop: threading.Event | None = None,
        at: int | None = None,
    ) -> Iterator[str]:
        """Yield the best of several messages by `speaker`, in one piece."""
        del at
        texts = self.alternatives(history, speaker, decoding, 1)
        if texts and not (stop is not None and stop.is_set()):
            yield texts[0]

    def alternatives(
        self, history: Sequence[Message], speaker: str, decoding: Decoding, count: int
    ) -> list[str]:
        """The `count` best of several versions of the next message, best first."""
        several = max(self.count, count)
        texts = self.inner.alternatives(history, speaker, decoding, several)
        texts = list(dict.fromkeys(text for text in texts if text.strip()))
        scores = {text: self.score(history, speaker, text) for text in texts}
        return sorted(texts, key=lambda text: -scores[text])[:count]

    def score(self, history: Sequence[Message], speaker: str, text: str) -> float:
        """The log-likelihood in nats of the latest messages, each given what came after it."""
        # A reverse model reads from the end, without times: they would run backwards.
        after = [replace(as_message(speaker, text), sent_at=None)]
        total = 0.0
        for message in list(history)[: -_CONTEXT - 1 : -1]:
            before = replace(message, sent_at=None)
            total += self.reverse.likelihoods(after, [before])[0][0]
            after.append(before)
        return total

    def continues(self, history: Sequence[Message], speaker: str) -> float:
        """The probability that `speaker`, who spoke last, also sends the next message."""
        return self.inner.continues(history, speaker)

    def next_speaker(
        self,
        history: Sequence[Message],
        people: Sequence[str],
        seed: int | None = None,
        at: int | None = None,
    ) -> str | None:
        """Draw who of `people` speaks next; None if the conversation ends here."""
        return self.inner.next_speaker(history, people, seed, at)

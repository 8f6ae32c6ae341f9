"""Criteria by which one of several replies is chosen. Higher is better.

- `Mutual`: log p(reply | context) - log p(reply), per token, by the mimic itself. "ok" is likely
  anywhere, and so gains nothing from the context (Li et al. 2016, equation 8, their anti-language
  model).
- `Reverse`: log p(context | reply), by a mimic that was trained in reverse, as DialoGPT does (their
  equation 9, maximum mutual information): from "ok" nothing can be guessed.
- `Head`: the score of the next-utterance head of a mimic that was trained with `--candidates`, as
  in https://github.com/huggingface/transfer-learning-conv-ai.
- `Style`: log p(person | reply), by a judge of style.
- `Mixed`: the sum of several, each scaled to a standard deviation of one among the replies.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from chatmimic.generation.generator import as_message
from chatmimic.records import Message

if TYPE_CHECKING:
    from torch import Tensor

RANKINGS = ("mutual", "reverse", "head", "style", "mixed")
_CONTEXT = 2  # messages to guess, from the newest back


class Likelihoods(Protocol):
    """What says how likely messages are, such as a `BatchGenerator`."""

    def likelihoods(
        self, history: Sequence[Message], candidates: Sequence[Message], most: int | None = None
    ) -> list[tuple[float, int]]:
        """How likely each candidate is as the next message: log-likelihood in nats, tokens."""


class Heads(Protocol):
    """What scores messages by a next-utterance head, such as a `BatchGenerator`."""

    def head_scores(
        self, history: Sequence[Message], candidates: Sequence[Message], head: Tensor
    ) -> list[float]:
        """The score of each candidate as the next message, by a head `(width,)`."""


class Judge(Protocol):
    """What tells writers apart."""

    def writes_like(self, texts: Sequence[str]) -> Sequence[float]:
        """The log-probability of each text that the person wrote it."""


class Criterion(Protocol):
    """Scores replies to one history."""

    def scores(self, history: Sequence[Message], speaker: str, texts: Sequence[str]) -> list[float]:
        """A score for each text as the next message by `speaker`."""


class Mutual:
    """How much likelier the context makes a reply, in nats per token."""

    def __init__(self, mimic: Likelihoods) -> None:
        self.mimic = mimic

    def scores(self, history: Sequence[Message], speaker: str, texts: Sequence[str]) -> list[float]:
        """A score for each text as the next message by `speaker`."""
        messages = [as_message(speaker, text) for text in texts]
        within = self.mimic.likelihoods(history, messages)
        alone = self.mimic.likelihoods((), messages)
        return [(a - b) / max(1, n) for (a, n), (b, _) in zip(within, alone, strict=True)]


class Reverse:
    """How well the latest messages can be guessed from a reply, in nats."""

    def __init__(self, reverse: Likelihoods) -> None:
        """`reverse` was trained to predict a message from its reply."""
        self.reverse = reverse

    def scores(self, history: Sequence[Message], speaker: str, texts: Sequence[str]) -> list[float]:
        """A score for each text as the next message by `speaker`."""
        return [self._score(history, speaker, text) for text in texts]

    def _score(self, history: Sequence[Message], speaker: str, text: str) -> float:
        # A reverse model reads from the end, without times: they would run backwards.
        after = [replace(as_message(speaker, text), sent_at=None)]
        total = 0.0
        for message in list(history)[: -_CONTEXT - 1 : -1]:
            before = replace(message, sent_at=None)
            total += self.reverse.likelihoods(after, [before])[0][0]
            after.append(before)
        return total


class Head:
    """How real a reply looks to the next-utterance head, as a logit."""

    def __init__(self, mimic: Heads, head: Tensor) -> None:
        """`head` are its weights, `(width,)`."""
        self.mimic = mimic
        self.head = head

    def scores(self, history: Sequence[Message], speaker: str, texts: Sequence[str]) -> list[float]:
        """A score for each text as the next message by `speaker`."""
        messages = [as_message(speaker, text) for text in texts]
        return self.mimic.head_scores(history, messages, self.head)


class Style:
    """How much a reply sounds like the person, in nats."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def scores(self, history: Sequence[Message], speaker: str, texts: Sequence[str]) -> list[float]:
        """A score for each text as the next message by `speaker`."""
        return list(self.judge.writes_like(texts))


class Mixed:
    """Several criteria together, with weights."""

    def __init__(self, weights: Mapping[Criterion, float]) -> None:
        self.weights = weights

    def scores(self, history: Sequence[Message], speaker: str, texts: Sequence[str]) -> list[float]:
        """A score for each text as the next message by `speaker`."""
        total = [0.0] * len(texts)
        for criterion, weight in self.weights.items():
            for at, score in enumerate(scaled(criterion.scores(history, speaker, texts))):
                total[at] += weight * score
        return total


def scaled(scores: Sequence[float]) -> list[float]:
    """Scores less their mean, in standard deviations; zeros where all are the same."""
    spread = statistics.pstdev(scores) if len(scores) > 1 else 0.0
    if not spread > 0:
        return [0.0] * len(scores)
    mean = statistics.fmean(scores)
    return [(score - mean) / spread for score in scores]

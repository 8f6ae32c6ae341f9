"""The metrics of a model on the scored tokens of windows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from chatmimic.text import perplexity_in_words
from chatmimic.training.distributed.process_group import ProcessGroup
from chatmimic.training.judged import Judged
from chatmimic.training.objective.nll import NLL
from chatmimic.windows import Windows


@dataclass(frozen=True)
class Metrics:
    """Metrics on the held-out words of the persona."""

    loss: float  # negative log-likelihood in nats per scored token
    bits_per_character: float
    tokens: int  # scored
    right: float | None = None  # accuracy of the next-utterance head
    windows: int = 0  # held-out windows that were read
    of_windows: int = 0  # all held-out windows; 0: not recorded (older versions)
    judged: Judged | None = None  # of sample replies, with --select style

    @property
    def style(self) -> float | None:
        """How surprised judges are by sample replies, in bits; None if they were not judged."""
        return None if self.judged is None else self.judged.style

    @property
    def recites(self) -> bool:
        """Whether sample replies repeat training data."""
        return self.judged is not None and self.judged.recites

    @property
    def perplexity(self) -> float:
        """Perplexity per token: exp of the loss."""
        return math.exp(min(self.loss, 700.0))

    @property
    def perplexity_per_character(self) -> float:
        """Perplexity per character, comparable between tokenisers: 2 to the bits per character."""
        return float(2.0 ** min(self.bits_per_character, 1000.0))

    @property
    def perplexity_in_words(self) -> str:
        """The perplexity as it is shown: 69.0, or 3.1e+08 for large values."""
        return perplexity_in_words(self.perplexity)

    @property
    def is_sample(self) -> bool:
        """Whether only a sample of the held-out windows was evaluated."""
        return self.windows < self.of_windows

    @classmethod
    def from_dict(cls, values: Mapping[str, float]) -> Metrics:
        """The inverse of `as_dict`."""
        loss, bits = values["loss"], values["bits_per_character"]
        windows, of_windows = (int(values.get(name, 0)) for name in ("windows", "of_windows"))
        tokens, right = int(values["tokens"]), values.get("right")
        return cls(loss, bits, tokens, right, windows, of_windows)

    def as_dict(self) -> dict[str, float]:
        """Plain values, for JSON."""
        return {
            "loss": self.loss,
            "perplexity": self.perplexity,
            "bits_per_character": self.bits_per_character,
            "perplexity_per_character": self.perplexity_per_character,
            "tokens": self.tokens,
            "windows": self.windows,
            "of_windows": self.of_windows,
            **({} if self.right is None else {"right": self.right}),
        }


def measure(
    windows: Windows,
    nll_of: Callable[[np.ndarray], NLL],
    *,
    batch: int,
    most: int,
    processes: ProcessGroup | None = None,
) -> Metrics:
    """Metrics on at most `most` windows, spread evenly over all of them.

    `nll_of` computes the negative log-likelihood of some rows without gradients, `batch` of them at
    a time. Several processes share the rows.
    """
    processes = processes or ProcessGroup()
    nats = tokens = characters = 0.0
    chosen = spread(len(windows), most)
    for rows, counts in processes.batches(chosen, batch):
        result = nll_of(rows)
        if counts:
            nats += float(result.scored)
            tokens += float(result.scored_tokens)
            characters += float(windows.characters[rows].sum())
    nats, tokens, characters = processes.sum(nats, tokens, characters)
    bits = nats / math.log(2) / max(1.0, characters)
    loss = nats / max(1.0, tokens)
    return Metrics(loss, bits, int(tokens), windows=len(chosen), of_windows=len(windows))


def groups(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Rows, `size` at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def spread(size: int, most: int) -> np.ndarray:
    """At most `most` of `size` rows, evenly spaced."""
    return np.unique(np.linspace(0, size - 1, min(size, most)).round().astype(int))

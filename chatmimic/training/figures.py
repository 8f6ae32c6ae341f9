"""How well a model foretells the scored words of windows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chatmimic.text import perplexity_in_words
from chatmimic.training.ranks import Ranks
from chatmimic.windows import Windows

if TYPE_CHECKING:
    from chatmimic.training.loss import Surprise


@dataclass(frozen=True)
class Figures:
    """How well held-out words of the persona are foretold."""

    loss: float  # nats per scored token
    bits_per_character: float
    tokens: int  # scored
    right: float | None = None  # share of replies told from others of the persona's
    windows: int = 0  # held-out windows that were read
    of_windows: int = 0  # held-out windows there are; 0: an older chatmimic did not say

    @property
    def perplexity(self) -> float:
        """Per token, weighted by tokens: exp of the mean loss."""
        return math.exp(min(self.loss, 700.0))

    @property
    def perplexity_per_character(self) -> float:
        """Comparable between tokenisers: 2 to the bits per character."""
        return float(2.0 ** min(self.bits_per_character, 1000.0))

    @property
    def perplexity_in_words(self) -> str:
        """The perplexity as it is shown: 69.0, and 3.1e+08 where digits would say nothing."""
        return perplexity_in_words(self.perplexity)

    @property
    def is_sample(self) -> bool:
        """Whether a part of the held-out windows stands for all of them."""
        return self.windows < self.of_windows

    @classmethod
    def from_dict(cls, values: Mapping[str, float]) -> Figures:
        """What `as_dict` gave."""
        loss, bits = values["loss"], values["bits_per_character"]
        read = (int(values.get(name, 0)) for name in ("windows", "of_windows"))
        return cls(loss, bits, int(values["tokens"]), values.get("right"), *read)

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
    surprise: Callable[[np.ndarray], Surprise],
    *,
    batch: int,
    most: int,
    ranks: Ranks | None = None,
) -> Figures:
    """Figures on at most `most` windows, spread evenly over all of them.

    `surprise` computes the model's surprise at some rows, `batch` at a time, without gradients.
    Several processes share the rows.
    """
    ranks = ranks or Ranks()
    nats = tokens = characters = 0.0
    chosen = spread(len(windows), most)
    for rows, counts in ranks.batches(chosen, batch):
        result = surprise(rows)
        if counts:
            nats += float(result.scored)
            tokens += float(result.scored_tokens)
            characters += float(windows.characters[rows].sum())
    nats, tokens, characters = ranks.sum(nats, tokens, characters)
    bits = nats / math.log(2) / max(1.0, characters)
    read = {"windows": len(chosen), "of_windows": len(windows)}
    return Figures(nats / max(1.0, tokens), bits, int(tokens), **read)


def groups(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Rows, `size` at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def spread(size: int, most: int) -> np.ndarray:
    """At most so many of `size` rows, at even distances."""
    return np.unique(np.linspace(0, size - 1, min(size, most)).round().astype(int))

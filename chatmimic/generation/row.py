"""A text that is being generated beside others."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from chatmimic.generation.decoding import Decoding


@dataclass(frozen=True)
class Scored:
    """A token with its log-probability, and the likeliest tokens at its place with theirs."""

    token: int
    logprob: float
    likeliest: tuple[tuple[int, float], ...]

    @classmethod
    def of(cls, logits: Tensor, token: int, most: int) -> Scored:
        """The token among the logits `(vocabulary,)` of its place, with the `most` likeliest."""
        logs = logits.log_softmax(-1)
        values, tokens = logs.topk(min(most, len(logs)))
        likeliest = tuple(zip(tokens.tolist(), values.tolist(), strict=True))
        return cls(token, float(logs[token]), likeliest)


@dataclass
class Row:
    """What a text follows, how it is drawn, and its ids so far.

    `opening` are structure ids that may begin it, `ends` those that end it, `most` the number of
    tokens at which it ends anyway. A row that goes on with a plain text has no header; `before` is
    the end of that text. With `scored_most` each token is `scored`, with so many likeliest.
    """

    prompt: list[int]
    header: list[int]
    decoding: Decoding
    opening: list[int]
    ends: frozenset[int]
    most: int
    random: torch.Generator
    number: int = 0
    before: str | None = None
    scored_most: int | None = None
    body: list[int] = field(default_factory=list)
    scored: list[Scored] = field(default_factory=list)
    end: int | None = None
    done: bool = False

    @property
    def ids(self) -> list[int]:
        """All that the model has read and written."""
        return self.prompt + self.header + self.body

    @property
    def is_cut(self) -> bool:
        """Whether it ended because it was as long as it may be."""
        return self.done and self.end is None and len(self.body) >= self.most

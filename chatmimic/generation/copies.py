"""Replies that copy nothing: the token that would complete a span of the training is ruled out.

Nothing that was streamed can be taken back, so a copy is prevented and not redrawn: after seven
words of a message the eighth has to be another one. Where no copy comes up, the reply is the same,
to the last random number, as without this rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from chatmimic.generation.decoding import Decoding
from chatmimic.generation.sampler import choose

_TRIES = 64  # tokens at one place; after that the message ends there


def draw_uncopied(
    row: Tensor,
    body: Sequence[int],
    decoding: Decoding,
    generator: torch.Generator,
    copies: Callable[[Sequence[int], int], bool],
) -> int | None:
    """Sample the token after `body` as `choose` does, until it is one that completes no copy.

    Logits `row`, `(vocabulary,)`, are changed in place. None if no token is left, or 64 that were
    drawn all complete one.
    """
    for _ in range(_TRIES):
        token = choose(row.clone(), body, decoding, generator)
        if token is None or not copies(body, token):
            return token
        row[token] = -torch.inf
    return None


def rule_out_copies(row: Tensor, copies: Callable[[int], bool], count: int) -> None:
    """Mask the tokens that complete a copy, so that none is among the `count` likeliest."""
    while True:
        values, tokens = row.topk(min(count, len(row)))
        barred = [token for token in tokens[values.isfinite()].tolist() if copies(token)]
        if not barred:
            return
        row[barred] = -torch.inf

"""Whose turn is it? The model's own expectation, read off the headers that could come next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

Headers = Mapping[str | None, Sequence[int]]  # who could come next → the ids that would say so


def probability(who: str | None, headers: Headers, rows: Tensor) -> float:
    """How likely the header of `who` is among `headers`, all others ruled out.

    `rows` are the logits before each id of that header, shape `(ids, vocabulary)`.
    """
    wanted = headers[who]
    result = 1.0
    for depth, token in enumerate(wanted):
        options = _options(headers, wanted[:depth])
        chances = rows[depth, options].softmax(-1)
        result *= float(chances[options.index(token)])
    return result


def draw(
    headers: Headers, logits: Callable[[Sequence[int]], Tensor], generator: torch.Generator
) -> str | None:
    """One of `headers` at random, as likely as the model finds it.

    `logits` gives the row of shape `(vocabulary,)` after the prompt and the ids it is given.
    """
    path: list[int] = []
    while True:
        who = next((w for w, ids in headers.items() if list(ids) == path), _NOBODY)
        if not isinstance(who, _Nobody):
            return who
        options = _options(headers, path)
        if len(options) == 1:  # nothing to choose: no need to ask the model
            path.append(options[0])
            continue
        chances = logits(path)[options].softmax(-1).cpu()
        path.append(options[int(torch.multinomial(chances, 1, generator=generator))])


class _Nobody:
    """Stands for "not found": None is an answer here, the end of the talk."""


_NOBODY = _Nobody()


def _options(headers: Headers, path: Sequence[int]) -> list[int]:
    """The ids that can follow `path` in one of the headers."""
    depth = len(path)
    return sorted(
        {
            ids[depth]
            for ids in headers.values()
            if len(ids) > depth and list(ids[:depth]) == list(path)
        }
    )

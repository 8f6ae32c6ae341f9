"""Turn-taking: how likely the model finds each header that could come next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

Headers = Mapping[str | None, Sequence[int]]  # who may speak next → the ids of their header


def probability(who: str | None, headers: Headers, rows: Tensor) -> float:
    """The probability of the header of `who` among `headers`, and no other continuations.

    `rows` are the logits before each id of that header, of shape `(ids, vocabulary)`.
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
    """Sample one of `headers` with the model's probabilities.

    `logits` returns the row of shape `(vocabulary,)` that follows the prompt and the given ids.
    """
    path: list[int] = []
    while True:
        who = next((w for w, ids in headers.items() if list(ids) == path), _NOBODY)
        if not isinstance(who, _Nobody):
            return who
        options = _options(headers, path)
        if len(options) == 1:  # only one possibility: the model is not needed
            path.append(options[0])
            continue
        chances = logits(path)[options].softmax(-1).cpu()
        path.append(options[int(torch.multinomial(chances, 1, generator=generator))])


def chances(
    headers: Headers, logits: Callable[[Sequence[int]], Tensor], path: Sequence[int] = ()
) -> dict[str | None, float]:
    """The probability of each of `headers`, all of which begin with `path`: what `draw` draws by.

    `logits` is as in `draw`. The probabilities sum to 1.
    """
    ended = [who for who, ids in headers.items() if len(ids) == len(path)]
    if ended:
        return {**dict.fromkeys(headers, 0.0), ended[0]: 1.0}
    options = _options(headers, path)
    several = len(options) > 1  # else the model is not needed
    shares = logits(path)[options].softmax(-1).tolist() if several else [1.0]
    found: dict[str | None, float] = {}
    for option, share in zip(options, shares, strict=True):
        below = {who: ids for who, ids in headers.items() if ids[len(path)] == option}
        for who, chance in chances(below, logits, [*path, option]).items():
            found[who] = share * chance
    return found


class _Nobody:
    """Means "not found": None is a result here, the end of the conversation."""


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

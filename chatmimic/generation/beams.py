"""Beam search: the likeliest message that keeping a few continuations at each step finds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from chatmimic.generation.batch_reader import BatchReader


@dataclass(frozen=True)
class _Beam:
    """A continuation: its ids, and the sum of their log-probabilities in nats."""

    body: list[int]
    total: float

    @property
    def score(self) -> float:
        """Nats a token, so that long messages are not worse by being long (as in transformers)."""
        return self.total / max(1, len(self.body))


def beam_search(
    reader: BatchReader,
    prompt: list[int],
    ends: frozenset[int],
    beams: int,
    most: int,
    rule: Callable[[Tensor, list[int]], None],
    stop: threading.Event | None = None,
) -> list[int]:
    """The ids of a message after `prompt`, with its end unless it has `most` ids.

    `rule` changes a row of logits, `(vocabulary,)`, in place: what must not come after some ids is
    minus infinity. Ends within one token after `stop` is set, with the best so far.
    """
    rows, logits = reader.read([prompt])
    alive, done = [_Beam([], 0.0)], []
    while alive and not (stop is not None and stop.is_set()):
        found = _extended(alive, logits, rule, 2 * beams)
        done += [beam for _, beam in found if beam.body[-1] in ends or len(beam.body) >= most]
        done = sorted(done, key=lambda beam: -beam.score)[:beams]
        going = [(row, b) for row, b in found if b.body[-1] not in ends and len(b.body) < most]
        going = going[:beams]
        alive = [beam for _, beam in going]
        # As in transformers: the best that may still come is no better than the worst that is done.
        if not alive or (len(done) == beams and alive[0].score <= done[-1].score):
            break
        rows.take([row for row, _ in going])
        logits = reader.step([prompt + beam.body for beam in alive], rows)
    best = max([*done, *alive], key=lambda beam: beam.score, default=None)
    return [] if best is None else best.body


def _extended(
    alive: list[_Beam], logits: Tensor, rule: Callable[[Tensor, list[int]], None], count: int
) -> list[tuple[int, _Beam]]:
    """The `count` likeliest extensions of beams by one id, each with the row that it extends."""
    totals = []
    for beam, row in zip(alive, logits, strict=True):
        allowed = row.clone()
        rule(allowed, beam.body)
        totals.append(allowed.log_softmax(-1) + beam.total)
    every = torch.cat(totals)
    values, places = every.topk(min(count, int(every.isfinite().sum())))
    vocabulary = logits.shape[-1]
    found = []
    for value, place in zip(values.tolist(), places.tolist(), strict=True):
        row, token = divmod(place, vocabulary)
        found.append((row, _Beam([*alive[row].body, token], value)))
    return found

"""The next-utterance head, which learns to pick the real reply among others of the persona's.

As in https://github.com/huggingface/transfer-learning-conv-ai ("next-sentence prediction"): the
state of the last token of each candidate gives a score, and the real reply should get the highest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from chatmimic.training.distributed.process_group import ProcessGroup
from chatmimic.training.objective.metrics import spread
from chatmimic.training.rng import number, places

if TYPE_CHECKING:
    from torch import Tensor

    from chatmimic.windows.choices import Choices

EXCHANGES = 2  # sets their order apart from that of windows


class ChoiceHead(nn.Module):
    """A linear layer that gives a score for each candidate, from the state of its last token."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # A bias would add the same to all candidates, and so change nothing.
        self.score = nn.Linear(width, 1, bias=False)
        nn.init.normal_(self.score.weight, std=0.02)

    def forward(self, states: Tensor, candidates: int) -> Tensor:
        """Scores `(exchanges, candidates)` from states `(exchanges * candidates, width)`."""
        scores: Tensor = self.score(states).float()
        return scores.view(-1, candidates)


def last_states(hidden: Tensor, last: Tensor) -> Tensor:
    """The states `(rows, width)` of the last tokens, from `(rows, time, width)` and `(rows,)`."""
    return hidden[torch.arange(len(last), device=hidden.device), last]


def choice_loss(scores: Tensor) -> tuple[Tensor, Tensor]:
    """The summed cross-entropy of the real replies in nats, and how many have the highest score.

    Scores are `(exchanges, candidates)`, with the real reply first. A tie counts as wrong:
    otherwise a head with constant scores would always be right.
    """
    real = torch.zeros(len(scores), dtype=torch.int64, device=scores.device)
    nats = functional.cross_entropy(scores.float(), real, reduction="sum")
    return nats, (scores[:, :1] > scores[:, 1:]).all(1).sum()


def numbers_of(seed: int, step: int, count: int, size: int) -> np.ndarray:
    """Which `count` of `size` exchanges a step takes: each once per pass, newly shuffled."""
    return places(number(seed, EXCHANGES), step * count, count, size)


def right_share(
    choices: Choices,
    score: Callable[[Tensor, Tensor], Tensor],
    *,
    candidates: int,
    most: int,
    at_once: int,
    processes: ProcessGroup | None = None,
) -> float:
    """The share of exchanges whose real reply scores highest (hits@1); chance is 1 / candidates.

    `score` maps ids `(rows, time)` and last positions `(rows,)` to scores `(exchanges,
    candidates)`, for `at_once` exchanges at a time, without gradients. At most `most` exchanges are
    used, spread evenly over all, always with the same other replies. Several processes share the
    work.
    """
    processes = processes or ProcessGroup()
    drawn = choices.draw(spread(len(choices), most), candidates, 0)
    right = 0
    for rows, counts in processes.batches(drawn, at_once):
        batch = choices.read(rows)
        hits = int(choice_loss(score(batch.ids, batch.last))[1])
        right += hits if counts else 0
    return processes.sum(right)[0] / len(drawn)

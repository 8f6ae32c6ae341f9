"""The negative log-likelihood, the result of a forward pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class NLL:
    """Sums of negative log-likelihoods in nats, of the tokens in the loss and of scored ones.

    `loss`, in which each token has its weight, carries the gradient; `scored` is the unweighted
    sum over the persona's words.
    """

    loss: Tensor
    loss_tokens: Tensor
    scored: Tensor
    scored_tokens: Tensor
    choice: Tensor | None = None  # summed cross-entropy of the real replies, in nats

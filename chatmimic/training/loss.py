"""What training minimises: the surprise at learnt tokens, without ever holding all logits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from chatmimic.training.choosing import ChoiceHead, choice_loss, last_states
from chatmimic.transcript import Form, Mark, TokenForm
from chatmimic.windows import Windows
from chatmimic.windows.choices import ChoiceBatch

if TYPE_CHECKING:
    from torch import Tensor

# 256 rows of 50,257 logits in float32 are 51 MB; the whole of a 512-token window is 103 MB, and
# its gradient and softmax as much again.
ROWS = 256
GPU_ROWS = 2048  # 412 MB of logits: a GPU has the room, and is idle between small chunks
# oneDNN, which multiplies bfloat16, caches what it prepares for each shape, up to 5 MB a shape, and
# a training came to hold 2 GB more. So the number of rows is padded to a multiple of this.
ROUNDED_TO = 32
KEPT = 64_000_000  # logits that may be kept for the backward pass: 256 MB, a small vocabulary's


@dataclass(frozen=True)
class Surprise:
    """Summed negative log-likelihood in nats, of learnt tokens and of scored ones.

    `learnt`, each token times its weight, carries the gradient; `scored` counts only the words of
    the persona.
    """

    learnt: Tensor
    learnt_tokens: Tensor
    scored: Tensor
    scored_tokens: Tensor
    choice: Tensor | None = None  # summed nats of the real replies among their candidates


class Learner(nn.Module):
    """A causal model whose forward is its surprise at a batch of windows.

    It is one module so that wrappers for several devices see every use of the parameters. While it
    trains, a share `noise` of the tokens it reads are random ones.
    """

    def __init__(self, model: Any, *, noise: float = 0.0, candidates: int = 0) -> None:
        super().__init__()
        self.model = model
        self.noise = noise
        self.candidates = candidates
        if candidates:
            self.head = ChoiceHead(model.config.get_text_config().hidden_size)

    def forward(
        self,
        ids: Tensor,
        marks: Tensor,
        positions: Tensor,
        weights: Tensor | None = None,
        types: Tensor | None = None,
        asked: ChoiceBatch | None = None,
    ) -> Surprise:
        """Surprise at windows of shape `(batch, time)`; `types` are GPT-2's token types.

        Only rows that are learnt go through the output head. `asked` are exchanges, to tell the
        real reply of each from its other candidates.
        """
        # Positions that restart tell transformers where pieces border: it masks them apart.
        extra = {} if types is None else {"token_type_ids": types}
        read = self._noised(ids) if self.training and self.noise else ids
        hidden = self.model.base_model(read, position_ids=positions, use_cache=False, **extra)
        marks = marks[:, 1:]
        rows = marks != Mark.CONTEXT
        states, targets = hidden.last_hidden_state[:, :-1][rows], ids[:, 1:][rows]
        nats = _nats(self.model.get_output_embeddings(), states, targets)
        scored = marks[rows] == Mark.TEXT
        learnt = nats if weights is None else nats * weights[:, 1:][rows]
        choice = None if asked is None else choice_loss(self.scores(asked))[0]
        return Surprise(learnt.sum(), rows.sum(), nats.detach()[scored].sum(), scored.sum(), choice)

    def scores(self, asked: ChoiceBatch) -> Tensor:
        """How likely each candidate is the real reply: `(exchanges, candidates)`, any scale."""
        hidden = self.model.base_model(asked.ids, use_cache=False).last_hidden_state
        scores: Tensor = self.head(last_states(hidden, asked.last), self.candidates)
        return scores

    @property
    def base_model(self) -> Any:
        """The model's."""
        return self.model.base_model

    def get_input_embeddings(self) -> Any:
        """The model's."""
        return self.model.get_input_embeddings()

    def get_output_embeddings(self) -> Any:
        """The model's."""
        return self.model.get_output_embeddings()

    def _noised(self, ids: Tensor) -> Tensor:
        """Ids of `(batch, time)`, some replaced by any others, as nshepperd's `--noise` does."""
        random = torch.randint_like(ids, self.model.config.get_text_config().vocab_size)
        return torch.where(torch.rand(ids.shape, device=ids.device) < self.noise, random, ids)


def feed(
    windows: Windows, rows: np.ndarray, typed: Form | None = None, *, parts: int = 1
) -> dict[str, Tensor]:
    """A Learner's arguments for some windows: ids, marks and positions of `(rows, time)`.

    Their weights too where they have some, and with `typed`, a tokens form, the speaker tokens, as
    GPT-2's token types. `parts` cuts each window into so many rows of equal length.
    """
    ids = np.asarray(windows.ids[rows], np.int64)
    positions = np.asarray(windows.positions[rows], np.int64)
    arrays = {"ids": ids, "marks": np.asarray(windows.marks[rows]), "positions": positions}
    if windows.weights is not None:
        arrays["weights"] = np.asarray(windows.weights[rows])
    if isinstance(typed, TokenForm):
        arrays["types"] = np.stack([typed.speaker_tokens(row) for row in ids])
    return {name: torch.from_numpy(_cut(array, parts)) for name, array in arrays.items()}


def weight_of(windows: Windows, rows: np.ndarray, parts: int = 1) -> float:
    """What the learnt tokens of these windows weigh together: their number, where all weigh 1.

    The first token of a row is foretold by nothing.
    """
    learnt = _cut(np.asarray(windows.marks[rows]), parts)[:, 1:] != Mark.CONTEXT
    if windows.weights is None:
        return float(learnt.sum())
    return float(_cut(np.asarray(windows.weights[rows]), parts)[:, 1:][learnt].sum(dtype=float))


def _cut(array: np.ndarray, parts: int) -> np.ndarray:
    return array.reshape(len(array) * parts, -1)


def head_is_plain(model: Any) -> bool:
    """Whether logits are just the output head of the last hidden state, as `Learner` takes them.

    Some architectures scale or cap their logits; they cannot be trained this way.
    """
    with _trying(model) as ids:
        direct = model(ids, use_cache=False).logits
        ours = model.get_output_embeddings()(
            model.base_model(ids, use_cache=False).last_hidden_state
        )
    return torch.allclose(direct.float(), ours.float(), atol=1e-3)


def keeps_apart(model: Any) -> bool:
    """Whether positions that restart keep the pieces of a window from seeing each other.

    They do where an architecture builds its mask from them. OPT, BLOOM, Falcon, MPT and recurrent
    models do not: there, each piece must have a window of its own.
    """
    with _trying(model) as ids:
        half = ids.shape[1] // 2
        positions = torch.arange(half, device=ids.device).repeat(2)[None]
        both, alone = (
            model.base_model(i, position_ids=p, use_cache=False).last_hidden_state.float()
            for i, p in ((ids, positions), (ids[:, half:], positions[:, half:]))
        )
    return bool((both[:, half:] - alone).abs().max() < 1e-3 * alone.abs().mean())


@contextmanager
def _trying(model: Any) -> Iterator[Tensor]:
    """Some ids to try a model with, in evaluation mode and without gradients."""
    device = next(model.parameters()).device
    training = model.training
    model.eval()
    with torch.no_grad():
        yield torch.arange(16, device=device).remainder(model.config.vocab_size)[None]
    model.train(training)


def _nats(head: Any, states: Tensor, targets: Tensor) -> Tensor:
    """Negative log-likelihood of each row, some at a time."""

    def some(states: Tensor, targets: Tensor) -> Tensor:
        short = -len(targets) % ROUNDED_TO
        logits = head(functional.pad(states, (0, 0, 0, short)))[: len(targets)]
        return functional.cross_entropy(logits.float(), targets, reduction="none")

    if not len(targets):  # the head has a part in it all the same: processes await its gradient
        return head(states).float().sum(-1)
    rows = GPU_ROWS if states.is_cuda else ROWS
    parts = zip(states.split(rows), targets.split(rows), strict=True)
    if (
        not torch.is_grad_enabled()
        or len(targets) <= rows
        or len(targets) * head.weight.shape[0] <= KEPT
    ):
        return torch.cat([some(s, t) for s, t in parts])
    # The logits of a chunk are computed again in the backward pass instead of being kept.
    return torch.cat([checkpoint(some, s, t, use_reentrant=False) for s, t in parts])

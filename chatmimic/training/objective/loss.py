"""The training loss: negative log-likelihood, computed without holding all logits in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from chatmimic.training.objective.next_utterance import ChoiceHead, choice_loss, last_states
from chatmimic.training.objective.nll import NLL
from chatmimic.transcript import Form, Mark, TokenForm
from chatmimic.windows import Windows
from chatmimic.windows.choices import ChoiceBatch

if TYPE_CHECKING:
    from torch import Tensor

# 256 rows of 50,257 logits in float32 are 51 MB; the whole of a 512-token window is 103 MB, and
# its gradient and softmax as much again.
ROWS = 256
GPU_ROWS = 2048  # 412 MB of logits: a GPU has enough memory, and would idle between small chunks
# oneDNN, which multiplies bfloat16, caches up to 5 MB for each shape, which came to 2 GB in a run.
# So the number of rows is padded to a multiple of this.
ROUNDED_TO = 32
KEPT = 64_000_000  # logits that may be kept for the backward pass: 256 MB, for a small vocabulary


class LossModule(nn.Module):
    """A causal model whose forward pass returns the negative log-likelihood of a batch of windows.

    It is one module, so that wrappers for several devices see every use of the parameters. In
    training mode, a share `noise` of the input tokens is replaced by random ones.
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
        choices: ChoiceBatch | None = None,
    ) -> NLL:
        """The negative log-likelihood of windows `(batch, time)`; `types` are GPT-2's token types.

        Only tokens in the loss go through the output head. `choices` are exchanges for the
        next-utterance head, whose loss is `NLL.choice`.
        """
        # Positions that restart mark the pieces of a window, which transformers then masks.
        extra = {} if types is None else {"token_type_ids": types}
        read = self._noised(ids) if self.training and self.noise else ids
        hidden = self.model.base_model(read, position_ids=positions, use_cache=False, **extra)
        marks = marks[:, 1:]
        rows = marks != Mark.CONTEXT
        states, targets = hidden.last_hidden_state[:, :-1][rows], ids[:, 1:][rows]
        nats = _nats(self.model.get_output_embeddings(), states, targets)
        scored = marks[rows] == Mark.TEXT
        loss = nats if weights is None else nats * weights[:, 1:][rows]
        choice = None if choices is None else choice_loss(self.scores(choices))[0]
        return NLL(loss.sum(), rows.sum(), nats.detach()[scored].sum(), scored.sum(), choice)

    def scores(self, choices: ChoiceBatch) -> Tensor:
        """The scores (logits) of the candidates, of shape `(exchanges, candidates)`."""
        hidden = self.model.base_model(choices.ids, use_cache=False).last_hidden_state
        scores: Tensor = self.head(last_states(hidden, choices.last), self.candidates)
        return scores

    @property
    def base_model(self) -> Any:
        """The model without its output head."""
        return self.model.base_model

    def get_input_embeddings(self) -> Any:
        """The input embeddings of the model."""
        return self.model.get_input_embeddings()

    def get_output_embeddings(self) -> Any:
        """The output head of the model."""
        return self.model.get_output_embeddings()

    def _noised(self, ids: Tensor) -> Tensor:
        """Ids `(batch, time)`, some replaced by random ones, as in nshepperd's `--noise`."""
        random = torch.randint_like(ids, self.model.config.get_text_config().vocab_size)
        return torch.where(torch.rand(ids.shape, device=ids.device) < self.noise, random, ids)


def feed(
    windows: Windows, rows: np.ndarray, typed: Form | None = None, *, parts: int = 1
) -> dict[str, Tensor]:
    """The arguments of `LossModule` for some windows: ids, marks and positions, `(rows, time)`.

    Also weights, if the windows have any, and with `typed`, a tokens form, the speaker tokens as
    token types. Each window is cut into `parts` rows of equal length.
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
    """The total weight of the tokens in the loss: their number, if all have weight 1.

    The first token of a row does not count, because it is not predicted.
    """
    targets = _cut(np.asarray(windows.marks[rows]), parts)[:, 1:] != Mark.CONTEXT
    if windows.weights is None:
        return float(targets.sum())
    return float(_cut(np.asarray(windows.weights[rows]), parts)[:, 1:][targets].sum(dtype=float))


def _cut(array: np.ndarray, parts: int) -> np.ndarray:
    return array.reshape(len(array) * parts, -1)


def head_is_plain(model: Any) -> bool:
    """Whether logits are the output head applied to the last hidden state, as `LossModule` assumes.

    Some architectures scale or cap their logits; they are not supported.
    """
    with _trying(model) as ids:
        direct = model(ids, use_cache=False).logits
        ours = model.get_output_embeddings()(
            model.base_model(ids, use_cache=False).last_hidden_state
        )
    return torch.allclose(direct.float(), ours.float(), atol=1e-3)


def keeps_apart(model: Any) -> bool:
    """Whether restarting positions mask the pieces of a window from each other.

    They do if the architecture builds its mask from them. OPT, BLOOM, Falcon, MPT and recurrent
    models do not: with them, each piece needs its own window.
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
    """Context for a trial of a model, in evaluation mode and without gradients: some ids."""
    device = next(model.parameters()).device
    training = model.training
    model.eval()
    with torch.no_grad():
        yield torch.arange(16, device=device).remainder(model.config.vocab_size)[None]
    model.train(training)


def _nats(head: Any, states: Tensor, targets: Tensor) -> Tensor:
    """The negative log-likelihood of each row in nats, computed in chunks."""

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

"""A chat as packed windows, and as one padded sample for each reply: what two trainers compute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from chatmimic.records import Conversation
from chatmimic.training.objective.loss import LossModule, feed
from chatmimic.training.objective.metrics import groups
from chatmimic.training.objective.nll import NLL
from chatmimic.transcript import Form, Mark
from chatmimic.windows import Windows, build_windows

CONTEXT = 5  # messages before a reply, in both layouts
SAMPLES = 8  # of the padded layout, at once


@dataclass(frozen=True)
class Layout:
    """Windows, and how many of them are computed at once and learnt in a step.

    Where they are `padded`, a batch is cut to its longest row.
    """

    windows: Windows
    batch: int
    a_step: int
    padded: bool
    by_labels: bool = False  # whether all positions go through the output head

    def surprise(self, loss_module: LossModule, tensors: dict[str, torch.Tensor]) -> NLL:
        """The surprise at a batch, computed as the layout's trainers compute it."""
        if self.by_labels:
            return by_labels(loss_module, **tensors)
        found: NLL = loss_module(**tensors)
        return found

    def batches(self, rows: np.ndarray) -> Iterator[dict[str, torch.Tensor]]:
        """A Learner's arguments for some rows, as many at once as the layout takes."""
        for some in groups(rows, self.batch):
            tensors = feed(self.windows, some)
            end = None
            if self.padded:  # a sample ends with what is learnt
                end = 1 + int((tensors["marks"] != Mark.CONTEXT).any(0).nonzero().max())
            yield {name: tensor[:, :end] for name, tensor in tensors.items()}

    def steps(self, seed: int = 0) -> Iterator[np.ndarray]:
        """The rows of each step without end: a new shuffle for each pass."""
        chance = np.random.default_rng(seed)
        rows = np.zeros(0, np.int64)
        while True:
            while len(rows) < self.a_step:
                rows = np.concatenate([rows, chance.permutation(len(self.windows))])
            yield rows[: self.a_step]
            rows = rows[self.a_step :]


def packed(
    conversations: Sequence[Conversation], form: Form, persona: str, window: int, folder: Path
) -> Windows:
    """The product's layout."""
    return build_windows(
        conversations, form, frozenset({persona}), window=window, context=CONTEXT, folder=folder
    )


def padded(conversations: Sequence[Conversation], form: Form, persona: str, window: int) -> Windows:
    """A sample for each of the persona's messages, all padded to the longest of all."""
    found = [
        sample(conversation, place, form, window)
        for conversation in conversations
        for place, message in enumerate(conversation.messages)
        if message.sender == persona
    ]
    longest = max(len(ids) for ids, _, _ in found)
    ids = np.full((len(found), longest), form.end_of_conversation, np.int64)
    marks = np.full_like(ids, Mark.CONTEXT)
    for row, (some, learnt, _) in enumerate(found):
        ids[row, : len(some)], marks[row, : len(some)] = some, learnt
    # Padding goes on counting: positions that do not restart need no mask, which is quicker.
    positions = np.broadcast_to(np.arange(longest), ids.shape)
    return Windows(ids, marks, positions, np.asarray([size for _, _, size in found], float))


def sample(
    conversation: Conversation, place: int, form: Form, window: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Ids and marks of a reply and what was said before it, and the characters of the reply."""
    reply = conversation.messages[place]
    for first in range(max(0, place - CONTEXT), place + 1):
        written = form.encode(
            Conversation(conversation.messages[first : place + 1]), frozenset({reply.sender})
        )
        if len(written.ids) <= window + 1:  # the end of the conversation is left out
            break
    marks = written.marks.copy()
    marks[: written.starts[-1]] = Mark.CONTEXT
    marks[marks == Mark.TURN] = Mark.CONTEXT
    return written.ids[:-1][:window], marks[:-1][:window], len(reply.text) + 1


def by_labels(
    loss_module: LossModule, ids: torch.Tensor, marks: torch.Tensor, positions: torch.Tensor
) -> NLL:
    """What transformers makes of labels: all positions' logits, and those of -100 left out."""
    learnt = marks != Mark.CONTEXT
    labels = ids.masked_fill(~learnt, -100)
    found = loss_module.model(ids, position_ids=positions, labels=labels, use_cache=False)
    tokens = learnt[:, 1:].sum()
    nats = found.loss * tokens
    return NLL(nats, tokens, nats.detach(), (marks[:, 1:] == Mark.TEXT).sum())


def own_tokens(windows: Windows) -> float:
    """The persona's own tokens in a row, on average."""
    rows = range(len(windows))
    return sum(int((windows.marks[row] == Mark.TEXT).sum()) for row in rows) / max(1, len(windows))

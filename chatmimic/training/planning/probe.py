"""The cost of a batch, measured on two blocks of a base, built at their true size.

The cost of a base is that of one block times their number, and that of everything outside the
blocks once. Nothing else about an architecture is needed than its list of blocks; weights are
random, because the cost does not depend on them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from chatmimic.bases.loading import empty_model
from chatmimic.training.objective.attention import attend_by_pieces
from chatmimic.training.objective.loss import LossModule
from chatmimic.training.objective.precision import arithmetic
from chatmimic.training.optim.optimizers import make_optimizer, set_rate
from chatmimic.training.optim.trainable import blocks_of, choose_learning, halve_the_fixed
from chatmimic.training.progress import now
from chatmimic.transcript import Mark

PIECE = 128  # tokens of an excerpt: the pieces of a window are masked from each other
_TRIED = 2  # blocks; the second has the cost of every further one
_TIMES = 2  # the first is slower, and counts where a machine is so busy that the second is


@dataclass(frozen=True)
class Shape:
    """The structure of a base, in numbers of parameters."""

    blocks: int
    parameters: int
    matrices: int  # in one block: parameters that products are made with
    entries: int  # of the vocabulary
    table: int  # parameters of the output head
    tied: bool  # whether the input embeddings are the output head too


@dataclass(frozen=True)
class Trial:
    """Seconds and bytes for a number of tokens, forward and backward."""

    tokens: int
    forward: float  # of one block
    backward: float
    around: float  # everything outside the blocks, both ways
    kept: int  # bytes that one block keeps for its backward pass
    read: int  # bytes of a block's input: what it keeps where activations are computed twice
    shared: int  # bytes kept outside the blocks: masks, embeddings; no logits
    trainable: int  # parameters of one block that are trained
    others: int  # and of all that is outside the blocks
    update: float  # seconds of an optimiser's step, for a trainable parameter


def shape_of(config: Any) -> Shape:
    """Count the parameters of a base from its config, without allocating weights."""
    with torch.device("meta"):
        model = empty_model(config)
    blocks = blocks_of(model)
    head = model.get_output_embeddings().weight
    return Shape(
        blocks=len(blocks),
        parameters=sum(p.numel() for p in model.parameters()),
        matrices=sum(p.numel() for p in blocks[-1].parameters() if p.ndim >= 2),
        entries=len(head),
        table=head.numel(),
        tied=head is model.get_input_embeddings().weight,
    )


def try_out(
    config: Any,
    *,
    window: int,
    batch: int,
    precision: str,
    train: str = "all",
    rank: int = 16,
    share: float = 0.5,
    dropout: bool = False,
    device: str = "cpu",
) -> Trial:
    """Train two blocks of a base on one batch, and measure.

    `share` is that of the tokens in the loss; `train` and `rank` are those of `choose_learning`;
    `dropout` turns on the dropout of the config. Raises TrainingError if `train` needs a package
    that is missing.
    """
    with torch.random.fork_rng(devices=[]):
        model = empty_model(_with_blocks(config, _TRIED)).to(device).train(dropout)
        if device == "cpu":
            attend_by_pieces(model)
        choose_learning(model, "last-1" if train.startswith("last-") else train, rank=rank)
        if precision == "bf16":
            halve_the_fixed(model)
        tensors = made_up_windows(batch, window, config.get_text_config().vocab_size, share)
        batch_here = {name: tensor.to(device) for name, tensor in tensors.items()}
        loss_module, watch = LossModule(model), Watch(model, device)
        for _ in range(_TIMES):
            model.zero_grad()
            with watch.forward(), arithmetic(torch.device(device), precision):
                result = loss_module(**batch_here)
            with watch.backward():
                result.loss.backward()
        seconds = _update_seconds(model, watch.now)
    return _trial(model, watch, batch * window, seconds)


def _with_blocks(config: Any, count: int) -> Any:
    """The same base with fewer blocks."""
    fewer = deepcopy(config)
    text = fewer.get_text_config()
    text.num_hidden_layers = count
    if getattr(text, "layer_types", None):  # of each block, in architectures that mix kinds
        text.layer_types = text.layer_types[:count]
    return fewer


def made_up_windows(batch: int, window: int, entries: int, share: float) -> dict[str, Tensor]:
    """Random windows like those of a chat: several pieces, some tokens of each in the loss."""
    places = torch.arange(window)
    targets = places % 16 < max(1, round(16 * share))
    marks = torch.where(targets, int(Mark.TEXT), int(Mark.CONTEXT)).to(torch.uint8)
    ids = torch.randint(entries, (batch, window))
    positions = (places % PIECE).expand(batch, window).contiguous()
    return {"ids": ids, "marks": marks.expand(batch, window), "positions": positions}


def _trial(model: Any, watch: Watch, tokens: int, update_seconds: float) -> Trial:
    """Combine the measurements and the numbers of trainable parameters."""
    block = blocks_of(model)[-1]
    inside = {id(p) for b in blocks_of(model) for p in b.parameters()}
    trainable = [p for p in model.parameters() if p.requires_grad]
    here = sum(p.numel() for p in block.parameters() if p.requires_grad)
    kept = watch.kept["out"] - watch.kept["in"]
    forward, backward = watch.least("in", "out"), watch.least("out back", "in back", "end")
    around = (watch.least("begun", "first in"), watch.least("out", "computed"))
    way_back = (watch.least("back", "out back"), watch.least("first in back", "end"))
    return Trial(
        tokens=tokens,
        forward=forward,
        backward=backward,
        around=sum(around) + sum(way_back),
        kept=kept,
        read=watch.read,
        shared=max(0, watch.kept["out"] - _TRIED * kept),
        trainable=here,
        others=sum(p.numel() for p in trainable if id(p) not in inside),
        update=update_seconds / max(1, here),
    )


def _update_seconds(model: Any, now: Callable[[], float]) -> float:
    """Seconds per trainable parameter to clip the gradients of one block and to step.

    The first step allocates the moments; the second one is timed.
    """
    block = blocks_of(model)[-1]
    trainable = [p for p in block.parameters() if p.requires_grad]
    backend = make_optimizer(block, 0.01)
    set_rate(backend, 1e-5)
    backend.step()
    began = now()
    torch.nn.utils.clip_grad_norm_(trainable, 1.0)
    backend.step()
    return now() - began


class Watch:
    """Records when a pass crosses the borders of blocks, and what is kept for the backward pass."""

    def __init__(self, model: Any, device: str) -> None:
        self.device = device
        self.kept: dict[str, int] = {}  # bytes, when a border was crossed
        self.read = 0  # bytes of the last block's input
        self._passes: list[dict[str, float]] = []  # seconds at each border
        self._storages: dict[int, int] = {}  # bytes of each, by where it lies
        self._weights = {p.data_ptr() for p in model.parameters()}
        blocks = blocks_of(model)
        blocks[0].register_forward_pre_hook(partial(self._enter, "first in"), with_kwargs=True)
        blocks[-1].register_forward_pre_hook(partial(self._enter, "in"), with_kwargs=True)
        blocks[-1].register_forward_hook(self._leave)

    def now(self) -> float:
        """The time in seconds, once the device has finished its work."""
        return now(self.device)

    @contextlib.contextmanager
    def forward(self) -> Iterator[None]:
        """Watch a forward pass."""
        self._storages.clear()
        self._passes.append({})
        self._note("begun")
        with torch.autograd.graph.saved_tensors_hooks(self._keep, lambda tensor: tensor):
            yield
        self._note("computed")

    @contextlib.contextmanager
    def backward(self) -> Iterator[None]:
        """Watch the backward pass after it."""
        self._note("back")
        yield
        self._note("end")

    def least(self, start: str, *ends: str) -> float:
        """Seconds from a border to the first of these that was crossed, the minimum; or 0."""
        passed = (one for one in self._passes if start in one)
        spent = (next(one[end] for end in ends if end in one) - one[start] for one in passed)
        return min(spent, default=0.0)

    def _note(self, border: str, *_: Any) -> None:
        self._passes[-1][border] = self.now()
        self.kept[border] = sum(self._storages.values())

    def _keep(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self._weights:
            self._storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    def _enter(self, border: str, _: nn.Module, given: Any, named: dict[str, Any]) -> None:
        read = _states(*given, *named.values())
        self.read = read.nbytes
        if read.requires_grad:
            read.register_hook(partial(self._note, f"{border} back"))
        self._note(border)

    def _leave(self, _: nn.Module, given: Any, made: Any) -> None:
        self._note("out")
        states = _states(*made) if isinstance(made, tuple) else made
        states.register_hook(partial(self._note, "out back"))


def _states(*candidates: Any) -> Tensor:
    """The hidden states `(batch, time, width)` among the inputs or outputs of a block."""
    return next(c for c in candidates if isinstance(c, Tensor) and c.is_floating_point())

"""A base that is in memory once, shared by all mimics that are adapters of it.

::

    x ──┬──▶ a product of the shared base ──────────▶ + ──▶
        └──▶ down ──▶ up, of the active adapter ──────┘

One adapter is active at a time; threads wait for each other. A base is freed with its last mimic.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from chatmimic.bases.adapter import (
    Adapter,
    base_digest,
    does_not_fit,
    matrices_of,
    read_adapter,
)
from chatmimic.bases.adapter_base import base_of
from chatmimic.bases.loading import load_model
from chatmimic.engines import FLOAT32, prepare
from chatmimic.engines.products import place_of


def load_for_chat(folder: Path, engine: str) -> Any:
    """Load the model of a folder for inference with an engine; an adapter on its shared base.

    Raises BaseError.
    """
    adapter = read_adapter(folder)
    if adapter is not None:
        return Adapted.beside(shared_base(adapter, engine), adapter)
    return prepare(load_model(folder, stored=engine != FLOAT32), engine)


class Addition:
    """What an adapter adds to the results of one product, which computes one or several layers."""

    def __init__(self, layers: Sequence[tuple[Tensor, Tensor]], scale: float, like: Tensor) -> None:
        """Take the matrices of each layer, `(rank, in)` and `(out, rank)`; with `like`'s type."""
        downs, ups = zip(*layers, strict=True)
        self._ranks, self._sizes = [len(down) for down in downs], [len(up) for up in ups]
        # With few rows of activations, a product with a matrix `(in, out)` is faster.
        self._down = torch.cat(downs).T.contiguous().to(like)
        self._ups = [(scale * up.float()).T.contiguous().to(like) for up in ups]

    def add_to(self, results: Tensor, states: Tensor) -> None:
        """Add the product with `states`, `(…, in)`, to `results`, `(…, out)`, in place."""
        low = torch.mm(states.flatten(0, -2), self._down)
        sums = results.view(-1, results.shape[-1])
        if len(self._ups) == 1:  # the usual case; splitting takes as long as adding
            sums.addmm_(low, self._ups[0])
            return
        parts = sums.split_with_sizes(self._sizes, -1), low.split_with_sizes(self._ranks, -1)
        for part, ranks, up in zip(*parts, self._ups, strict=True):
            part.addmm_(ranks, up)


Additions = dict[str, Addition]  # by the name of the product


class Turns:
    """The active adapter of a shared base: one at a time, none in between."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.now: Additions = {}

    @contextlib.contextmanager
    def of(self, additions: Additions) -> Iterator[None]:
        """Wait until the base is free, then activate these additions within the context."""
        with self._lock:
            self.now = additions
            try:
                yield
            finally:
                self.now = {}


class Adaptable(nn.Module):
    """A product of a shared base, to whose results the active adapter adds."""

    def __init__(self, name: str, product: nn.Module, turns: Turns) -> None:
        super().__init__()
        self.name, self.product = name, product
        # Not called as a module: with 120 products, that would add 1 % to the time of a token.
        self._compute: Callable[[Tensor], Tensor] = product.forward
        self._turns = turns

    def forward(self, states: Tensor) -> Tensor:
        """Map activations `(…, in)` to `(…, out)`."""
        results = self._compute(states)
        addition = self._turns.now.get(self.name)
        if addition is not None:
            addition.add_to(results, states)
        return results


class SharedBase:
    """A base prepared for inference with an engine, whose layers adapters can add to."""

    def __init__(self, folder: Path, engine: str) -> None:
        model = load_model(folder, stored=engine != FLOAT32)
        self._shapes = dict(_layers(model))
        self.model = prepare(model, engine)
        self.turns = Turns()
        self._products: dict[str, list[str]] = {}  # the layers that each product computes
        for layer in self._shapes:
            self._products.setdefault(self._made_adaptable(layer), []).append(layer)

    def _made_adaptable(self, layer: str) -> str:
        """Make the product of a layer adaptable. Returns its name, that of its first layer."""
        holder, name = place_of(self.model, layer)
        product = getattr(holder, name)
        if not isinstance(product, Adaptable):
            product = Adaptable(layer, product, self.turns)
            setattr(holder, name, product)
        return product.name

    def additions(self, adapter: Adapter) -> Additions:
        """What an adapter adds to each product. Raises DamagedBase if it does not fit."""
        matrices = matrices_of(adapter)
        for name, (down, up) in matrices.items():
            if self._shapes.get(name) != (len(up), down.shape[1]):
                raise does_not_fit(adapter, name)
        like = next(self.model.parameters())
        return {
            product: Addition(
                [matrices.get(n) or self._nothing(n) for n in names], adapter.scale, like
            )
            for product, names in self._products.items()
            if not matrices.keys().isdisjoint(names)
        }

    def _nothing(self, name: str) -> tuple[Tensor, Tensor]:
        """Matrices of rank 0, for a layer that an adapter does not change."""
        rows, columns = self._shapes[name]
        return torch.empty(0, columns), torch.empty(rows, 0)


def _layers(model: nn.Module) -> Iterator[tuple[str, tuple[int, int]]]:
    """The names and shapes `(out, in)` of the linear layers of a model."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | Conv1D):
            rows, columns = module.weight.shape
            yield name, (columns, rows) if isinstance(module, Conv1D) else (rows, columns)


_here: WeakValueDictionary[tuple[Path, str, str], SharedBase] = WeakValueDictionary()
_opening = threading.Lock()


def shared_base(adapter: Adapter, engine: str) -> SharedBase:
    """The base of an adapter, loaded unless it is already in memory with this engine.

    Raises BaseError.
    """
    folder = base_of(adapter)
    known = folder.resolve(), adapter.digest or base_digest(folder), engine
    with _opening:
        found = _here.get(known)
        if found is None:
            found = _here[known] = SharedBase(folder, engine)
        return found


class Adapted(nn.Module):
    """A shared base, or a part of it, computed with the adapter of one mimic.

    For inference only: no gradients are computed.
    """

    def __init__(self, base: SharedBase, additions: Additions, part: Any) -> None:
        super().__init__()
        self._base, self._additions, self._part = base, additions, part

    @classmethod
    def beside(cls, base: SharedBase, adapter: Adapter) -> Adapted:
        """The whole base with an adapter. Raises DamagedBase if the adapter does not fit."""
        return cls(base, base.additions(adapter), base.model)

    def forward(self, *read: Any, **options: Any) -> Any:
        """Call the model part with this mimic's adapter, once the base is free."""
        with self._base.turns.of(self._additions), torch.no_grad():
            return self._part(*read, **options)

    @property
    def config(self) -> Any:
        """The configuration of the base."""
        return self._part.config

    @property
    def device(self) -> torch.device:
        """The device of the base."""
        device: torch.device = self._part.device
        return device

    @property
    def base_model(self) -> Adapted:
        """The base without its output head, with the same adapter."""
        return Adapted(self._base, self._additions, self._part.base_model)

    def get_input_embeddings(self) -> Any:
        """The input embeddings of the base."""
        return self._part.get_input_embeddings()

    def get_output_embeddings(self) -> Adapted:
        """The output head of the base, with the same adapter."""
        return Adapted(self._base, self._additions, self._part.get_output_embeddings())

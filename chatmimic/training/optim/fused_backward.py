"""Optimiser steps inside the backward pass, so that gradients are never held all at once."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from chatmimic.training.optim.optimizers import make_optimizer


class StepInBackward:
    """An optimiser that steps each parameter when its gradient is complete, and frees that.

    All gradients together are as large as the weights. Here only one is held, and besides it that
    of tied embeddings, which begins first and is complete last. The norm of all gradients is known
    only after the last, so each is clipped by itself (as in LOMO, Lv et al. 2023,
    https://arxiv.org/abs/2306.09782). Every backward pass is a step, without accumulation. Raises
    TrainingError as `make_optimizer` does.
    """

    def __init__(
        self,
        model: Any,
        weight_decay: float,
        *,
        clip: float = math.inf,
        name: str = "adamw",
        half: bool = False,
    ) -> None:
        self.optimizer = make_optimizer(model, weight_decay, name=name, half=half)
        self.clip = clip
        self.armed = True  # whether a backward pass steps; else it only frees gradients
        self.begun = False  # whether parameters were stepped since `step` or `zero_grad`
        self._squares = 0.0
        # A group each, so that a step looks at one parameter and not at all of them.
        self.param_groups = [
            {**group, "params": [p]}
            for group in self.optimizer.param_groups
            for p in group["params"]
        ]
        self.optimizer.param_groups = self.param_groups
        for number in range(len(self.param_groups)):
            self._watch(number)

    @property
    def state(self) -> MutableMapping[Tensor, Any]:
        """The optimiser state of each parameter."""
        return self.optimizer.state

    @property
    def norm(self) -> float:
        """The norm of all gradients of the last step, before clipping.

        If it is not finite, parameters with a gradient that is not finite were not changed.
        """
        return math.sqrt(self._squares)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Context in which backward passes take no steps."""
        self.armed = False
        try:
            yield
        finally:
            self.armed = True

    def step(self) -> None:
        """Say that a step is over; it was taken in the backward pass."""
        self.begun = False

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Free the gradients that are left from an interrupted backward pass."""
        self.begun = False
        self.optimizer.zero_grad(set_to_none=True)

    def _watch(self, number: int) -> None:
        """Step the only parameter of a group as soon as its gradient is complete."""
        # The garbage collector does not see into hooks: nothing in them may lead to a parameter.
        own = weakref.ref(self)

        def complete(parameter: Tensor) -> None:
            if (backend := own()) is not None:
                backend._complete(parameter, backend.param_groups[number])

        self.param_groups[number]["params"][0].register_post_accumulate_grad_hook(complete)

    @torch.no_grad()
    def _complete(self, parameter: Tensor, group: dict[str, Any]) -> None:
        if self.armed and parameter.grad is not None:
            size = float(torch.linalg.vector_norm(parameter.grad))
            self._squares = (self._squares if self.begun else 0.0) + size * size
            self.begun = True
            if math.isfinite(size):
                if size > self.clip:
                    parameter.grad.mul_(self.clip / size)
                self._step(group)
        parameter.grad = None

    def _step(self, group: dict[str, Any]) -> None:
        self.optimizer.param_groups = [group]
        try:
            self.optimizer.step()
        finally:
            self.optimizer.param_groups = self.param_groups

"""A module that is called and an optimiser that steps it, alone or for several processes as one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from torch import Tensor, nn

from chatmimic.training.adapters import blocks_of
from chatmimic.training.loss import Learner
from chatmimic.training.memory import give_back_at_once
from chatmimic.training.optimizers import make_optimizer, set_rate
from chatmimic.training.plan import Plan
from chatmimic.training.ranks import Ranks, not_by_accelerate, whole, without_gpus
from chatmimic.training.spreading import spread
from chatmimic.training.step_in_backward import StepInBackward


class Stepper:
    """Puts a learner on its device, and makes what calls and what steps it.

    `module` is the learner as it is to be called; `optimizer` holds what is remembered.
    """

    def __init__(self, learner: Learner, plan: Plan, ranks: Ranks) -> None:
        self.learner = learner
        self.plan = plan
        self.ranks = ranks
        with not_by_accelerate():
            self._accelerator = Accelerator(
                mixed_precision="no",  # `arithmetic` sees to the precision
                cpu=without_gpus(),
                kwargs_handlers=[self._exchange_settings()],
            )
        self.device = self._accelerator.device
        if ranks.spread:  # first of all: the optimiser makes moments where it is
            spread(learner, blocks_of(learner.model), self.device, ranks)
        else:
            learner.to(self.device)
        self.optimizer = self._make_optimizer()
        if plan.compile:
            learner.model.base_model.compile()
        self.module, self._steps = self._prepare()

    def _exchange_settings(self) -> DistributedDataParallelKwargs:
        """How gradients are exchanged.

        In a batch without exchanges their head has no part: on a corpus, or where windows do not
        go round.
        """
        plan = self.plan
        some = bool(plan.corpus_way) or plan.windows_per_step % self.ranks.world > 0
        return DistributedDataParallelKwargs(find_unused_parameters=plan.candidates > 0 and some)

    def _make_optimizer(self) -> Any:
        plan = self.plan
        how: dict[str, Any] = {"name": plan.optimizer, "half": plan.precision == "bf16"}
        if plan.step_in_backward:
            give_back_at_once()
            return StepInBackward(self.learner, plan.weight_decay, clip=plan.clip, **how)
        return make_optimizer(self.learner, plan.weight_decay, **how)

    def _prepare(self) -> tuple[nn.Module, Any]:
        """The module to call and the optimiser to step, as accelerate has them."""
        if self.ranks.spread:
            return self.learner, self.optimizer
        if isinstance(self.optimizer, StepInBackward):
            return self._accelerator.prepare(self.learner), self.optimizer
        module, steps = self._accelerator.prepare(self.learner, self.optimizer)
        return module, steps

    # -- a step --------------------------------------------------------------------------------

    def exchanging(self, last: bool) -> contextlib.AbstractContextManager[Any]:
        """Around a batch. Processes exchange gradients once a step, with the last one.

        Where the model is spread, with each batch: no process has room for all gradients.
        """
        if last or self.ranks.spread:
            return contextlib.nullcontext()
        quiet: contextlib.AbstractContextManager[Any] = self._accelerator.no_sync(self.module)
        return quiet

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of a loss; those of all processes are summed."""
        self._accelerator.backward(loss * self.ranks.world)  # it takes their average

    def clip(self) -> float:
        """Cut gradients to length. Returns the norm they had."""
        if isinstance(self.optimizer, StepInBackward):
            return self.optimizer.norm
        norm = self._accelerator.clip_grad_norm_(self.learner.parameters(), self.plan.clip)
        return float(whole(norm))

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of the next step."""
        set_rate(self._steps, rate)

    def step(self) -> None:
        """Take a step, and free the gradients."""
        self._steps.step()
        self.clear()

    def clear(self) -> None:
        """Free the gradients."""
        self._steps.zero_grad(set_to_none=True)

    @property
    def has_begun(self) -> bool:
        """Whether a step is half taken: inside of a backward pass, and not to be taken again."""
        return bool(getattr(self.optimizer, "begun", False))

    @contextlib.contextmanager
    def taking_no_step(self) -> Iterator[None]:
        """Where a backward pass is a step, it is none in here. Gradients are freed at the end."""
        inside = isinstance(self.optimizer, StepInBackward)
        with self.optimizer.resting() if inside else contextlib.nullcontext():
            yield
        self.clear()

"""The module and the optimiser on their device, for a single process or for several."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from torch import Tensor, nn

from chatmimic.training.allocator import ACTIVATION, MATRIX, give_back_at_once
from chatmimic.training.distributed.fsdp import spread
from chatmimic.training.distributed.process_group import (
    ProcessGroup,
    not_by_accelerate,
    whole,
    without_gpus,
)
from chatmimic.training.objective.attention import attend_by_pieces
from chatmimic.training.objective.loss import LossModule
from chatmimic.training.optim.fused_backward import StepInBackward
from chatmimic.training.optim.optimizers import make_optimizer, set_rate
from chatmimic.training.optim.trainable import blocks_of, halve_the_fixed
from chatmimic.training.plan import LARGE, Plan


class Backend:
    """Puts a loss module on its device, and wraps it and its optimiser for training.

    `module` is the one to call; `optimizer` holds the optimiser state.
    """

    def __init__(self, loss_module: LossModule, plan: Plan, processes: ProcessGroup) -> None:
        self.loss_module = loss_module
        self.plan = plan
        self.processes = processes
        model = loss_module.model
        loss_module.noise = plan.noise
        if plan.gradient_checkpointing:
            model.activation_checkpointing_enable()
        if plan.precision == "bf16":
            halve_the_fixed(model)
        self._resting = self._stepping = False
        with not_by_accelerate():
            self._accelerator = Accelerator(
                mixed_precision="no",  # `arithmetic` sees to the precision
                cpu=without_gpus(),
                kwargs_handlers=[self._exchange_settings()],
            )
        self.device = self._accelerator.device
        if processes.spread:  # first of all: the optimiser makes moments where it is
            spread(loss_module, blocks_of(loss_module.model), self.device, processes)
        else:
            loss_module.to(self.device)
        self.optimizer = self._make_optimizer()
        if self.device.type == "cpu":
            if not plan.compile:
                attend_by_pieces(model)
            if sum(p.numel() for p in model.parameters()) > LARGE and not plan.step_in_backward:
                give_back_at_once(ACTIVATION)
        if plan.compile:
            loss_module.model.base_model.compile()
        self.module, self._steps = self._prepare()

    def _exchange_settings(self) -> DistributedDataParallelKwargs:
        """The DDP settings: how processes exchange gradients.

        The next-utterance head gets no gradient in a batch without exchanges: on a corpus, or if
        the windows of a step cannot be shared out evenly.
        """
        plan = self.plan
        some = bool(plan.corpus_way) or plan.windows_per_step % self.processes.world > 0
        return DistributedDataParallelKwargs(find_unused_parameters=plan.candidates > 0 and some)

    def _make_optimizer(self) -> Any:
        plan = self.plan
        how: dict[str, Any] = {"name": plan.optimizer, "half": plan.precision == "bf16"}
        if plan.step_in_backward:
            give_back_at_once(MATRIX)
            return StepInBackward(self.loss_module, plan.weight_decay, clip=plan.clip, **how)
        return make_optimizer(self.loss_module, plan.weight_decay, **how)

    def _prepare(self) -> tuple[nn.Module, Any]:
        """The module and the optimiser as prepared by accelerate."""
        if self.processes.spread:
            return self.loss_module, self.optimizer
        if isinstance(self.optimizer, StepInBackward):
            return self._accelerator.prepare(self.loss_module), self.optimizer
        module, steps = self._accelerator.prepare(self.loss_module, self.optimizer)
        return module, steps

    # -- a step --------------------------------------------------------------------------------

    def sync_gradients(self, last: bool) -> contextlib.AbstractContextManager[Any]:
        """Context around a micro-batch. Gradients are synchronised once a step, with the last one.

        A sharded model (FSDP) synchronises with each: no process has room for all gradients.
        """
        if last or self.processes.spread:
            return contextlib.nullcontext()
        quiet: contextlib.AbstractContextManager[Any] = self._accelerator.no_sync(self.module)
        return quiet

    def backward(self, loss: Tensor) -> None:
        """Accumulate the gradients of a loss; those of all processes are summed."""
        self._accelerator.backward(loss * self.processes.world)  # it takes their average

    def clip(self) -> float:
        """Clip the gradients to the maximum norm. Returns their norm before that."""
        if self._resting:
            return 0.0
        if isinstance(self.optimizer, StepInBackward):
            return self.optimizer.norm
        norm = self._accelerator.clip_grad_norm_(self.loss_module.parameters(), self.plan.clip)
        return float(whole(norm))

    def set_learning_rate(self, rate: float) -> None:
        """Set the learning rate of the next step."""
        set_rate(self._steps, rate)

    def step(self) -> None:
        """Update the weights, and free the gradients."""
        if not self._resting:
            self._stepping = True
            self._steps.step()
            self._stepping = False
        self.zero_grad()

    def zero_grad(self) -> None:
        """Free the gradients."""
        self._steps.zero_grad(set_to_none=True)

    @property
    def has_begun(self) -> bool:
        """Whether a step is partly taken, so that it cannot be repeated."""
        return self._stepping or bool(getattr(self.optimizer, "begun", False))

    @contextlib.contextmanager
    def taking_no_step(self) -> Iterator[None]:
        """Context in which no weights change, even with --step-in-backward. Frees the gradients."""
        inside = isinstance(self.optimizer, StepInBackward)
        self._resting = True
        try:
            with self.optimizer.resting() if inside else contextlib.nullcontext():
                yield
        finally:
            self._resting = False
        self.zero_grad()

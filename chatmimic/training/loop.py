"""The training loop: a few steps one can read, on accelerate.

Every random number is a function of the seed and the step, and the state between steps is the
checkpoint: a run that was killed and resumed is the same run.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from accelerate import Accelerator

from chatmimic.errors import LossNotFinite, TrainingError
from chatmimic.files import private_file
from chatmimic.training import checkpoints
from chatmimic.training.figures import Figures, groups, measure
from chatmimic.training.loss import Learner, Surprise, count_learnt, feed
from chatmimic.training.optimizers import make_optimizer, set_rate
from chatmimic.training.plan import Plan
from chatmimic.training.precision import arithmetic
from chatmimic.transcript import Form
from chatmimic.windows import Windows

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """What is known after a step; `held_out` only when it was just looked at."""

    step: int
    steps: int
    loss: float  # nats per learnt token, smoothed
    held_out: Figures | None
    tokens_per_second: float
    learnt_per_second: float
    seconds_left: float
    rate: float


@dataclass
class State:
    """What a checkpoint remembers beside tensors."""

    step: int = 0
    smoothed: float | None = None
    best_loss: float = math.inf
    best_step: int = 0


@dataclass
class Loop:
    """One training: a learner, its windows, and a folder for log and checkpoints."""

    learner: Learner
    plan: Plan
    seed: int
    learnt: Windows
    held_out: Windows
    folder: Path
    form: Form
    token_types: bool = False
    weight_decay: float = 0.01
    clip: float = 1.0
    watch: Callable[[Progress], None] = lambda progress: None
    stop: Callable[[], bool] = lambda: False
    tell: Callable[[str], None] = lambda words: None
    state: State = field(default_factory=State)

    def __post_init__(self) -> None:
        """Put the model on its device, in the precision that device is fast in."""
        self.accelerator = Accelerator(mixed_precision="no")  # `arithmetic` sees to it
        if self.plan.gradient_checkpointing:
            self.learner.model.activation_checkpointing_enable()
        self.at_once = self.plan.batch  # windows; fewer where memory does not hold them
        self.optimizer = make_optimizer(
            self.learner.model,
            self.weight_decay,
            name=self.plan.optimizer,
            half=self.plan.precision == "bf16",
        )
        self._prepared, self._stepper = self.accelerator.prepare(self.learner, self.optimizer)

    # -- running -----------------------------------------------------------------------------

    def run(self) -> bool:
        """Take all steps that are left. Returns whether it finished (False: `stop` asked).

        Raises LossNotFinite; the checkpoint before it is untouched.
        """
        clock = _Clock(self.plan.steps - self.state.step)
        if self.state.step == 0:
            self._begin_log()
            self._note(self._figures(), clock, 0, 0)
        while self.state.step < self.plan.steps:
            with clock.stepping():
                nats, tokens = self._step(self.state.step)
            self.state.step += 1
            self._smooth(nats / max(1, tokens))
            looked = self._look_is_due()
            self._note(self._figures() if looked else None, clock, tokens, self._positions)
            if self.stop() and self.state.step < self.plan.steps:
                if not looked:
                    self.save()
                return False
        return True

    def time_a_step(self) -> float:
        """Seconds that a step takes, measured without taking one (for `--minutes`)."""
        self.learner.model.train()  # dropout and checkpointing cost what they will cost
        last = self.plan.steps - 1  # of whole windows, where the first ones are cut
        self._learn_from(last)  # the first warms caches up
        began = time.monotonic()
        self._learn_from(last)
        self._stepper.zero_grad(set_to_none=True)
        return time.monotonic() - began

    def evaluate(self, most: int) -> Figures:
        """Figures on at most that many held-out windows, spread evenly over all of them."""
        model = self.learner.model
        model.eval()
        with torch.no_grad():
            figures = self._fitting(
                lambda at_once: measure(
                    self.held_out,
                    lambda rows: self._surprise(self.held_out, rows),
                    batch=at_once,
                    most=most,
                )
            )
        model.train()
        return figures

    # -- one step ----------------------------------------------------------------------------

    def _step(self, step: int) -> tuple[float, int]:
        """Learn from the windows of one step. Returns (nats, learnt tokens)."""
        set_rate(self._stepper, self.plan.rate(step))
        nats, tokens = self._learn_from(step)
        norm = self.accelerator.clip_grad_norm_(self.learner.model.parameters(), self.clip)
        if not (math.isfinite(nats) and math.isfinite(float(norm or 0.0))):
            raise self._not_finite(nats, float(norm or 0.0))
        self._stepper.step()
        self._stepper.zero_grad(set_to_none=True)
        return nats, tokens

    def _learn_from(self, step: int) -> tuple[float, int]:
        return self._fitting(lambda at_once: self._add_up(step, at_once))

    def _add_up(self, step: int, at_once: int) -> tuple[float, int]:
        """Gradients of the windows of a step, some at once. Returns (nats, learnt tokens)."""
        torch.manual_seed(_number(self.seed, step))
        self._stepper.zero_grad(set_to_none=True)
        parts = self.plan.parts(step)
        batches = list(groups(self._rows(step), at_once))
        # Each token weighs the same, in whichever batch of the step it lies.
        total = sum(count_learnt(self.learnt, rows, parts) for rows in batches)
        nats = 0.0
        for rows in batches:
            result = self._surprise(self.learnt, rows, parts)
            self.accelerator.backward(result.learnt / max(1, total))
            nats += float(result.learnt.detach())
        return nats, total

    def _fitting(self, work: Callable[[int], T]) -> T:
        """Do work with as many windows at once as memory holds: half as many each time it fails.

        What a step learns stays the same but for rounding. Raises TrainingError where not even
        one window fits.
        """
        while True:
            try:
                return work(self.at_once)
            except torch.OutOfMemoryError as error:
                if self.at_once == 1:
                    raise _no_memory(self.learnt.ids.shape[1]) from error
            self._stepper.zero_grad(set_to_none=True)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            self.at_once = (self.at_once + 1) // 2
            self.tell(f"memory is short: {self.at_once} windows at once from here on")

    def _surprise(self, windows: Windows, rows: np.ndarray, parts: int = 1) -> Surprise:
        tensors = feed(windows, rows, self.form if self.token_types else None, parts=parts)
        with arithmetic(self.accelerator.device, self.plan.precision):
            result: Surprise = self._prepared(*(t.to(self.accelerator.device) for t in tensors))
        return result

    def _rows(self, step: int) -> np.ndarray:
        """Which windows a step learns from: a new shuffle each epoch, none twice in one."""
        count, size = self.plan.windows_per_step, len(self.learnt)
        places = range(step * count, (step + 1) * count)
        return np.asarray([_shuffle(self.seed, p // size, size)[p % size] for p in places])

    @property
    def _positions(self) -> int:
        return self.plan.windows_per_step * self.learnt.ids.shape[1]

    def _smooth(self, loss: float) -> None:
        before = self.state.smoothed
        self.state.smoothed = loss if before is None else 0.9 * before + 0.1 * loss

    # -- looking, noting, saving -------------------------------------------------------------

    def _look_is_due(self) -> bool:
        step = self.state.step
        return step % self.plan.evaluate_every == 0 or step == self.plan.steps

    def _figures(self) -> Figures:
        """Look at the held-out part, keep the weights if they are the best, and save."""
        figures = self.evaluate(self.plan.look)
        if not math.isfinite(figures.loss):
            raise self._not_finite(figures.loss, 0.0)
        if figures.loss < self.state.best_loss:
            self.state.best_loss, self.state.best_step = figures.loss, self.state.step
            checkpoints.save(self.folder / "best", self.state.step, {"model": self._weights()}, {})
        self._log(figures)
        self.save()
        return figures

    def save(self) -> None:
        """Write a checkpoint: weights, moments, step."""
        tensors = {"model": self._weights(), "optimizer": self._moments()}
        state = {**vars(self.state), "logged": private_file(self._log_path).stat().st_size}
        checkpoints.save(self.folder / "checkpoints", self.state.step, tensors, state)
        checkpoints.keep_newest(self.folder / "checkpoints", 2)
        checkpoints.keep_newest(self.folder / "best", 2)

    def resume(self, checkpoint: Path) -> None:
        """Go on from a checkpoint: weights, moments, step, best, and the log as it was then."""
        tensors, state = checkpoints.load(checkpoint)
        self.use(tensors["model"])
        self._restore_moments(tensors["optimizer"])
        with private_file(self._log_path).open("rb+") as log:
            log.truncate(state.pop("logged"))
        self.state = State(**state)

    def use(self, weights: dict[str, torch.Tensor]) -> None:
        """Put weights into the model; names and shapes must be the model's own."""
        parameters = dict(self.learner.model.named_parameters())
        if parameters.keys() != weights.keys():
            raise ValueError("these weights belong to another model")
        with torch.no_grad():
            for name, parameter in parameters.items():
                parameter.copy_(weights[name])

    def use_best(self) -> None:
        """Go back to the weights with the lowest held-out loss; no step can be taken after this.

        The moments go first: they are twice the size of what is read.
        """
        self.optimizer.state.clear()
        folder = checkpoints.path_of(self.folder / "best", self.state.best_step)
        self.use(checkpoints.load(folder)[0]["model"])

    def _weights(self) -> dict[str, torch.Tensor]:
        return {n: p.detach().cpu() for n, p in self.learner.model.named_parameters()}

    def _moments(self) -> dict[str, torch.Tensor]:
        """AdamW's state as flat tensors named `parameter|key`."""
        return {
            f"{name}|{key}": value.cpu()
            for name, parameter in self.learner.model.named_parameters()
            for key, value in self.optimizer.state.get(parameter, {}).items()
        }

    def _restore_moments(self, moments: dict[str, torch.Tensor]) -> None:
        parameters = dict(self.learner.model.named_parameters())
        for name, value in moments.items():
            parameter = parameters[name.partition("|")[0]]
            key = name.partition("|")[2]
            # AdamW counts steps on the device of its fused kernel, moments lie with the weights.
            self.optimizer.state[parameter][key] = value.to(parameter.device)

    @property
    def _log_path(self) -> Path:
        return self.folder / "log.jsonl"

    def _begin_log(self) -> None:
        """Empty the log: an earlier run wrote to it, or one killed before its first checkpoint."""
        os.truncate(private_file(self._log_path), 0)

    def _log(self, figures: Figures) -> None:
        line = {
            "step": self.state.step,
            "loss": self.state.smoothed,
            "rate": self.plan.rate(self.state.step),
            "held_out_loss": figures.loss,
            "held_out_bits_per_character": figures.bits_per_character,
        }
        with private_file(self._log_path).open("ab") as log:
            log.write(json.dumps(line).encode() + b"\n")
            log.flush()
            os.fsync(log.fileno())  # the checkpoint that follows counts on its length

    def _note(self, figures: Figures | None, clock: _Clock, tokens: int, positions: int) -> None:
        clock.count(tokens, positions)
        self.watch(
            Progress(
                step=self.state.step,
                steps=self.plan.steps,
                loss=self.state.smoothed if self.state.smoothed is not None else math.nan,
                held_out=figures,
                tokens_per_second=clock.rate(clock.positions),
                learnt_per_second=clock.rate(clock.tokens),
                seconds_left=clock.seconds_left,
                rate=self.plan.rate(self.state.step),
            )
        )

    def _not_finite(self, loss: float, norm: float) -> LossNotFinite:
        step = self.state.step
        return LossNotFinite(
            f"The loss became {loss} at step {step} (learning rate "
            f"{self.plan.rate(step):.2g}, gradient norm {norm:.3g}).",
            "The checkpoint before it is whole; train again with a lower --learning-rate.",
        )


class _Clock:
    """Speed and time left, from steps taken in this process. Never reads the wall clock."""

    def __init__(self, steps: int) -> None:
        self.began = time.monotonic()
        self.left, self.taken = steps, -1  # the first count is the look before the first step
        self.tokens = self.positions = 0
        self.spent = 0.0  # seconds in steps alone: looks and checkpoints are not learning

    @contextmanager
    def stepping(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.spent += time.monotonic() - began

    def count(self, tokens: int, positions: int) -> None:
        if positions:
            self.taken = max(self.taken, 0) + 1
            self.left -= 1
        else:
            self.began = time.monotonic()
        self.tokens += tokens
        self.positions += positions

    def rate(self, amount: int) -> float:
        return amount / max(1e-9, self.spent)

    @property
    def seconds_left(self) -> float:
        return self.left * (time.monotonic() - self.began) / max(1, self.taken)


def _no_memory(window: int) -> TrainingError:
    return TrainingError(
        f"Memory does not hold one window of {window} tokens.",
        "Choose a smaller --window or --base, or --gradient-checkpointing; then train again.",
    )


def _number(*parts: int) -> int:
    """A 63-bit number that is a function of its parts and of nothing else."""
    digest = hashlib.sha256(":".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


@lru_cache(maxsize=4)
def _shuffle(seed: int, epoch: int, size: int) -> np.ndarray:
    return np.random.default_rng(_number(seed, epoch)).permutation(size)

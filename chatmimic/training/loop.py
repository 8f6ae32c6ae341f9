"""The training loop. One step is one function that reads from top to bottom: `Loop.train_step`.

Every random number is a function of the seed and the step, and checkpoints hold the complete state
between steps: a run that was killed and resumed computes the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from chatmimic.errors import LossNotFinite
from chatmimic.machine import use_threads
from chatmimic.training.backend import Backend
from chatmimic.training.checkpointing.resumable import LOG, SAMPLES
from chatmimic.training.checkpointing.run_writer import RunWriter
from chatmimic.training.data.sampler import BatchSampler, micro_batches
from chatmimic.training.distributed.fsdp import settle
from chatmimic.training.distributed.process_group import ProcessGroup
from chatmimic.training.judged import Judged
from chatmimic.training.objective.loss import LossModule, feed, weight_of
from chatmimic.training.objective.metrics import Metrics, measure
from chatmimic.training.objective.next_utterance import right_share
from chatmimic.training.objective.nll import NLL
from chatmimic.training.objective.precision import arithmetic
from chatmimic.training.optim.trainable import Learning
from chatmimic.training.out_of_memory import Fitting
from chatmimic.training.plan import Plan
from chatmimic.training.progress import Clock, Progress, log_line, progress_of
from chatmimic.training.rng import number
from chatmimic.training.second_attempt import gained_nothing, plan_of_attempt, second_attempt
from chatmimic.training.state import State
from chatmimic.transcript import Form
from chatmimic.windows import Windows
from chatmimic.windows.choices import ChoiceBatch, Choices


@dataclass
class Loop:
    """The training loop of a run: loss module, plan, data, state, and a folder for checkpoints."""

    loss_module: LossModule
    plan: Plan
    seed: int
    train_windows: Windows
    held_out: Windows
    folder: Path
    form: Form
    token_types: bool = False
    corpus: Windows | None = None  # for warm-up
    choices: tuple[Choices, Choices] | None = None  # exchanges to train on, and held-out ones
    learning: Learning | None = None  # the trainable parameters; None: all
    processes: ProcessGroup = field(default_factory=ProcessGroup)
    watch: Callable[[Progress], None] = lambda progress: None
    stop: Callable[[], bool] = lambda: False
    notify: Callable[[str], None] = lambda words: None
    sample: Callable[[], Iterable[dict[str, Any]]] = lambda: ()
    judge: Callable[[], Judged] | None = None  # of replies, for --select style
    state: State = field(default_factory=State)

    def __post_init__(self) -> None:
        """Put the model on its device, with the threads and the precision of the plan."""
        module, model, plan = self.loss_module, self.loss_module.model, self.plan
        use_threads(plan.threads)
        self.backend = Backend(module, plan, self.processes)
        window, notify = self.train_windows.ids.shape[1], lambda words: self.notify(words)
        self.fitting = Fitting(model, self.backend, window, notify)
        self.writer = RunWriter(self.folder, module, self.backend.optimizer, self.processes)
        self.clock = Clock()

    @property
    def sampler(self) -> BatchSampler:
        """Chooses the windows and exchanges of each step."""
        exchanges = len(self.choices[0]) if self.choices else 0
        return BatchSampler(self.plan, self.seed, self.train_windows, self.corpus, exchanges)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step: the schedule's, times the slowdown of the state."""
        return self.plan.rate(self.plan.place(self.state)) * self.state.slowdown

    def run(self) -> bool:
        """Take all remaining steps. Returns whether the run finished (False: `stop` asked).

        Raises LossNotFinite; earlier checkpoints are not affected.
        """
        if self.state.step == 0 and self.state.attempt == 1:
            self.writer.begin()
            self._show(self.evaluate_and_save())
        while True:
            if gained_nothing(self.plan, self.state, self.is_done):
                self.state, why = second_attempt(self.plan, self.state)
                self.plan = plan_of_attempt(self.plan, self.state)
                self.notify(why)
                self.writer.start_over(self.state)
            if self.is_done:
                break
            on_corpus = self.sampler.on_corpus(self.state)
            with self.clock.stepping():
                self.fitting.run(self.train_step)
            self.state.count_step(on_corpus)
            if self.plan.sample_every and self.state.step % self.plan.sample_every == 0:
                self.writer.write(SAMPLES, self.sample())
            metrics = self.evaluate_and_save(on_corpus) if self.is_due(on_corpus) else None
            self._show(metrics, on_corpus)
            if self.processes.any(self.stop()) and not self.is_done:
                if metrics is None:
                    self.writer.save(self.state)
                return False
        self.state.judge_phase()
        if self.state.own_steps < self.plan.steps:
            self.notify(self.state.why_stopped())
        return True

    def train_step(self, at_once: int) -> None:
        """One optimiser step, from drawing the windows to updating the weights.

        `at_once` is the micro-batch size in windows. Raises LossNotFinite before any weight is
        changed.
        """
        plan, state, backend = self.plan, self.state, self.backend
        # For dropout and noise: the same in a resumed run, different in each process.
        torch.manual_seed(number(self.seed, state.step, *self.processes.apart))
        backend.set_learning_rate(self.learning_rate)
        backend.zero_grad()

        # Draw the windows and, with --candidates, the exchanges. A new base begins with windows cut
        # into short rows, which are cheaper and as good while it still learns words.
        parts = self.sampler.of(state)
        exchanges = self.sampler.with_candidates(state, self.choices[0] if self.choices else None)
        cut = plan.parts(state.step)
        # The loss is the mean over the tokens of the whole step, so that each has the same weight
        # in whichever micro-batch it is.
        weight = max(1.0, sum(weight_of(part.windows, part.rows, cut) for part in parts))

        batches = micro_batches(parts, exchanges, at_once, self.processes)
        nats = 0.0
        for batch in batches:
            # Gradients are synchronised once a step, with the last micro-batch.
            with backend.sync_gradients(batch is batches[-1]):
                nll = self.forward(batch.windows, batch.rows, cut, batch.exchanges)
                here = float(nll.loss.detach()) * batch.counts
                # Checked before the backward pass, which may be a step (--step-in-backward).
                if not math.isfinite(here) and self.processes.world == 1:
                    raise LossNotFinite(here, state.step, self.learning_rate)
                loss = nll.loss * (batch.counts / weight)
                if nll.choice is not None:
                    loss = plan.lm_coef * loss + plan.mc_coef * nll.choice / len(exchanges)
                backend.backward(loss)
            nats += here
        (nats,) = self.processes.sum(nats)

        norm = backend.clip() if math.isfinite(nats) else math.nan
        if not math.isfinite(norm):
            raise LossNotFinite(nats, state.step, self.learning_rate, norm)
        backend.step()
        state.smooth(nats / weight)
        self.clock.count(round(weight), plan.windows_per_step * self.train_windows.ids.shape[1])

    def forward(
        self, windows: Windows, rows: np.ndarray, cut: int = 1, exchanges: np.ndarray | None = None
    ) -> NLL:
        """The loss of some windows, each cut into `cut` rows, and of the exchanges with them."""
        tensors = feed(windows, rows, self.form if self.token_types else None, parts=cut)
        device = self.backend.device
        here: dict[str, Any] = {name: tensor.to(device) for name, tensor in tensors.items()}
        if exchanges is not None and self.choices is not None:
            here["choices"] = self.choices[0].read(exchanges).to(device)
        with arithmetic(device, self.plan.precision):
            nll: NLL = self.backend.module(**here)
        return nll

    def evaluate(self, most: int) -> Metrics:
        """Evaluate on at most that many held-out windows, spread evenly over all of them."""
        module, device = self.loss_module, self.backend.device

        def on_held_out(at_once: int) -> Metrics:
            found = measure(
                self.held_out,
                lambda rows: self.forward(self.held_out, rows),
                batch=at_once,
                most=most,
                processes=self.processes,
            )
            if self.choices is None:
                return found
            right = right_share(
                self.choices[1],
                lambda ids, last: module.scores(ChoiceBatch(ids, last).to(device)),
                candidates=self.plan.candidates,
                most=most,
                at_once=at_once,
                processes=self.processes,
            )
            return replace(found, right=right)

        module.eval()
        with torch.no_grad():
            metrics = self.fitting.run(on_held_out)
        settle(module)
        module.train()
        return metrics

    def evaluate_and_save(self, on_corpus: bool = False) -> Metrics:
        """Evaluate, keep the weights if they are the best so far, and write a checkpoint."""
        metrics, state = self.evaluate(self.plan.eval_windows), self.state
        if not math.isfinite(metrics.loss):
            raise LossNotFinite(metrics.loss, state.step, self.learning_rate)
        if self.judge is not None:
            metrics = replace(metrics, judged=self.judge())
        if state.record(metrics.loss, metrics.style, metrics.recites):
            self.writer.save_best(state)
        self.writer.write(LOG, [log_line(state, self.learning_rate, metrics)])
        if on_corpus:  # not trained on the persona since, so this says nothing about a stall
            state.stale = 0
        if self.plan.schedule == "plateau" and state.stale and state.stale % 2 == 0:
            state.slowdown /= 2
        if self.sampler.phase_is_due(state):
            state.judge_phase()
            self.notify(state.begin_phase(self.plan.corpus_steps))
        self.writer.save(state)
        return metrics

    def _show(self, metrics: Metrics | None, on_corpus: bool = False) -> None:
        stand = (self.plan, self.state, self.clock, self.learning_rate)
        self.watch(progress_of(*stand, metrics, on_corpus))

    @property
    def is_done(self) -> bool:
        """Whether all steps are taken, or early stopping ends the run."""
        plan, state = self.plan, self.state
        tired = state.recites or state.stale >= (plan.patience or math.inf)
        return (tired or state.own_steps >= plan.steps) and not self.sampler.on_corpus(state)

    def is_due(self, on_corpus: bool) -> bool:
        """Whether an evaluation is due: at its interval, at the end, and after a corpus phase."""
        if self.state.phase_left:
            return False
        came_back = on_corpus and not self.sampler.on_corpus(self.state)
        return came_back or self.state.step % self.plan.evaluate_every == 0 or self.is_done

"""The training loop: a few steps one can read, on accelerate.

Every random number is a function of the seed and the step, and the state between steps is the
checkpoint: a run that was killed and resumed is the same run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from chatmimic.errors import LossNotFinite
from chatmimic.machine import use_threads
from chatmimic.training.adapters import Learning, halve_the_fixed
from chatmimic.training.attention import attend_by_pieces
from chatmimic.training.chance import number
from chatmimic.training.choosing import EXCHANGES, right_share
from chatmimic.training.clock import Clock, Progress, now
from chatmimic.training.figures import Figures, measure
from chatmimic.training.keeping import LOG, SAMPLES, Keeper
from chatmimic.training.lessons import Lessons, batches
from chatmimic.training.loss import Learner, Surprise, feed, weight_of
from chatmimic.training.memory import is_full, make_room, no_memory, peak_bytes
from chatmimic.training.plan import Plan
from chatmimic.training.precision import arithmetic
from chatmimic.training.ranks import Ranks
from chatmimic.training.spreading import put_together, settle
from chatmimic.training.state import State
from chatmimic.training.stepper import Stepper
from chatmimic.transcript import Form
from chatmimic.windows import Windows
from chatmimic.windows.choices import ChoiceBatch, Choices

SLOW = 5.0  # seconds of a batch; then it is timed once
SLOWER = 1 / 3  # times the learning rate, in the second attempt of a training that gained nothing

T = TypeVar("T")


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
    corpus: Windows | None = None  # for warm-up
    choices: tuple[Choices, Choices] | None = None  # exchanges to learn from, and held out
    learning: Learning | None = None  # what is learnt of the model; None: all
    ranks: Ranks = field(default_factory=Ranks)
    watch: Callable[[Progress], None] = lambda progress: None
    stop: Callable[[], bool] = lambda: False
    tell: Callable[[str], None] = lambda words: None
    sample: Callable[[], Iterable[dict[str, Any]]] = lambda: ()
    state: State = field(default_factory=State)

    def __post_init__(self) -> None:
        """Put the model on its device, with the threads that the plan says."""
        use_threads(self.plan.threads)
        self.learner.noise = self.plan.noise
        if self.plan.gradient_checkpointing:
            self._compute_twice()
        if self.plan.precision == "bf16":
            halve_the_fixed(self.learner.model)
        # Windows in one pass; fewer where memory does not hold them.
        share = -(-self.plan.windows_per_step // self.ranks.world)
        self.at_once = min(self.plan.batch, share)
        self.stepper = Stepper(self.learner, self.plan, self.ranks)
        if self.stepper.device.type == "cpu" and not self.plan.compile:
            attend_by_pieces(self.learner.model)
        self.keeper = Keeper(self.folder, self.learner, self.stepper.optimizer, self.ranks)
        self.clock = Clock()

    @property
    def lessons(self) -> Lessons:
        """What each step reads."""
        exchanges = len(self.choices[0]) if self.choices else 0
        return Lessons(self.plan, self.seed, self.learnt, self.corpus, exchanges)

    # -- running -----------------------------------------------------------------------------

    def run(self) -> bool:
        """Take all steps that are left. Returns whether it finished (False: `stop` asked).

        Raises LossNotFinite; the checkpoint before it is untouched.
        """
        if self.state.step == 0 and self.state.attempt == 1:
            self.keeper.begin()
            self._note(self._look())
        while True:
            if self._should_start_over():
                self._start_over()
            if self._is_done():
                break
            on_corpus = self.lessons.on_corpus(self.state)
            with self.clock.stepping():
                self._step()
            self._count(on_corpus)
            if self.plan.sample_every and self.state.step % self.plan.sample_every == 0:
                self.keeper.write(SAMPLES, self.sample())
            looked = self._look_is_due(on_corpus)
            self._note(self._look(on_corpus) if looked else None, on_corpus)
            if self.ranks.any(self.stop()) and not self._is_done():
                if not looked:
                    self.keeper.save(self.state)
                return False
        self.state.judge_spell()
        if self.state.own_steps < self.plan.steps:
            step, best = self.state.step, self.state.best_step
            self.tell(f"stopped after step {step}: no look was better than that of step {best}")
        return True

    def time_a_step(self) -> float:
        """Seconds that a step takes, measured without taking one.

        One batch stands for all batches of the step. It is computed twice, the first time to warm
        up, unless the base is so slow that this makes no difference. For one process.
        """
        self.learner.train()  # dropout and checkpointing cost what they will cost
        whole = self.plan
        state = State(step=whole.steps - 1)  # of whole windows, where the first ones are cut
        self.plan = replace(whole, accumulate=1)
        try:
            with self.stepper.taking_no_step():
                seconds = self._time(state)
                if seconds < SLOW or whole.compile:
                    seconds = self._time(state)
                return whole.accumulate * seconds
        finally:
            self.plan = whole

    def time_an_evaluation(self) -> float:
        """Seconds that it takes to test on one held-out window."""
        began = now(self.stepper.device.type)
        self.evaluate(1)
        return now(self.stepper.device.type) - began

    def _time(self, state: State) -> float:
        """Seconds that the batches of a step take, without the step."""
        began = now(self.stepper.device.type)
        self._learn_from(state)
        return now(self.stepper.device.type) - began

    def evaluate(self, most: int) -> Figures:
        """Figures on at most that many held-out windows, spread evenly over all of them."""
        self.learner.eval()
        with torch.no_grad():
            figures = self._fitting(
                lambda at_once: measure(
                    self.held_out,
                    lambda rows: self._surprise(self.held_out, rows),
                    batch=at_once,
                    most=most,
                    ranks=self.ranks,
                )
            )
            figures = replace(figures, right=self._right_share(most))
        settle(self.learner)
        self.learner.train()
        return figures

    def _right_share(self, most: int) -> float | None:
        """How often the real reply of a held-out exchange is told from the others."""
        if self.choices is None:
            return None
        device = self.stepper.device
        return right_share(
            self.choices[1],
            lambda ids, last: self.learner.scores(ChoiceBatch(ids, last).to(device)),
            candidates=self.plan.candidates,
            most=most,
            at_once=self.at_once,
            ranks=self.ranks,
        )

    # -- one step ----------------------------------------------------------------------------

    def _step(self) -> None:
        """Learn from the windows of the next step."""
        self.stepper.set_rate(self._rate())
        nats, weight = self._learn_from(self.state)
        norm = self.stepper.clip() if math.isfinite(nats) else math.nan
        if not math.isfinite(norm):
            raise self._not_finite(nats, norm)
        self.stepper.step()
        self.state.smooth(nats / max(1.0, weight))
        read = self.plan.windows_per_step * self.learnt.ids.shape[1]
        self.clock.count(round(weight), read)

    def _rate(self) -> float:
        return self.plan.rate(self.plan.place(self.state)) * self.state.slowdown

    def _learn_from(self, state: State) -> tuple[float, float]:
        return self._fitting(lambda at_once: self._add_up(state, at_once))

    def _add_up(self, state: State, at_once: int) -> tuple[float, float]:
        """Gradients of the windows of a step, some at once. Returns (nats, weight learnt)."""
        torch.manual_seed(number(self.seed, state.step, *self.ranks.apart))
        self.stepper.clear()
        cut = self.plan.parts(state.step)
        parts = self.lessons.of(state)
        # Each token weighs the same, in whichever batch of the step it lies.
        total = max(1.0, sum(weight_of(p.windows, p.rows, cut) for p in parts))
        asked = self._draw(state)
        made = batches(parts, asked, at_once, self.ranks)
        nats = 0.0
        for place, part in enumerate(made):
            with self.stepper.exchanging(place == len(made) - 1):
                result = self._surprise(part.windows, part.rows, cut, part.asked)
                here = float(result.learnt.detach()) * part.counts
                if not math.isfinite(here) and self.ranks.world == 1:
                    return here, total  # before a backward pass that may be a step
                self.stepper.backward(self._loss(result, part.counts / total, len(asked)))
            nats += here
        return self.ranks.sum(nats)[0], total

    def _loss(self, result: Surprise, share: float, asked: int) -> torch.Tensor:
        """What is minimised: nats a token, and with exchanges nats a choice, each by its weight."""
        words = result.learnt * share
        if result.choice is None:
            return words
        return self.plan.lm_coef * words + self.plan.mc_coef * result.choice / asked

    def _draw(self, state: State) -> np.ndarray:
        """The exchanges of a step, each with whose replies are its candidates."""
        asked = self.lessons.asked(state)
        if self.choices is None or not len(asked):
            return asked
        chance = number(self.seed, state.step, EXCHANGES)
        return self.choices[0].draw(asked, self.plan.candidates, chance)

    def _fitting(self, work: Callable[[int], T]) -> T:
        """Do work with as many windows at once as memory holds: half as many each time it fails.

        What a step learns stays the same but for rounding. Raises TrainingError where not even
        one window fits with activations computed twice.
        """
        while True:
            try:
                return work(self.at_once)
            except (RuntimeError, MemoryError) as error:
                if not is_full(error):
                    raise
                if not self._can_take_less():
                    raise no_memory(self.learnt.ids.shape[1], self.at_once) from error
            self.stepper.clear()
            make_room()
            self._take_less()

    def _can_take_less(self) -> bool:
        """Whether a step may be tried again with less memory.

        Not where other processes wait for it, or a part of it is taken already; and where each
        backward pass is a step, its windows cannot be computed one after the other.
        """
        if self.ranks.world > 1 or self.stepper.has_begun:
            return False
        return self._can_halve or not self.computes_twice

    @property
    def _can_halve(self) -> bool:
        return self.at_once > 1 and not self.plan.step_in_backward

    def _take_less(self) -> None:
        if self._can_halve:
            self.at_once = (self.at_once + 1) // 2
            self.tell(f"memory is short: {self.at_once} windows at once from here on")
        else:
            self._compute_twice()
            self.tell("memory is short: activations are computed twice from here on")

    @property
    def computes_twice(self) -> bool:
        """Whether activations are computed again in the backward pass: gradient checkpointing."""
        return bool(self.learner.model.is_activation_checkpointing)

    def _compute_twice(self) -> None:
        self.learner.model.activation_checkpointing_enable()

    def _surprise(
        self,
        windows: Windows,
        rows: np.ndarray,
        parts: int = 1,
        drawn: np.ndarray | None = None,
    ) -> Surprise:
        tensors = feed(windows, rows, self.form if self.token_types else None, parts=parts)
        device = self.stepper.device
        here: dict[str, Any] = {name: tensor.to(device) for name, tensor in tensors.items()}
        if drawn is not None and self.choices is not None:
            here["asked"] = self.choices[0].read(drawn).to(device)
        with arithmetic(device, self.plan.precision):
            result: Surprise = self.stepper.module(**here)
        return result

    # -- between steps -----------------------------------------------------------------------

    def _count(self, on_corpus: bool) -> None:
        self.state.step += 1
        if on_corpus:
            self.state.corpus_steps += 1
            self.state.spell_left = max(0, self.state.spell_left - 1)

    def _is_done(self) -> bool:
        left = self.plan.steps - self.state.own_steps
        return (left <= 0 or self._is_tired()) and not self.lessons.on_corpus(self.state)

    def _is_tired(self) -> bool:
        return self.plan.patience is not None and self.state.stale >= self.plan.patience

    def _look_is_due(self, on_corpus: bool) -> bool:
        """Every so many steps, at the end, and when a spell on the corpus ends; not within one."""
        if self.state.spell_left:
            return False
        came_back = on_corpus and not self.lessons.on_corpus(self.state)
        return came_back or self.state.step % self.plan.evaluate_every == 0 or self._is_done()

    def _look(self, on_corpus: bool = False) -> Figures:
        """Look at the held-out part, keep the weights if they are the best, and save."""
        figures = self.evaluate(self.plan.look)
        if not math.isfinite(figures.loss):
            raise self._not_finite(figures.loss, 0.0)
        if self.state.look(figures.loss):
            self.keeper.save_best(self.state)
        self.keeper.write(LOG, [self._line(figures)])
        if on_corpus:  # nothing of the persona's was read since: this says nothing of a stall
            self.state.stale = 0
        self._adapt()
        self.keeper.save(self.state)
        return figures

    def _should_start_over(self) -> bool:
        """Whether the untrained base is still the best when half of the steps are taken."""
        state = self.state
        if not self.plan.try_again or state.attempt > 1 or state.best_step > 0:
            return False
        half = 2 * state.own_steps >= self.plan.steps and not state.spell_left
        return self._is_done() or (half and state.step % self.plan.evaluate_every == 0)

    def _start_over(self) -> None:
        """Go back to the base, with a third of the learning rate.

        Killed in here, a run begins at the first step of either attempt.
        """
        rate = self.plan.learning_rate
        self.tell(
            f"by step {self.state.step} no evaluation was better than the untrained base: the "
            f"learning rate of {rate:.2g} may be too high; begun again at {rate * SLOWER:.2g}"
        )
        self.state = State(best_loss=self.state.best_loss, slowdown=SLOWER, attempt=2)
        self.keeper.start_over(self.state)

    def _adapt(self) -> None:
        """What follows from a look: a slower rate, or a spell on the corpus."""
        if self.plan.schedule == "plateau" and self.state.stale and self.state.stale % 2 == 0:
            self.state.slowdown /= 2
        if self.lessons.spell_is_due(self.state):
            self.state.judge_spell()
            self.tell(self.state.begin_spell(self.plan.corpus_steps))

    def _line(self, figures: Figures) -> dict[str, Any]:
        line = {
            "step": self.state.step,
            "loss": self.state.smoothed,
            "rate": self._rate(),
            "held_out_loss": figures.loss,
            "held_out_bits_per_character": figures.bits_per_character,
        }
        extra = {
            "held_out_right": figures.right,
            "corpus_steps": self.state.corpus_steps or None,
            "attempt": self.state.attempt if self.state.attempt > 1 else None,
        }
        return line | {key: value for key, value in extra.items() if value is not None}

    def _note(self, figures: Figures | None, on_corpus: bool = False) -> None:
        state = self.state
        left = self.plan.total(state) - state.step
        self.watch(
            Progress(
                step=state.step,
                steps=self.plan.total(state),
                loss=state.smoothed if state.smoothed is not None else math.nan,
                held_out=figures,
                tokens_per_second=self.clock.rate(self.clock.read),
                learnt_per_second=self.clock.rate(self.clock.learnt),
                seconds_left=self.clock.seconds_left(left),
                rate=self._rate(),
                memory=peak_bytes(),
                on_corpus=on_corpus,
            )
        )

    def resume(self, checkpoint: Path) -> None:
        """Go on from a checkpoint."""
        self.state = self.keeper.restore(checkpoint)

    def use_best(self) -> None:
        """Go back to the weights with the lowest held-out loss; no step can be taken after this."""
        self.keeper.use_best(self.state)

    def let_go(self) -> None:
        """Give the model's memory back; nothing can be computed after this."""
        self.stepper.optimizer.state.clear()
        if not self.ranks.spread:
            self.learner.to("meta")
        make_room()

    def put_together(self) -> None:
        """Have the first process hold all of a model that is spread; no step can be taken after."""
        if self.ranks.spread:
            put_together(self.learner, self.ranks)

    def _not_finite(self, loss: float, norm: float) -> LossNotFinite:
        return LossNotFinite(
            f"The loss became {loss} at step {self.state.step} (learning rate "
            f"{self._rate():.2g}, gradient norm {norm:.3g}).",
            "The checkpoint before it is whole; train again with a lower --learning-rate.",
        )

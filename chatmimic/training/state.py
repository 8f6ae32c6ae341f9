"""The state of a run between two steps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from chatmimic.settings import with_new_names

CLOSE = 0.03  # of the least held-out loss: within 12 % of its perplexity, at 4 nats


@dataclass
class State:
    """The part of a checkpoint that is not tensors."""

    step: int = 0  # taken, of every kind
    corpus_steps: int = 0  # of them, on the corpus alone
    smoothed: float | None = None  # smoothed training loss in nats per token
    best_loss: float = math.inf  # held-out, or with --select style that of replies
    best_step: int = 0
    stale: int = 0  # evaluations in a row without improvement than the best
    slowdown: float = 1.0  # times the rate: of `--schedule plateau`, and of a second attempt
    attempt: int = 1  # the second begins again at a lower rate
    first_attempt: int = 0  # steps that it took, where this is the second
    lowest_loss: float = math.inf  # held-out; with --select style, best_loss is something else
    loss_at_best: float = math.inf
    recites: bool = False  # the latest evaluation found copies of the training data in replies
    phase_left: int = 0  # steps left of a phase on the corpus
    phases: list[dict[str, Any]] = field(default_factory=list)  # what each phase came to

    @property
    def own_steps(self) -> int:
        """Steps taken on the persona's windows."""
        return self.step - self.corpus_steps

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> State:
        """Read a saved state, also one of an older version."""
        return cls(**with_new_names(values, {"spell_left": "phase_left", "spells": "phases"}))

    def smooth(self, loss: float) -> None:
        """Update the smoothed loss with that of a step."""
        self.smoothed = loss if self.smoothed is None else 0.9 * self.smoothed + 0.1 * loss

    def count_step(self, on_corpus: bool) -> None:
        """Count a step that was taken."""
        self.step += 1
        if on_corpus:
            self.corpus_steps += 1
            self.phase_left = max(0, self.phase_left - 1)

    def begin_phase(self, steps: int) -> str:
        """Begin a phase on the corpus. Returns the reason in words."""
        self.phases.append({"step": self.step, "steps": steps, "before": self.best_loss})
        self.phase_left, self.stale = steps, 0
        return (
            f"step {self.step}: the held-out loss stalls at {self.best_loss:.3f}; "
            f"{steps} steps on the corpus"
        )

    def why_stopped(self) -> str:
        """Why a run ended before all its steps were taken."""
        if self.recites:
            return (
                f"stopped at step {self.step}: its replies repeat training data; the best "
                f"evaluation was at step {self.best_step}"
            )
        return f"early stopping after step {self.step}: no improvement since step {self.best_step}"

    def judge_phase(self) -> None:
        """Record whether the latest phase lowered the best held-out loss."""
        if self.phases and "helped" not in self.phases[-1]:
            phase = self.phases[-1]
            phase["after"] = self.best_loss
            phase["helped"] = self.best_loss < phase["before"]

    def verdicts(self) -> list[str]:
        """The result of each phase on the corpus, in words."""
        return [
            f"a phase of {phase['steps']} steps on the corpus after step {phase['step']} "
            + ("helped" if phase["helped"] else "did not help")
            + f": held-out loss {phase['before']:.3f} before, {phase['after']:.3f} at best after"
            for phase in self.phases
        ]

    def record(self, loss: float, style: float | None = None, recites: bool = False) -> bool:
        """Record an evaluation. Returns whether it is the best so far.

        The best has the least held-out loss; if replies are judged, the least `style` of those
        whose loss is close to the least, because the style of a few replies varies by chance. A
        model that `recites` its training data is never the best, and ends the run.
        """
        self.recites = recites
        self.lowest_loss = min(self.lowest_loss, loss)
        limit = self.lowest_loss * (1 + CLOSE)
        selected = loss if style is None else style
        better = selected < self.best_loss
        if style is not None:
            better = loss <= limit and (better or self.loss_at_best > limit)
        if better and not recites:
            self.best_loss, self.loss_at_best = selected, loss
            self.best_step, self.stale = self.step, 0
            return True
        self.stale += 1
        return False

"""Where a training stands between two steps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any


@dataclass
class State:
    """What a checkpoint remembers beside tensors."""

    step: int = 0  # taken, of every kind
    corpus_steps: int = 0  # of them, on the corpus alone
    smoothed: float | None = None  # loss in nats a token, over the last steps
    best_loss: float = math.inf
    best_step: int = 0
    stale: int = 0  # looks in a row that were no better than the best
    slowdown: float = 1.0  # times the rate: of `--schedule plateau`, and of a second attempt
    attempt: int = 1  # the second begins again at a lower rate
    spell_left: int = 0  # steps left of a spell on the corpus
    spells: list[dict[str, Any]] = field(default_factory=list)  # what each spell came to

    @property
    def own_steps(self) -> int:
        """Steps taken on the persona's windows."""
        return self.step - self.corpus_steps

    def smooth(self, loss: float) -> None:
        """Take the loss of a step into the smoothed one."""
        self.smoothed = loss if self.smoothed is None else 0.9 * self.smoothed + 0.1 * loss

    def begin_spell(self, steps: int) -> str:
        """Have the next steps be on the corpus alone. Returns why, in words."""
        self.spells.append({"step": self.step, "steps": steps, "before": self.best_loss})
        self.spell_left, self.stale = steps, 0
        return (
            f"step {self.step}: the held-out loss stalls at {self.best_loss:.3f}; "
            f"{steps} steps on the corpus"
        )

    def judge_spell(self) -> None:
        """Note of the latest spell whether the held-out loss fell below what it was before."""
        if self.spells and "helped" not in self.spells[-1]:
            spell = self.spells[-1]
            spell["after"] = self.best_loss
            spell["helped"] = self.best_loss < spell["before"]

    def verdicts(self) -> list[str]:
        """What each spell on the corpus came to, in words."""
        return [
            f"a spell of {spell['steps']} steps on the corpus after step {spell['step']} "
            + ("helped" if spell["helped"] else "did not help")
            + f": held-out loss {spell['before']:.3f} before, {spell['after']:.3f} at best after"
            for spell in self.spells
        ]

    def look(self, loss: float) -> bool:
        """Take in a held-out loss; whether it is the best so far."""
        if loss < self.best_loss:
            self.best_loss, self.best_step, self.stale = loss, self.step, 0
            return True
        self.stale += 1
        return False

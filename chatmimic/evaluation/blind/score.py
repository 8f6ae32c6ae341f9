"""The score of a blind test: its 95 % interval, and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chatmimic.evaluation.blind.rounds import WHOSE
from chatmimic.evaluation.intervals import wilson


@dataclass(frozen=True)
class Score:
    """How many of some answers are right; `chance` is the share that guessing comes to."""

    right: int
    answered: int
    chance: float
    kind: str

    @property
    def share(self) -> float | None:
        """The share of right answers; None without any."""
        return self.right / self.answered if self.answered else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share."""
        return wilson(self.right, self.answered)

    @property
    def figures(self) -> str:
        """`14 of 20 = 70 % (48–85 %)`."""
        if self.share is None:
            return "no answers"
        low, high = self.interval
        return (
            f"{self.right} of {self.answered} = {100 * self.share:.0f} % "
            f"({100 * low:.0f}–{100 * high:.0f} %)"
        )

    @property
    def meaning(self) -> str:
        """One sentence on what the score says about the mimic."""
        if self.share is None:
            return "Without answers there is no score."
        low, high = self.interval
        chance, share = f"{100 * self.chance:.0f} %", f"{100 * self.share:.0f} %"
        if low > self.chance:
            if self.kind == WHOSE:
                return f"Recognised more often than chance ({chance})."
            return f"Told apart more often than chance ({chance})."
        if high < self.chance:
            if self.kind == WHOSE:
                return f"Recognised less often than chance ({chance}): taken for somebody else."
            return f"Told apart less often than chance ({chance}): the mimic seems the real one."
        answers = f"{self.answered} answer{'s' * (self.answered != 1)}"
        if chance == share:
            return f"Exactly chance ({chance}); {answers} cannot rule out {100 * high:.0f} %."
        return f"This may be chance: {answers} cannot tell {share} from {chance}."

    def as_dict(self) -> dict[str, Any]:
        """The score as JSON holds it."""
        low, high = self.interval
        return {
            "right": self.right,
            "answered": self.answered,
            "share": self.share,
            "low": low,
            "high": high,
            "chance": self.chance,
            "meaning": self.meaning,
        }

"""What each step reads: windows of the persona, of a corpus, or of both.

The founding post's method was to turn by hand from one's own chats to a public corpus for some
steps, whenever the loss stalled, and back. Here that is a rule, in three ways (`Plan.corpus_way`):

- `first`: so many steps on the corpus, then the persona;
- `mix`: beside the persona's windows a share of the corpus', which falls from step to step;
- `plateau`: when the held-out loss no longer falls, a spell on the corpus, and back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from chatmimic.training.chance import number, places
from chatmimic.training.choosing import numbers_of
from chatmimic.training.plan import Plan
from chatmimic.training.ranks import Ranks
from chatmimic.training.state import State
from chatmimic.windows import Windows

STALE = 2  # looks that were no better, after which a spell begins
CORPUS = 1  # sets the order of its windows apart from that of the persona's


@dataclass(frozen=True)
class Part:
    """Some windows of one place. Those that do not `count` are computed for nothing.

    `asked` are exchanges read with them, `(exchanges, candidates)`: see `Choices.draw`.
    """

    windows: Windows
    rows: np.ndarray
    counts: bool = True
    asked: np.ndarray | None = None


@dataclass(frozen=True)
class Lessons:
    """Which windows a step reads: a function of the seed and of where the training stands."""

    plan: Plan
    seed: int
    learnt: Windows
    corpus: Windows | None = None
    exchanges: int = 0  # there are, to choose replies in

    def asked(self, state: State) -> np.ndarray:
        """The exchanges of the next step: as many as windows, none where it is on a corpus."""
        if not self.exchanges or self.on_corpus(state):
            return np.zeros(0, np.int64)
        count = self.plan.windows_per_step
        return numbers_of(self.seed, state.own_steps, count, self.exchanges)

    def of(self, state: State) -> list[Part]:
        """The windows of the step that is next."""
        count = self.plan.windows_per_step
        if self.on_corpus(state):
            return [self._of_corpus(state.corpus_steps * count, count)]
        own = state.own_steps
        rows = places(self.seed, own * count, count, len(self.learnt))
        parts = [Part(self.learnt, rows)]
        before, now = (self._mixed_until(own + n) for n in (0, 1))
        if now > before:
            parts.append(self._of_corpus(before, now - before))
        return parts

    def on_corpus(self, state: State) -> bool:
        """Whether the next step is on the corpus alone."""
        first = self.plan.corpus_way == "first" and state.corpus_steps < self.plan.corpus_steps
        return first or state.spell_left > 0

    def spell_is_due(self, state: State) -> bool:
        """Whether a spell on the corpus begins after a look that was just taken."""
        return (
            self.plan.corpus_way == "plateau"
            and state.stale >= STALE
            and len(state.spells) < self.plan.corpus_spells
            and state.own_steps < self.plan.steps
        )

    def _of_corpus(self, start: int, count: int) -> Part:
        assert self.corpus is not None
        seed = number(self.seed, CORPUS)
        return Part(self.corpus, places(seed, start, count, len(self.corpus)))

    def _mixed_until(self, own: int) -> int:
        """How many windows of the corpus are read beside the persona's before that step.

        A share s of the windows is s/(1-s) of the corpus' for each of the persona's; s falls in a
        line from `corpus_share` to `corpus_share_end`, and its sum is rounded down.
        """
        plan = self.plan
        if plan.corpus_way != "mix":
            return 0
        fall = (plan.corpus_share - plan.corpus_share_end) / plan.steps
        shares = plan.corpus_share - fall * (np.arange(own) + 0.5)
        return math.floor(plan.windows_per_step * float((shares / (1 - shares)).sum()))


def batches(parts: list[Part], asked: np.ndarray, at_once: int, ranks: Ranks) -> list[Part]:
    """One process' share of a step, so many windows at once, exchanges spread over them."""
    made = [
        Part(part.windows, rows, counts)
        for part in parts
        for rows, counts in ranks.batches(part.rows, at_once)
    ]
    shares = np.array_split(asked[ranks.rank :: ranks.world], len(made))
    return [
        replace(part, asked=share if len(share) else None)
        for part, share in zip(made, shares, strict=True)
    ]

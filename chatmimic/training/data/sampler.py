"""Which windows each step reads: of the persona, of a corpus, or of both.

The idea comes from a blog post, whose author switched by hand from their own chats to a public
corpus for some steps whenever the loss stalled, and back. Here there are three rules
(`Plan.corpus_way`):

- `first`: some steps on the corpus, then the persona;
- `mix`: besides the persona's windows a share from the corpus, which falls from step to step;
- `plateau`: when the held-out loss no longer falls, a phase on the corpus, and back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from chatmimic.training.distributed.process_group import ProcessGroup
from chatmimic.training.objective.next_utterance import EXCHANGES, numbers_of
from chatmimic.training.plan import Plan
from chatmimic.training.rng import number, places
from chatmimic.training.state import State
from chatmimic.windows import Windows
from chatmimic.windows.choices import Choices

STALE = 2  # evaluations without improvement, after which a phase begins
CORPUS = 1  # sets the order of its windows apart from that of the persona's


@dataclass(frozen=True)
class Part:
    """Some windows of one source. Those that do not `count` are padding for other processes.

    `exchanges` go with them, `(exchanges, candidates)`: see `Choices.draw`.
    """

    windows: Windows
    rows: np.ndarray
    counts: bool = True
    exchanges: np.ndarray | None = None


@dataclass(frozen=True)
class BatchSampler:
    """Chooses the windows of a step, as a function of the seed and the state of the run."""

    plan: Plan
    seed: int
    train: Windows
    corpus: Windows | None = None
    exchanges: int = 0  # there are, to choose replies in

    def exchanges_of(self, state: State) -> np.ndarray:
        """The exchanges of the next step: as many as windows, none if it is on a corpus."""
        if not self.exchanges or self.on_corpus(state):
            return np.zeros(0, np.int64)
        count = self.plan.windows_per_step
        return numbers_of(self.seed, state.own_steps, count, self.exchanges)

    def with_candidates(self, state: State, choices: Choices | None) -> np.ndarray:
        """The same, each with the exchanges of its candidates: see `Choices.draw`."""
        exchanges = self.exchanges_of(state)
        if choices is None or not len(exchanges):
            return exchanges
        return choices.draw(
            exchanges, self.plan.candidates, number(self.seed, state.step, EXCHANGES)
        )

    def of(self, state: State) -> list[Part]:
        """The windows of the next step."""
        count = self.plan.windows_per_step
        if self.on_corpus(state):
            return [self._of_corpus(state.corpus_steps * count, count)]
        own = state.own_steps
        rows = places(self.seed, own * count, count, len(self.train))
        parts = [Part(self.train, rows)]
        before, now = (self._mixed_until(own + n) for n in (0, 1))
        if now > before:
            parts.append(self._of_corpus(before, now - before))
        return parts

    def on_corpus(self, state: State) -> bool:
        """Whether the next step is on the corpus alone."""
        first = self.plan.corpus_way == "first" and state.corpus_steps < self.plan.corpus_steps
        return first or state.phase_left > 0

    def phase_is_due(self, state: State) -> bool:
        """Whether a phase on the corpus begins after an evaluation that was just made."""
        return (
            self.plan.corpus_way == "plateau"
            and state.stale >= STALE
            and len(state.phases) < self.plan.corpus_phases
            and state.own_steps < self.plan.steps
        )

    def _of_corpus(self, start: int, count: int) -> Part:
        assert self.corpus is not None
        seed = number(self.seed, CORPUS)
        return Part(self.corpus, places(seed, start, count, len(self.corpus)))

    def _mixed_until(self, own: int) -> int:
        """How many windows of the corpus are mixed with the persona's before that step.

        A share s of the windows means s/(1-s) windows of the corpus for each of the persona's; s
        changes linearly from `corpus_share` to `corpus_share_end`, and the sum is rounded down.
        """
        plan = self.plan
        if plan.corpus_way != "mix":
            return 0
        fall = (plan.corpus_share - plan.corpus_share_end) / plan.steps
        shares = plan.corpus_share - fall * (np.arange(own) + 0.5)
        return math.floor(plan.windows_per_step * float((shares / (1 - shares)).sum()))


def micro_batches(
    parts: list[Part], exchanges: np.ndarray, at_once: int, processes: ProcessGroup
) -> list[Part]:
    """The micro-batches of one process in a step, with the exchanges spread over them."""
    made = [
        Part(part.windows, rows, counts)
        for part in parts
        for rows, counts in processes.batches(part.rows, at_once)
    ]
    shares = np.array_split(exchanges[processes.rank :: processes.world], len(made))
    return [
        replace(part, exchanges=share if len(share) else None)
        for part, share in zip(made, shares, strict=True)
    ]

"""What a way to train needs: bytes at its worst moment, seconds for a step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from chatmimic.training.loss import GPU_ROWS, KEPT, ROWS
from chatmimic.training.precision import arithmetic
from chatmimic.training.room import Room
from chatmimic.training.trial import Shape, Trial

FLOAT, HALF = 4, 2  # bytes of a number
# Bytes that an optimiser remembers of each learnt parameter, at the most.
MOMENTS = {"adamw": 8, "muon": 8, "adamw8bit": 2, "paged-adamw8bit": 2}
LIBRARIES = 60_000_000  # bytes that libraries take only when they compute
SLACK = 0.05  # of a GPU's memory, in blocks that its allocator holds and cannot use
# A processor's allocator gives little back, and what activations leave is not quite what the next
# ones need. In units of one block's activations: at first, and for each block that is computed
# twice. As `benchmarks/train_speed.py --fit` finds, with glibc 2.36.
HOLES, HOLES_TWICE, HOLES_A_BLOCK = 4.0, 2.0, 0.45


@dataclass(frozen=True)
class Way:
    """One way to train, in what decides its memory and its speed."""

    gradient_checkpointing: bool
    batch: int  # windows at once
    accumulate: int  # batches before each step
    precision: str = "fp32"
    step_in_backward: bool = False
    optimizer: str = "adamw"
    train: str = "all"

    @property
    def windows(self) -> int:
        """How many windows one step learns from."""
        return self.batch * self.accumulate


@dataclass(frozen=True)
class Need:
    """Bytes at the moment when there are most, by what they hold; and seconds for a step."""

    weights: int
    gradients: int
    moments: int
    activations: int
    logits: int
    rest: int  # Python and its libraries, and what an allocator holds and cannot use
    seconds: float

    @property
    def total(self) -> int:
        """All bytes together."""
        parts = (self.weights, self.gradients, self.moments, self.activations, self.logits)
        return sum(parts) + self.rest


@dataclass(frozen=True)
class Moment:
    """Bytes that come and go within a step, at one moment."""

    gradients: int
    activations: int
    logits: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.gradients + self.activations + self.logits


def need_of(shape: Shape, trial: Trial, way: Way, window: int, room: Room) -> Need:
    """What a way needs on the device of `room`, as a trial of the same `train` foretells it."""
    counted = _Counted(shape, trial, way, window, room.device)
    weights = counted.weights
    moments = counted.learnt * MOMENTS[way.optimizer]
    there = list(counted.moments())
    if room.device == "cpu":
        # What activations took is still held when gradients come.
        most = max(moment.activations for moment in there)
        there = [replace(moment, activations=most) for moment in there]
    worst = max(there, key=lambda moment: moment.total)
    rest = LIBRARIES + counted.holes
    if room.device != "cpu":
        rest = round(SLACK * (weights + moments + worst.total))
    # A base is opened in float32, before what is not learnt of it is halved.
    opened = shape.parameters * FLOAT - weights - moments - worst.total - rest
    rest = room.held + rest + max(0, opened)
    parts = (worst.gradients, moments, worst.activations, worst.logits, rest)
    return Need(weights, *parts, seconds=counted.seconds)


class _Counted:
    """The quantities of one way. Sizes are in bytes."""

    def __init__(self, shape: Shape, trial: Trial, way: Way, window: int, device: str) -> None:
        self.shape, self.trial, self.way, self.device = shape, trial, way, device
        self.tokens = way.batch * window
        self.times = self.tokens / trial.tokens  # a trial's batch
        self.blocks = shape.blocks
        if way.train.startswith("last-"):
            self.blocks = int(way.train.removeprefix("last-"))
        self.learnt = self.blocks * trial.learnt + trial.others
        # Of what is learnt copies in bfloat16 are kept for the way back, as many for any batch.
        half = way.precision == "bf16"
        self.copies = min(shape.matrices, trial.learnt) * HALF if half else 0
        fixed = shape.parameters - (0 if way.train == "lora" else self.learnt)
        self.weights = max(0, fixed) * (HALF if half else FLOAT) + self.learnt * FLOAT
        self.block = self.copies + round((trial.kept - self.copies) * self.times)

    @property
    def seconds(self) -> float:
        """Of a step: the passes and the optimiser."""
        trial, learnt = self.trial, self.blocks
        again = learnt * trial.forward if self.way.gradient_checkpointing else 0.0
        blocks = self.shape.blocks * trial.forward + learnt * trial.backward + again
        passes = self.way.accumulate * self.times * (blocks + trial.around)
        return passes + trial.update * self.learnt

    @property
    def holes(self) -> int:
        """What a processor's allocator holds and cannot use."""
        twice = HOLES_TWICE + HOLES_A_BLOCK * self.blocks
        return round(self.block * (twice if self.way.gradient_checkpointing else HOLES))

    def moments(self) -> Iterator[Moment]:
        """The moments of a step when memory may be at its highest."""
        way, tied = self.way, self.shape.tied
        twice = way.gradient_checkpointing
        every = self.learnt * FLOAT
        table = self.shape.table * FLOAT if self.trial.others >= self.shape.table else 0
        held = every if way.accumulate > 1 and not way.step_in_backward else 0
        read = round(self.trial.read * self.times)
        kept = round(self.trial.shared * self.times) + self.blocks * (read if twice else self.block)
        kept_logits, passing_logits = self._logits()
        # The end of the forward pass.
        yield Moment(held, kept + twice * self._cached(), kept_logits + passing_logits // 2)
        # The way back through the output head: the first gradient is the head's.
        yield Moment(held + table, kept, kept_logits + passing_logits)
        # The first block on the way back, and the last one.
        first = held + table + self.trial.learnt * FLOAT
        yield Moment(first, kept + (self.block if twice else 0))
        here = (held or (table if way.step_in_backward else every)) + (table if held else 0)
        yield Moment(here, self.block)
        # The embeddings: where they are the head, two gradients and their sum are there at once.
        others = 0 if way.step_in_backward else every - table
        yield Moment(others + (table if held else 0) + (3 if tied else 1) * table, 0)

    def _logits(self) -> tuple[int, int]:
        """Logits that are kept for the way back, and those that pass, if all tokens are learnt."""
        rows = min(self.tokens, GPU_ROWS if self.device == "cuda" else ROWS)
        entries = self.shape.entries
        few = self.tokens <= rows or self.tokens * entries <= KEPT
        return (self.tokens if few else rows) * entries * FLOAT, 2 * rows * entries * FLOAT

    def _cached(self) -> int:
        """Weights in bfloat16 that autocast holds until the end of the forward pass."""
        with arithmetic(torch.device("cpu"), "bf16"):  # the setting is one for all devices
            cached = torch.is_autocast_cache_enabled() and self.way.precision == "bf16"
        return (self.shape.blocks * self.copies + self.shape.table * HALF) if cached else 0

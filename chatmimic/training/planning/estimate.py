"""Estimates of a training configuration: peak memory in bytes, seconds per step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from chatmimic.training.allocator import ACTIVATION
from chatmimic.training.objective.loss import GPU_ROWS, KEPT, ROWS
from chatmimic.training.objective.precision import arithmetic
from chatmimic.training.plan import LARGE
from chatmimic.training.planning.memory_available import Room
from chatmimic.training.planning.probe import Shape, Trial

FLOAT, HALF = 4, 2  # bytes per number
# Maximum bytes of optimiser state for each trainable parameter.
MOMENTS = {"adamw": 8, "muon": 8, "adamw8bit": 2, "paged-adamw8bit": 2}
LIBRARIES = 60_000_000  # bytes that libraries take only when they compute
SLACK = 0.05  # of a GPU's memory, in blocks that its allocator holds and cannot use
# A processor's allocator gives little back, and what activations leave is not quite what the next
# ones need. In units of one block's activations: at first, and for each block that is computed
# twice. As `benchmarks/train_speed.py --fit` finds, with glibc 2.36.
HOLES, HOLES_TWICE, HOLES_A_BLOCK = 4.0, 2.0, 0.45
# Of the activations of a large base, where those of a block are smaller than what is given back at
# once: of SmolLM2 with LoRA, 0.3 GB more than without holes.
HOLES_SMALL = 0.75


@dataclass(frozen=True)
class Way:
    """A training configuration: the settings that determine memory and speed."""

    gradient_checkpointing: bool
    batch: int  # micro-batch size in windows
    accumulate: int  # gradient accumulation steps
    precision: str = "fp32"
    step_in_backward: bool = False
    optimizer: str = "adamw"
    train: str = "all"

    @property
    def windows(self) -> int:
        """The batch size of an optimiser step in windows."""
        return self.batch * self.accumulate


@dataclass(frozen=True)
class Need:
    """Bytes at the moment of peak memory, by use; and seconds per step."""

    weights: int
    gradients: int
    moments: int
    activations: int
    logits: int
    rest: int  # Python and its libraries, and what an allocator holds and cannot use
    seconds: float

    @property
    def total(self) -> int:
        """The sum of all bytes."""
        parts = (self.weights, self.gradients, self.moments, self.activations, self.logits)
        return sum(parts) + self.rest


@dataclass(frozen=True)
class Moment:
    """Bytes of temporary memory at one moment within a step."""

    gradients: int
    activations: int
    logits: int = 0

    @property
    def total(self) -> int:
        """The sum of them."""
        return self.gradients + self.activations + self.logits


def need_of(shape: Shape, trial: Trial, way: Way, window: int, room: Room) -> Need:
    """What a configuration needs on the device of `room`, from a trial with the same `train`."""
    counted = _Counted(shape, trial, way, window, room.device)
    weights = counted.weights
    moments = counted.trainable * MOMENTS[way.optimizer]
    there = list(counted.moments())
    if room.device == "cpu":
        # What activations took is still held when gradients come.
        most = max(moment.activations for moment in there)
        there = [replace(moment, activations=most) for moment in there]
    worst = max(there, key=lambda moment: moment.total)
    rest = LIBRARIES + counted.holes
    if room.device != "cpu":
        rest = round(SLACK * (weights + moments + worst.total))
    # A base is opened in float32, before what is not trained of it is halved.
    opened = shape.parameters * FLOAT - weights - moments - worst.total - rest
    rest = room.held + rest + max(0, opened)
    parts = (worst.gradients, moments, worst.activations, worst.logits, rest)
    return Need(weights, *parts, seconds=counted.seconds)


class _Counted:
    """The quantities of a configuration. Sizes are in bytes."""

    def __init__(self, shape: Shape, trial: Trial, way: Way, window: int, device: str) -> None:
        self.shape, self.trial, self.way, self.device = shape, trial, way, device
        self.tokens = way.batch * window
        self.times = self.tokens / trial.tokens  # a trial's batch
        self.blocks = shape.blocks
        if way.train.startswith("last-"):
            self.blocks = int(way.train.removeprefix("last-"))
        self.trainable = self.blocks * trial.trainable + trial.others
        # bfloat16 copies of trainable weights are kept for the backward pass, whatever the batch.
        half = way.precision == "bf16"
        self.copies = min(shape.matrices, trial.trainable) * HALF if half else 0
        fixed = shape.parameters - (0 if way.train == "lora" else self.trainable)
        self.weights = max(0, fixed) * (HALF if half else FLOAT) + self.trainable * FLOAT
        self.block = self.copies + round((trial.kept - self.copies) * self.times)

    @property
    def seconds(self) -> float:
        """Seconds per step: forward and backward passes, and the optimiser."""
        trial, trained = self.trial, self.blocks
        again = trained * trial.forward if self.way.gradient_checkpointing else 0.0
        blocks = self.shape.blocks * trial.forward + trained * trial.backward + again
        passes = self.way.accumulate * self.times * (blocks + trial.around)
        return passes + trial.update * self.trainable

    @property
    def holes(self) -> int:
        """Memory that the CPU allocator holds but cannot use (fragmentation)."""
        twice, read = self.way.gradient_checkpointing, self.trial.read * self.times
        blocks = HOLES_TWICE + HOLES_A_BLOCK * self.blocks if twice else HOLES
        small = self.shape.parameters > LARGE and read < ACTIVATION
        kept = self.blocks * (read if twice else self.block)
        return round(self.block * blocks + small * HOLES_SMALL * kept)

    def moments(self) -> Iterator[Moment]:
        """The moments of a step when memory may peak."""
        way, tied = self.way, self.shape.tied
        twice = way.gradient_checkpointing
        every = self.trainable * FLOAT
        table = self.shape.table * FLOAT if self.trial.others >= self.shape.table else 0
        held = every if way.accumulate > 1 and not way.step_in_backward else 0
        read = round(self.trial.read * self.times)
        kept = round(self.trial.shared * self.times) + self.blocks * (read if twice else self.block)
        kept_logits, passing_logits = self._logits()
        # The end of the forward pass.
        yield Moment(held, kept + twice * self._cached(), kept_logits + passing_logits // 2)
        # The backward pass of the output head: its gradient is the first.
        yield Moment(held + table, kept, kept_logits + passing_logits)
        # The first block of the backward pass, and the last one.
        first = held + table + self.trial.trainable * FLOAT
        yield Moment(first, kept + (self.block if twice else 0))
        here = (held or (table if way.step_in_backward else every)) + (table if held else 0)
        yield Moment(here, self.block)
        # The embeddings: where they are the head, two gradients and their sum are there at once.
        others = 0 if way.step_in_backward else every - table
        yield Moment(others + (table if held else 0) + (3 if tied else 1) * table, 0)

    def _logits(self) -> tuple[int, int]:
        """Logits kept for the backward pass, and temporary ones, if all tokens are in the loss."""
        rows = min(self.tokens, GPU_ROWS if self.device == "cuda" else ROWS)
        entries = self.shape.entries
        few = self.tokens <= rows or self.tokens * entries <= KEPT
        return (self.tokens if few else rows) * entries * FLOAT, 2 * rows * entries * FLOAT

    def _cached(self) -> int:
        """The bfloat16 copies of weights that autocast keeps until the end of the forward pass."""
        with arithmetic(torch.device("cpu"), "bf16"):  # the setting is one for all devices
            cached = torch.is_autocast_cache_enabled() and self.way.precision == "bf16"
        return (self.shape.blocks * self.copies + self.shape.table * HALF) if cached else 0

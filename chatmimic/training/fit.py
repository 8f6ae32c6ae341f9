"""Whether a training fits this machine, and how long it takes, before any weights are loaded.

A base's blocks are alike, and two of them are tried (`trial.py`). From that and from what the loop
holds, and when, follow the memory and the time of every way to train; one of those that fit is
picked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any

import torch

from chatmimic.errors import TrainingError
from chatmimic.training.loss import GPU_ROWS, KEPT, ROWS
from chatmimic.training.plan import CHECKPOINTED
from chatmimic.training.precision import arithmetic, choose_precision
from chatmimic.training.room import Room
from chatmimic.training.trial import Shape, Trial, shape_of, try_out

FREE_SHARE = 0.85  # of the free memory that a training may take
FLOAT, HALF = 4, 2  # bytes
# Bytes that an optimiser remembers of each learnt parameter, at the most.
MOMENTS = {"adamw": 8, "muon": 8, "adamw8bit": 2, "paged-adamw8bit": 2}


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


@dataclass(frozen=True)
class Need:
    """What a way needs: bytes at the moment when it needs most, and seconds for a step."""

    weights: int
    gradients: int
    moments: int
    activations: int
    logits: int
    rest: int  # Python and its libraries, and what the allocator cannot use
    seconds: float

    @property
    def total(self) -> int:
        """All bytes together."""
        parts = (self.weights, self.gradients, self.moments, self.activations, self.logits)
        return sum(parts) + self.rest


@dataclass(frozen=True)
class Row:
    """A way that was looked at: what it needs, and whether that is there."""

    way: Way
    need: Need
    fits: bool
    tokens_per_second: float
    pass_seconds: float  # of reading all windows once

    

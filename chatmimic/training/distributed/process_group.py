"""The processes that train together, each on its own device; usually there is only one.

Each computes a share of the windows of a step, and gradients are summed over all. Usually each
process has the whole model; it can also be sharded over them (`fsdp.py`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import torch
from torch import Tensor

# How long the others wait for the first, which may be reading a large archive.
PATIENCE = timedelta(hours=6)
_LONGEST_NAME = 256
_SPREAD = "ACCELERATE_USE_FSDP"  # set by `accelerate launch --use_fsdp`


@dataclass(frozen=True)
class ProcessGroup:
    """This process among those that train together. All have to make the same calls in order."""

    rank: int = 0
    world: int = 1
    spread: bool = False  # each holds a part of every tensor, not all of the model

    @classmethod
    def find(cls) -> ProcessGroup:
        """The processes started by `torchrun` or `accelerate launch`; otherwise only this one."""
        from accelerate import PartialState

        # Else transformers would read a base on one process alone.
        os.environ.pop("FSDP_CPU_RAM_EFFICIENT_LOADING", None)
        state = PartialState(cpu=without_gpus(), timeout=PATIENCE)
        world = state.num_processes
        requested = os.environ.get(_SPREAD, "false").lower() == "true"
        return cls(state.process_index, world, requested and world > 1)

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes and prints."""
        return self.rank == 0

    @property
    def apart(self) -> tuple[int, ...]:
        """What is added to the random seed of this process; nothing for the first."""
        return () if self.is_first else (self.rank,)

    def wait(self) -> None:
        """Wait for all processes (a barrier)."""
        if self.world > 1:
            from accelerate import PartialState

            PartialState().wait_for_everyone()

    def part(self) -> None:
        """Leave the process group; no collective operation can follow."""
        if self.world > 1:
            torch.distributed.destroy_process_group()

    def sum(self, *values: float) -> tuple[float, ...]:
        """Sum each value over all processes."""
        if self.world == 1:
            return values
        from accelerate import PartialState
        from accelerate.utils import reduce

        here = torch.tensor(values, dtype=torch.float64, device=PartialState().device)
        return tuple(reduce(here, "sum").tolist())

    def share(self, name: str) -> str:
        """The first process's name, of at most 256 bytes."""
        said = name.encode() if self.is_first else b""
        numbers = self.sum(*said.ljust(_LONGEST_NAME, b"\0"))
        return bytes(map(int, numbers)).rstrip(b"\0").decode()

    def any(self, flag: bool) -> bool:
        """Whether it is true in any process."""
        return self.sum(float(flag))[0] > 0

    def collect(self, tensor: Any) -> Tensor:
        """A whole tensor, on the CPU; an empty one in all processes but the first."""
        full = whole(tensor)
        return full.cpu() if self.is_first else full.new_empty(0)

    def batches(self, rows: np.ndarray, at_once: int) -> Iterator[tuple[np.ndarray, bool]]:
        """This process's share of some rows in batches, and whether they count.

        All processes get the same number of batches, because they synchronise after each; one that
        has no rows left computes any row, which does not count.
        """
        own = rows[self.rank :: self.world]
        most = -(-len(rows) // self.world)
        for start in range(0, most, at_once):
            here = own[start : start + at_once]
            yield (here, True) if len(here) else (rows[:1], False)


def without_gpus() -> bool:
    """Whether several processes train on CPUs only, which accelerate has to be told."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and not torch.cuda.is_available()


@contextlib.contextmanager
def not_by_accelerate() -> Iterator[None]:
    """Hide from accelerate that a model is to be sharded, which is done here."""
    requested = os.environ.pop(_SPREAD, None)
    try:
        yield
    finally:
        if requested is not None:
            os.environ[_SPREAD] = requested


def whole(tensor: Any) -> Tensor:
    """A whole tensor from one that may be sharded; every process has to call it."""
    full: Tensor = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
    return full.detach()


def like(tensor: Tensor, spread: Any) -> Any:
    """A whole tensor, placed or sharded like another one."""
    if not hasattr(spread, "full_tensor"):
        return tensor.to(spread.device)
    from torch.distributed.tensor import distribute_tensor

    here = tensor.to(spread.device)
    return distribute_tensor(here, spread.device_mesh, spread.placements)

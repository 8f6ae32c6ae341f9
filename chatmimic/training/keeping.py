"""What a loop leaves on disk while it runs: its log, checkpoints, and the best weights."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from chatmimic.files import private_file
from chatmimic.training import checkpoints
from chatmimic.training.optimizers import flat_state, restore_state
from chatmimic.training.ranks import Ranks, like
from chatmimic.training.state import State

LOG, SAMPLES = "log.jsonl", "samples.jsonl"
KEPT = 2  # checkpoints of each kind


class Keeper:
    """Saves and restores a module that learns, its optimiser and its state, in a folder.

    Only what is learnt is kept: what is fixed is the base's.
    """

    def __init__(self, folder: Path, module: nn.Module, optimizer: Any, ranks: Ranks) -> None:
        self.folder = folder
        self.module = module
        self.optimizer = optimizer
        self.ranks = ranks

    # -- lines -------------------------------------------------------------------------------

    def begin(self) -> None:
        """Empty the log: an earlier run wrote to it, or one killed before its first checkpoint."""
        if self.ranks.is_first:
            os.truncate(private_file(self.folder / LOG), 0)
            (self.folder / SAMPLES).unlink(missing_ok=True)

    def write(self, name: str, lines: Iterable[dict[str, Any]]) -> None:
        """Add lines to a file. The checkpoint that follows counts on its length."""
        if not self.ranks.is_first:
            return
        with private_file(self.folder / name).open("ab") as file:
            for line in lines:
                file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    # -- saving ------------------------------------------------------------------------------

    def save(self, state: State) -> None:
        """Write a checkpoint: weights, moments, state."""
        self._write("checkpoints", state, {"model": self.weights(), "optimizer": self._moments()})

    def save_best(self, state: State) -> None:
        """Write the weights of this step as the best."""
        self._write("best", state, {"model": self.weights()})

    def _write(self, kind: str, state: State, tensors: dict[str, dict[str, Tensor]]) -> None:
        """Write on the first process; the others wait until it is there."""
        if self.ranks.is_first:
            files = (LOG, SAMPLES)
            there = {f: (self.folder / f).stat().st_size for f in files if self._has(f)}
            facts = {**vars(state), "written": there} if kind == "checkpoints" else {}
            checkpoints.save(self.folder / kind, state.step, tensors, facts)
            if kind == "checkpoints":  # what is older than this one is not needed from here on
                checkpoints.keep_newest(self.folder / "checkpoints", KEPT)
                checkpoints.keep_newest(self.folder / "best", KEPT)
        self.ranks.wait()

    def _has(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def weights(self) -> dict[str, Tensor]:
        """What is learnt, by name; empty tensors on all processes but the first."""
        return {name: self.ranks.collect(p) for name, p in self._learnt().items()}

    def _learnt(self) -> dict[str, nn.Parameter]:
        return {n: p for n, p in self.module.named_parameters() if p.requires_grad}

    def _moments(self) -> dict[str, Tensor]:
        """The optimiser's state as flat tensors named `parameter|key`."""
        return flat_state(self.optimizer, self._learnt(), self.ranks)

    # -- restoring ---------------------------------------------------------------------------

    def restore(self, checkpoint: Path) -> State:
        """Go back to a checkpoint: weights, moments, the state, and what was written until then."""
        tensors, facts = checkpoints.load(checkpoint)
        self.use(tensors["model"])
        restore_state(self.optimizer, self._learnt(), tensors["optimizer"])
        written = facts.pop("written")
        if self.ranks.is_first:
            for name in (LOG, SAMPLES):
                if name in written or self._has(name):
                    with private_file(self.folder / name).open("rb+") as file:
                        file.truncate(written.get(name, 0))
        return State(**facts)

    def use_best(self, state: State) -> None:
        """Go back to the weights with the lowest held-out loss; no step can be taken after this.

        The moments go first: they are twice the size of what is read.
        """
        self.optimizer.state.clear()
        folder = checkpoints.path_of(self.folder / "best", state.best_step)
        self.use(checkpoints.load(folder)[0]["model"])

    def start_over(self, state: State) -> None:
        """Go back to the weights before the first step, with an optimiser that remembers nothing.

        The checkpoints go before the new one is there: none of them is to be taken for newer.
        """
        base = checkpoints.load(checkpoints.path_of(self.folder / "best", 0))[0]["model"]
        self.use(base)
        restore_state(self.optimizer, self._learnt(), {})
        if self.ranks.is_first:
            checkpoints.keep_newest(self.folder / "checkpoints", 0)
        self.ranks.wait()
        self.save(state)

    def use(self, weights: dict[str, Tensor]) -> None:
        """Put weights into the module; names and shapes must be those of what is learnt."""
        learnt = self._learnt()
        if learnt.keys() != weights.keys():
            raise ValueError("these weights belong to another model")
        with torch.no_grad():
            for name, parameter in learnt.items():
                parameter.copy_(like(weights[name], parameter))

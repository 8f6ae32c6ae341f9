"""Writes the log, the checkpoints and the best weights of a run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from chatmimic.files import private_file
from chatmimic.training.checkpointing import checkpoints
from chatmimic.training.checkpointing.resumable import LOG, SAMPLES
from chatmimic.training.distributed.process_group import ProcessGroup, like
from chatmimic.training.optim.optimizers import flat_state, restore_state
from chatmimic.training.state import State

KEPT = 2  # checkpoints of each kind


class RunWriter:
    """Saves and restores a module, its optimiser and the state of the loop, in a folder.

    Only trainable parameters are saved: frozen ones are those of the base.
    """

    def __init__(
        self, folder: Path, module: nn.Module, optimizer: Any, processes: ProcessGroup
    ) -> None:
        self.folder = folder
        self.module = module
        self.optimizer = optimizer
        self.processes = processes

    # -- lines -------------------------------------------------------------------------------

    def begin(self) -> None:
        """Empty the log of an earlier run, or of one killed before its first checkpoint."""
        if self.processes.is_first:
            os.truncate(private_file(self.folder / LOG), 0)
            (self.folder / SAMPLES).unlink(missing_ok=True)

    def write(self, name: str, lines: Iterable[dict[str, Any]]) -> None:
        """Append lines to a file, whose length the next checkpoint records."""
        if not self.processes.is_first:
            return
        with private_file(self.folder / name).open("ab") as file:
            for line in lines:
                file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    # -- saving ------------------------------------------------------------------------------

    def save(self, state: State) -> None:
        """Write a checkpoint: weights, optimiser state, loop state."""
        self._write("checkpoints", state, {"model": self.weights(), "optimizer": self._moments()})

    def save_best(self, state: State) -> None:
        """Write the weights of this step as the best."""
        self._write("best", state, {"model": self.weights()})

    def _write(self, kind: str, state: State, tensors: dict[str, dict[str, Tensor]]) -> None:
        """Write on the first process; the others wait for it."""
        if self.processes.is_first:
            files = (LOG, SAMPLES)
            there = {f: (self.folder / f).stat().st_size for f in files if self._has(f)}
            facts = {**vars(state), "written": there} if kind == "checkpoints" else {}
            checkpoints.save(self.folder / kind, state.step, tensors, facts)
            if kind == "checkpoints":  # what is older than this one is not needed from here on
                checkpoints.keep_newest(self.folder / "checkpoints", KEPT)
                checkpoints.keep_newest(self.folder / "best", KEPT)
        self.processes.wait()

    def _has(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def weights(self) -> dict[str, Tensor]:
        """The trainable parameters by name; empty tensors on all processes but the first."""
        return {name: self.processes.collect(p) for name, p in self._trainable().items()}

    def _trainable(self) -> dict[str, nn.Parameter]:
        return {n: p for n, p in self.module.named_parameters() if p.requires_grad}

    def _moments(self) -> dict[str, Tensor]:
        """The optimiser's state as flat tensors named `parameter|key`."""
        return flat_state(self.optimizer, self._trainable(), self.processes)

    # -- restoring ---------------------------------------------------------------------------

    def restore(self, checkpoint: Path) -> State:
        """Restore a checkpoint: weights, optimiser state, loop state, and the length of the log."""
        tensors, facts = checkpoints.load(checkpoint)
        self.use(tensors["model"])
        restore_state(self.optimizer, self._trainable(), tensors["optimizer"])
        written = facts.pop("written")
        if self.processes.is_first:
            for name in (LOG, SAMPLES):
                if name in written or self._has(name):
                    with private_file(self.folder / name).open("rb+") as file:
                        file.truncate(written.get(name, 0))
        return State.from_dict(facts)

    def use_best(self, state: State) -> None:
        """Load the weights with the lowest held-out loss; no step can be taken afterwards.

        The optimiser state is freed first, because it is twice as large.
        """
        self.optimizer.state.clear()
        folder = checkpoints.path_of(self.folder / "best", state.best_step)
        self.use(checkpoints.load(folder)[0]["model"])

    def start_over(self, state: State) -> None:
        """Go back to the weights before the first step, with a new optimiser state.

        The old checkpoints are removed before the new one is written, so that none looks newer.
        """
        base = checkpoints.load(checkpoints.path_of(self.folder / "best", 0))[0]["model"]
        self.use(base)
        restore_state(self.optimizer, self._trainable(), {})
        if self.processes.is_first:
            checkpoints.keep_newest(self.folder / "checkpoints", 0)
        self.processes.wait()
        self.save(state)

    def use(self, weights: dict[str, Tensor]) -> None:
        """Load weights into the module; names and shapes must match the trainable parameters."""
        trainable = self._trainable()
        if trainable.keys() != weights.keys():
            raise ValueError("these weights belong to another model")
        with torch.no_grad():
            for name, parameter in trainable.items():
                parameter.copy_(like(weights[name], parameter))

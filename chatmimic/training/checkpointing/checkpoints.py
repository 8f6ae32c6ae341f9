"""Checkpoints that are complete or absent.

A checkpoint is a folder. It is written under a temporary name, synced, given a manifest of its
files with their SHA-256, and renamed. Without a complete manifest it does not count: whenever a run
is killed, the previous checkpoint is intact. Tensors are safetensors, the rest is JSON; nothing is
pickled.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmimic.errors import ChatmimicError, CheckpointDamaged, TrainingError
from chatmimic.files import (
    file_digest,
    keep_files,
    private_folder,
    size_in_words,
    sync_folder,
    write_atomically,
)

if TYPE_CHECKING:
    from torch import Tensor

MANIFEST = "manifest.json"
PARTIAL = ".partial-"


def save(
    folder: Path, step: int, tensors: Mapping[str, Mapping[str, Tensor]], state: dict[str, Any]
) -> Path:
    """Write `step-NNNNNN` into a folder: a safetensors file for each name, and `state.json`.

    Raises TrainingError if the disk is full; nothing half-written is left.
    """
    from safetensors import SafetensorError

    final = path_of(folder, step)
    partial = folder / f"{PARTIAL}{final.name}"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        private_folder(folder)
        _write(partial, tensors, state)
        shutil.rmtree(final, ignore_errors=True)
        os.replace(partial, final)
        sync_folder(folder)
    except (OSError, SafetensorError, ChatmimicError) as error:  # a full disk comes as any
        shutil.rmtree(partial, ignore_errors=True)
        raise _no_room(folder, tensors, error) from error
    return final


def path_of(folder: Path, step: int) -> Path:
    """The folder of the checkpoint of a step."""
    return folder / f"step-{step:06d}"


def latest(folder: Path, best: Path) -> tuple[Path | None, list[str]]:
    """The newest intact checkpoint, and what is wrong with each newer one that was skipped.

    `best` is the folder of best weights: a checkpoint needs those that it refers to. Raises
    CheckpointDamaged if there are checkpoints and none is intact.
    """
    clear_partial(folder)
    clear_partial(best)
    passed: list[str] = []
    for checkpoint in _newest_first(folder):
        fault = _fault(checkpoint) or _best_fault(checkpoint, best)
        if fault is None:
            return checkpoint, passed
        passed.append(f"{checkpoint.name} is damaged ({fault})")
    if passed:
        raise CheckpointDamaged(
            f"No checkpoint in {folder} is intact: {'; '.join(passed)}.",
            "Train again with --replace instead of --resume.",
        )
    return None, passed


def faults(folder: Path) -> list[str]:
    """What is wrong with each checkpoint, newest first: "" for one that is intact."""
    found = ((c.name, _fault(c)) for c in _newest_first(folder))
    return [f"{name} is damaged ({fault})" if fault else "" for name, fault in found]


def load(checkpoint: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """Load a checkpoint: the tensors of each file, by name, and the state."""
    from safetensors.torch import load_file

    tensors = {f.stem: load_file(f) for f in sorted(checkpoint.glob("*.safetensors"))}
    state: dict[str, Any] = json.loads((checkpoint / "state.json").read_text("utf-8"))
    return tensors, state


def keep_newest(folder: Path, count: int) -> None:
    """Remove all but the newest `count` checkpoints."""
    for old in _newest_first(folder)[count:]:
        # Without its manifest it is no checkpoint: an interrupted removal leaves nothing to trust.
        (old / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(old, ignore_errors=True)


def clear_partial(folder: Path) -> None:
    """Remove half-written checkpoints of a killed run."""
    for rest in folder.glob(f"{PARTIAL}*"):
        shutil.rmtree(rest, ignore_errors=True)


def _newest_first(folder: Path) -> list[Path]:
    # By number: from a million steps on, names are longer and do not sort.
    found = [p for p in folder.glob("step-*") if p.name.removeprefix("step-").isdecimal()]
    return sorted(found, key=lambda p: int(p.name.removeprefix("step-")), reverse=True)


def _write(
    partial: Path, tensors: Mapping[str, Mapping[str, Tensor]], state: dict[str, Any]
) -> None:
    from safetensors.torch import save_file

    private_folder(partial)
    for name, group in tensors.items():
        save_file({k: t.contiguous() for k, t in group.items()}, partial / f"{name}.safetensors")
    write_atomically(partial / "state.json", json.dumps(state, indent=2))
    keep_files(partial)
    digests = {file.name: file_digest(file) for file in sorted(partial.iterdir())}
    write_atomically(partial / MANIFEST, json.dumps(digests, indent=2))
    sync_folder(partial)


def _fault(checkpoint: Path) -> str | None:
    """What is wrong with a checkpoint; None if it is intact."""
    try:
        digests = json.loads((checkpoint / MANIFEST).read_text("utf-8"))
        for name, kept in digests.items():
            if file_digest(checkpoint / name) != kept:
                return str(name)
    except FileNotFoundError as error:
        return f"{Path(str(error.filename)).name} is missing"
    except (OSError, ValueError, AttributeError):
        return MANIFEST
    return None if "state.json" in digests else MANIFEST


def _best_fault(checkpoint: Path, best: Path) -> str | None:
    step = json.loads((checkpoint / "state.json").read_text("utf-8"))["best_step"]
    fault = _fault(path_of(best, step))
    return None if fault is None else f"its best weights: {fault}"


def _no_room(
    folder: Path, tensors: Mapping[str, Mapping[str, Tensor]], error: Exception
) -> TrainingError:
    size = sum(t.numel() * t.element_size() for group in tensors.values() for t in group.values())
    cause = error.__cause__ if isinstance(error, ChatmimicError) else error
    why = getattr(cause, "strerror", None) or cause
    return TrainingError(
        f"Cannot write a checkpoint to {folder}: {why} (it needs about {size_in_words(size)}).",
        "Free some space, or use another folder with --home; then --resume.",
    )

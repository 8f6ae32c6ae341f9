"""The runs of a home: trainings and pretrainings, whose they are, and what they hold."""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatmimic.errors import TrainingError
from chatmimic.files import folder_size
from chatmimic.folders import called_in_full, label_of
from chatmimic.home import Home
from chatmimic.lock import holder
from chatmimic.lookup import close, meant, suggestion
from chatmimic.training.checkpointing.resumable import READY
from chatmimic.upkeep.removal import remove_folder

TRAINING, PRETRAINING = "training", "pretraining"
RUNNING, UNFINISHED, FINISHED, BROKEN = "running", "unfinished", "finished", "broken off"
_TEXTS = {  # what a run's folder has of chats: the first part of a file or folder's name
    "learnt": "token arrays",
    "held-out": "token arrays",
    "choices": "token arrays",
    "corpus": "token arrays",
    "shards": "token arrays",
    "pilot-": "token arrays",
    "checkpoints": "checkpoints",
    "best": "checkpoints",
    "exchanges.json": "messages",
    "samples.jsonl": "sample replies",
}


@dataclass(frozen=True)
class StoredRun:
    """A run's folder. `state` is running, unfinished (can be resumed), finished, or broken off.

    `holds` says what it has of chats: token arrays, checkpoints, messages, sample replies.
    """

    kind: str
    name: str
    path: Path
    called: str
    persona: str | None  # None: of everybody, or a pretraining
    state: str
    holds: tuple[str, ...]
    step: int | None  # of the newest checkpoint
    holder: str = ""  # who is working on it

    @property
    def size(self) -> int:
        """Size on disk in bytes."""
        return folder_size(self.path)

    def remove(self) -> None:
        """Delete the run's folder for good. Raises TrainingError if a process is working on it."""
        check_idle(self.path)
        remove_folder(self.path)


def check_idle(folder: Path, *, otherwise: str = "") -> None:
    """Raise TrainingError if a process is working on the run; `otherwise` is added to the hint."""
    if by := holder(folder / "lock"):
        raise TrainingError(
            f"The run {folder.name} is being trained by {by}; nothing was removed.",
            f"Stop it with Ctrl-C there first{otherwise}.",
        )


def list_runs(home: Home) -> list[StoredRun]:
    """All runs of the home, trainings first, by name."""
    return [
        stored_run(folder, kind)
        for kind, place in ((TRAINING, home.runs), (PRETRAINING, home.pretrainings))
        for folder in (sorted(place.iterdir()) if place.is_dir() else ())
        if folder.is_dir() and folder.name[0] != "."
    ]


def find_run(home: Home, name: str, kind: str | None = None) -> StoredRun:
    """The run of that name. Raises TrainingError for none and for several."""
    known = [run for run in list_runs(home) if kind in (None, run.kind)]
    found = [run for run in known if run.name == name] or [
        run for run in known if meant(name, (run.name, run.called, run.persona or ""))
    ]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(f"{run.name} ({run.kind}, {run.state})" for run in found)
        raise TrainingError(
            f'"{name}" matches several runs.', f"Choose one, if needed with --kind: {several}."
        )
    near = suggestion(close(name, [run.called for run in known]))
    raise TrainingError(f'There is no run called "{name}".', f"{near}`chatmimic runs` lists them.")


def stored_run(folder: Path, kind: str) -> StoredRun:
    """The run in a folder; one that is not there is finished and holds nothing."""
    label = label_of(folder)
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    holds = {said for start, said in _TEXTS.items() for name in names if name.startswith(start)}
    by = holder(folder / "lock")
    return StoredRun(
        kind,
        folder.name,
        folder,
        called_in_full(folder),
        label.persona if label else None,
        RUNNING if by else _state(names, holds),
        tuple(sorted(holds)),
        _last_step(folder),
        by,
    )


def resuming(run: StoredRun) -> str:
    """The command that resumes a run, apart from `--home`."""
    command = "train" if run.kind == TRAINING else "pretrain"
    return f"chatmimic {command} --name {shlex.quote(run.name)} --resume"


def _state(names: Sequence[str], holds: set[str]) -> str:
    if READY in names:
        return UNFINISHED
    return BROKEN if holds - {"sample replies"} else FINISHED


def _last_step(folder: Path) -> int | None:
    found = (p.name.removeprefix("step-") for p in (folder / "checkpoints").glob("step-*"))
    return max((int(step) for step in found if step.isdecimal()), default=None)


def facts_of(run: StoredRun) -> dict[str, Any]:
    """What a run was started with (`ready.json`); empty if it cannot be resumed, or is damaged."""
    return read_object(run.path / READY)


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if there is none that can be read."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        said = json.loads(path.read_text("utf-8"))
        return said if isinstance(said, dict) else {}
    return {}

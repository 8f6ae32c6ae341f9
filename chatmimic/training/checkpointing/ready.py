"""`ready.json`, which a run is resumed from, and errors of the disk.

`ready.json` is written last and lists all prepared files with their SHA-256: a run is resumed from
exactly what it was started with, or the damaged file is reported.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from chatmimic.errors import CheckpointDamaged, TrainingError
from chatmimic.files import file_digest, keep_files, write_atomically
from chatmimic.training.checkpointing.resumable import READY

FOLDERS = ("base", "learnt", "held-out")  # description and tokeniser of the base; windows


def write_ready(folder: Path, facts: dict[str, Any], folders: Sequence[str] = FOLDERS) -> None:
    """Make the prepared files private and sync them, then write `ready.json`."""
    files = {}
    for name in folders:
        keep_files(folder / name)
        for file in sorted((folder / name).iterdir()):
            files[f"{name}/{file.name}"] = file_digest(file)
    write_atomically(
        folder / READY, json.dumps({**facts, "files": files}, ensure_ascii=False, indent=2)
    )


def read_ready(folder: Path) -> dict[str, Any]:
    """Read what `write_ready` wrote. Raises CheckpointDamaged naming the damaged file."""
    damaged = READY
    try:
        facts: dict[str, Any] = json.loads((folder / READY).read_text("utf-8"))
        for name, kept in facts["files"].items():
            damaged = name
            if file_digest(folder / name) != kept:
                raise ValueError(name)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise CheckpointDamaged(
            f"{damaged} in {folder} is damaged.", "Train again with --replace instead of --resume."
        ) from error
    return facts


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Context that turns disk errors of a run into a TrainingError."""
    try:
        yield
    except (OSError, SafetensorError) as error:  # safetensors tells of a full disk in its own way
        why = getattr(error, "strerror", None) or error
        where = getattr(error, "filename", None) or folder
        raise TrainingError(
            f"Training stopped with a disk error: {why} ({where}).",
            "Free some space, or use another folder with --home; then --resume.",
        ) from error

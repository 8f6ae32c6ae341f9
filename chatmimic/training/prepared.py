"""What a run keeps so that it can go on, and what a disk that gives out means.

`ready.json` is written last and lists every prepared file with its SHA-256: a run goes on from
what it was started with, or says what is damaged.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from chatmimic.errors import CheckpointDamaged, TrainingError
from chatmimic.files import file_digest, keep_files, write_whole
from chatmimic.training.unfinished import READY

FOLDERS = ("base", "learnt", "held-out")  # description and tokeniser of the base; windows


def write_ready(folder: Path, facts: dict[str, Any], folders: Sequence[str] = FOLDERS) -> None:
    """Make what was prepared private and lasting, then write `ready.json` over it."""
    files = {}
    for name in folders:
        keep_files(folder / name)
        for file in sorted((folder / name).iterdir()):
            files[f"{name}/{file.name}"] = file_digest(file)
    write_whole(folder / READY, json.dumps({**facts, "files": files}, ensure_ascii=False, indent=2))


def read_ready(folder: Path) -> dict[str, Any]:
    """What `write_ready` wrote. Raises CheckpointDamaged naming the file that is not whole."""
    damaged = READY
    try:
        facts: dict[str, Any] = json.loads((folder / READY).read_text("utf-8"))
        for name, kept in facts["files"].items():
            damaged = name
            if file_digest(folder / name) != kept:
                raise ValueError(name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointDamaged(
            f"{damaged} in {folder} is damaged.", "Train again with --replace in place of --resume."
        ) from error
    return facts


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what a disk has to say while a run works in its folder into a TrainingError."""
    try:
        yield
    except (OSError, SafetensorError) as error:  # safetensors tells of a full disk in its own way
        why = getattr(error, "strerror", None) or error
        where = getattr(error, "filename", None) or folder
        raise TrainingError(
            f"Training stopped at the disk: {why} ({where}).",
            "Free some space, or choose another place with --home; then --resume.",
        ) from error

"""Whether unfinished runs can be resumed, and which ones are of no use any more."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from chatmimic.chat.kept import kept_chats, kept_files
from chatmimic.errors import CheckpointDamaged
from chatmimic.files import size_in_words
from chatmimic.home import Home
from chatmimic.mimic import MANIFEST
from chatmimic.training.checkpointing import checkpoints
from chatmimic.upkeep.doctor.finding import Finding, Level
from chatmimic.upkeep.runs import (
    BROKEN,
    RUNNING,
    TRAINING,
    UNFINISHED,
    StoredRun,
    list_runs,
    resuming,
)


def check(home: Home) -> Iterator[Finding]:
    """Find runs that cannot be resumed, unfinished ones, logs without a mimic, damaged chats."""
    for run in list_runs(home):
        if run.state != RUNNING:
            yield from _check(home, run)
    yield from _chats(home)


def _check(home: Home, run: StoredRun) -> Iterator[Finding]:
    size = size_in_words(run.size)
    remove = f"`chatmimic runs remove {quote(run.name)}{home.option}`"
    if run.state == BROKEN:
        says = f"the {run.kind} {run.name} was killed before it began and holds chats ({size})"
        yield Finding(Level.PROBLEM, says, remove, run.path, run.remove)
    elif run.state == UNFINISHED:
        if fault := _fault(run):
            says = f"the {run.kind} {run.name} cannot be resumed: {fault}"
            yield Finding(Level.PROBLEM, says, remove, run.path)
            return
        says = f"the {run.kind} {run.name} is unfinished and holds chats ({size})"
        how = f"`{resuming(run)}{home.option}`, or {remove}"
        yield Finding(Level.NOTE, says, how, run.path)
    elif run.kind == TRAINING and run.holds and not (home.mimics / run.name / MANIFEST).is_file():
        says = f"the run {run.name} has sample replies of a mimic that is gone"
        yield Finding(Level.NOTE, says, remove, run.path)


def _fault(run: StoredRun) -> str:
    from chatmimic.training.checkpointing.ready import read_ready

    try:
        read_ready(run.path)
    except CheckpointDamaged as error:
        return error.what
    faults = checkpoints.faults(run.path / "checkpoints")
    return "; ".join(faults) if faults and all(faults) else ""


def _chats(home: Home) -> Iterator[Finding]:
    whole = {path for path, _ in kept_chats(home.chats)}
    for path in kept_files(home.chats):
        if path not in whole:
            says = f"the chat {path.name} cannot be read"
            yield Finding(Level.PROBLEM, says, f"mend or delete {path}", path)

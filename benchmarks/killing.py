"""Commands in processes of their own, and good moments to kill one: for POSIX systems.

Processes come from a fork server that has torch loaded, so that one that is killed after a moment
does not cost ten seconds of imports first.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

FEW = 0.01  # seconds; about what writing one small checkpoint takes
HEAVY = [
    "accelerate",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.gpt2.modeling_gpt2",
    "transformers.models.gpt2.tokenization_gpt2",
    "chatmimic.cli.commands.train",
    "chatmimic.training.run",
]


# -- processes -------------------------------------------------------------------------------


def start(line: Sequence[str], told: Path) -> BaseProcess:
    """A process of its own that runs a command line; what it says goes to a file."""
    return start_function(partial(_command, list(line)), told)


def start_function(work: Callable[[], object], told: Path) -> BaseProcess:
    """A process of its own that calls a function; what it says goes to a file."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(HEAVY)
    process = context.Process(target=_work, args=(work, str(told)))
    process.start()
    return process


def _command(line: list[str]) -> None:
    from chatmimic.cli import main as chatmimic_main

    chatmimic_main(line)


def _work(work: Callable[[], object], told: str) -> None:
    with open(told, "w", encoding="utf-8") as words:
        for stream in (1, 2):
            os.dup2(words.fileno(), stream)
        sys.stdout = sys.stderr = words
        work()


class Failed(Exception):
    """A process ended by itself, and not well: its status, and what it said."""


def finish(process: BaseProcess, told: Path) -> bool:
    """Wait for the end of a process: whether it got to it, or was killed. Raises Failed."""
    process.join()
    if process.exitcode not in (0, -signal.SIGKILL):
        raise Failed(f"it ended with status {process.exitcode}: {told.read_text('utf-8').strip()}")
    return process.exitcode == 0


# -- when to kill ----------------------------------------------------------------------------


def at_any_instant(process: BaseProcess, run: Path, seconds: float, chance: random.Random) -> None:
    """Wait as long as a part of the whole training takes: at most half, so that kills are many."""
    process.join(chance.uniform(0, seconds / 2))


def after_a_checkpoint(
    process: BaseProcess, run: Path, seconds: float, chance: random.Random
) -> None:
    """Wait for a checkpoint that was not there, then a little."""
    before = _checkpoints(run)
    _until(process, lambda: bool(_checkpoints(run) - before))
    process.join(chance.uniform(0, seconds / 10))


def _is_more(run: Path, seen: set[tuple[Path, int]]) -> bool:
    return bool(half_written(run) - seen)


def while_it_saves(process: BaseProcess, run: Path, seconds: float, chance: random.Random) -> None:
    """Wait for one of the next checkpoints to be half-written."""
    seen = half_written(run)
    for _ in range(chance.randint(1, 4)):
        _until(process, partial(_is_more, run, seen))
        seen |= half_written(run)
    time.sleep(chance.uniform(0, FEW))


def half_written(run: Path) -> set[tuple[Path, int]]:
    """The folders of checkpoints and best weights being written, each with what tells it apart."""
    found = set()
    for place in ("checkpoints", "best"):
        for folder in (run / place).glob(".partial-*"):
            try:
                found.add((folder, folder.stat().st_ino))
            except FileNotFoundError:  # it has just got its name
                continue
    return found


def _checkpoints(run: Path) -> set[str]:
    return {folder.name for folder in (run / "checkpoints").glob("step-*")}


def _until(process: BaseProcess, happened: Callable[[], bool]) -> None:
    while process.is_alive() and not happened():
        time.sleep(0.0003)


MOMENTS = (at_any_instant, after_a_checkpoint, while_it_saves)

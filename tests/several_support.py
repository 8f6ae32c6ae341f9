"""Several processes that train together, started as a launcher does.

They come from a fork server that has torch loaded: a launcher's own cost ten seconds of imports.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import socket
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training_support import HEAVY, resume, stop_after, train, typed

from chatmimic.home import Home


@dataclass(frozen=True)
class Case:
    """A training to do together. `spread` is FSDP, `stop` a step after which one asks to stop."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    spread: bool = False
    stop: int | None = None
    resume: bool = False  # go on with one of that name, instead of beginning


def together(world: int, work: Callable[..., Any], *given: Any, seconds: float = 240) -> list[Any]:
    """What `work(*given)` returns in each of so many processes, in order of rank."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*HEAVY, "torch.distributed.fsdp"])
    port = _free_port()
    pipes, processes = [], []
    for rank in range(world):
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_member, args=(there, rank, world, port, work, given))
        process.start()
        there.close()
        pipes.append(here)
        processes.append(process)
    try:
        return _answers(pipes, seconds)
    finally:
        for process in processes:
            process.join(0 if sys.exc_info()[0] else 60)
            process.kill()
            process.join()


def trainings(home: Path, base: Path, cases: Sequence[Case], *line: str) -> tuple[int, str, str]:
    """Do trainings one after another, then a command line, as one of the processes.

    Returns the line's exit status, and what it said on standard output and standard error.
    """
    warnings.simplefilter("ignore")  # what torch says of its own is not looked at here
    for case in cases:
        os.environ["ACCELERATE_USE_FSDP"] = str(case.spread).lower()
        # One is asked to stop, and not the first.
        asked = case.stop is not None and os.environ["RANK"] == "1"
        watcher = stop_after(case.stop) if asked else None
        if case.resume:
            resume(Home(home), case.name, watcher)
        else:
            train(Home(home), base, name=case.name, watcher=watcher, **case.options)
    return typed(*line) if line else (0, "", "")


def _answers(pipes: Sequence[Any], seconds: float) -> list[Any]:
    """What each process sends; the first that fails is told of, since the others wait for it."""
    answers: dict[Any, Any] = {}
    while len(answers) < len(pipes):
        left = [pipe for pipe in pipes if pipe not in answers]
        ready = multiprocessing.connection.wait(left, seconds)
        assert ready, "a process says nothing"
        for pipe in ready:
            fine, answers[pipe] = pipe.recv()  # type: ignore[attr-defined]
            assert fine, answers[pipe]
    return [answers[pipe] for pipe in pipes]


def _member(
    pipe: Any, rank: int, world: int, port: int, work: Callable[..., Any], given: tuple[Any, ...]
) -> None:
    """One of them."""
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(world),
        "LOCAL_WORLD_SIZE": str(world),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    try:
        pipe.send((True, work(*given)))
    except BaseException:
        pipe.send((False, f"process {rank}:\n{traceback.format_exc()}"))


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])

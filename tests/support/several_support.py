"""Several processes that train together, started as a launcher does.

They come from a fork server that has torch loaded: a launcher's own cost ten seconds of imports.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training_support import HEAVY, resume, stop_after, train, typed

from chatmimic.errors import TrainingError
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
        callbacks = stop_after(case.stop) if asked else None
        if case.resume:
            resume(Home(home), case.name, callbacks)
        else:
            train(Home(home), base, name=case.name, callbacks=callbacks, **case.options)
    return typed(*line) if line else (0, "", "")


def parts(base: Path) -> dict[str, Any]:
    """What becomes of a base's tensors that are spread and put together again."""
    from chatmimic.bases.loading import load_model
    from chatmimic.training.distributed.fsdp import put_together, spread
    from chatmimic.training.distributed.process_group import ProcessGroup
    from chatmimic.training.objective.loss import LossModule
    from chatmimic.training.optim.trainable import blocks_of

    os.environ["ACCELERATE_USE_FSDP"] = "true"
    processes, model = ProcessGroup.find(), load_model(base)
    loss_module = LossModule(model)
    before = {name: p.detach().clone() for name, p in loss_module.named_parameters()}
    spread(loss_module, blocks_of(model), model.device, processes)
    held = sum(p.to_local().numel() for p in loss_module.parameters())
    put_together(loss_module, processes)
    after = dict(loss_module.named_parameters())
    return {
        "share": held / sum(p.numel() for p in before.values()),
        "same": all(after[n].equal(p) for n, p in before.items()),
        "empty": not any(p.numel() for p in after.values()),
        "tied": model.get_input_embeddings().weight is model.get_output_embeddings().weight,
    }


def die(home: Path, base: Path, step: int, **options: Any) -> str:
    """Train until the second process is killed; what the first has to say then."""
    from chatmimic.training.base_run import Callbacks

    def note(progress: Any) -> None:
        if (os.environ["RANK"], progress.step) == ("1", step):
            os.kill(os.getpid(), signal.SIGKILL)

    warnings.simplefilter("ignore")
    try:
        train(Home(home), base, callbacks=Callbacks(progress=note), **options)
    except TrainingError as error:
        return error.what
    return ""


def _answers(pipes: Sequence[Any], seconds: float) -> list[Any]:
    """What each process sends, None of one that was killed; the first that fails is told of."""
    answers: dict[Any, Any] = {}
    while len(answers) < len(pipes):
        left = [pipe for pipe in pipes if pipe not in answers]
        ready = multiprocessing.connection.wait(left, seconds)
        assert ready, "a process says nothing"
        for pipe in ready:
            fine, answers[pipe] = _answer(pipe)
            assert fine, answers[pipe]
    return [answers[pipe] for pipe in pipes]


def _answer(pipe: Any) -> tuple[bool, Any]:
    try:
        return pipe.recv()
    except EOFError:
        return True, None


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

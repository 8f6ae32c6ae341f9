"""Several processes that train together, as a launcher starts them: from a fork server, which has
torch loaded, so that a second of them does not cost ten seconds of imports."""

from __future__ import annotations

import multiprocessing
import os
import socket
import traceback
from collections.abc import Callable
from typing import Any

from training_support import HEAVY


def together(world: int, work: Callable[..., Any], *given: Any, seconds: float = 120) -> list[Any]:
    """What `work(*given)` returns in each of so many processes, in order. All or none of them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(HEAVY)
    port = _free_port()
    pipes, processes = [], []
    for rank in range(world):
        here, there = context.Pipe(duplex=False)
        told = context.Process(target=_member, args=(there, rank, world, port, work, given))
        told.start()
        there.close()
        pipes.append(here)
        processes.append(told)
    try:
        assert all(pipe.poll(seconds) for pipe in pipes), "a process says nothing"
        results = [pipe.recv() for pipe in pipes]
    finally:
        for process in processes:
            process.kill()
            process.join()
    wrong = [trace for fine, trace in results if not fine]
    assert not wrong, "\n".join(wrong)
    return [result for _, result in results]


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

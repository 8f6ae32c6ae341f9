"""Memory that is full: how it is told of, what is tried then, and a real run with little."""

import json
import multiprocessing
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from training_support import HEAVY, chatter, fill, log, train

from chatmimic.errors import TrainingError
from chatmimic.home import Home
from chatmimic.training import loop as loop_module
from chatmimic.training.base_run import Callbacks
from chatmimic.training.out_of_memory import is_full, no_memory, peak_bytes

FULL = "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried"


# -- how it is told of -----------------------------------------------------------------------------


def asks_for(take):
    """What is raised where far too much is asked for."""
    with pytest.raises((RuntimeError, MemoryError)) as told:
        take()
    return told.value


@pytest.mark.parametrize(
    "take",
    [
        lambda: torch.empty(1 << 60, dtype=torch.uint8),
        lambda: np.empty(1 << 60, dtype=np.uint8),
        lambda: bytearray(1 << 62),
    ],
    ids=["torch", "numpy", "python"],
)
def test_memory_that_is_full_is_recognised_whoever_tells_of_it(take):
    assert is_full(asks_for(take))


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True),
        (RuntimeError(FULL), True),
        (RuntimeError("std::bad_alloc"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9"), True),
        (RuntimeError("unable to mmap 9 bytes from file <a>: Cannot allocate memory (12)"), True),
        (RuntimeError("could not create a primitive"), True),
        (RuntimeError("could not execute a primitive"), True),
        (RuntimeError("could not create a memory object"), True),
        (RuntimeError("could not create a primitive descriptor for the matmul primitive"), False),
        (RuntimeError("Invalid buffer size: 9.00 GB"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("HIP out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"), False),
        (RuntimeError("CUDA error: device-side assert triggered"), False),
        (ValueError("out of memory"), False),
        (OSError(28, "No space left on device"), False),
    ],
)
def test_other_errors_are_not_taken_for_it(error, full):
    assert is_full(error) is full


@pytest.mark.parametrize(("at_once", "what"), [(1, "one window"), (3, "3 windows")])
def test_what_helps_is_told(at_once, what):
    error = no_memory(512, at_once)
    assert f"Out of memory with {what} of 512 tokens" in error.what
    assert "--window" in error.hint


def test_the_most_that_was_held_is_known_in_bytes():
    before = peak_bytes()
    held = torch.ones(50_000_000, dtype=torch.uint8)
    assert 10_000_000 < before <= peak_bytes() < 1 << 45
    assert held.sum() == 50_000_000


# -- what is tried ---------------------------------------------------------------------------------


def short_of_memory(monkeypatch, fits):
    """Make a step too much for the memory unless `fits` says of a loop and its rows that it is not.

    Nothing is short while the held-out part is looked at.
    """
    real = loop_module.Loop.forward

    def surprise(loop, windows, rows, *given):
        if torch.is_grad_enabled() and not fits(loop, len(rows)):
            raise RuntimeError(FULL)
        return real(loop, windows, rows, *given)

    monkeypatch.setattr(loop_module.Loop, "forward", surprise)


TWICE = "out of memory: continuing with gradient checkpointing"
HALF, QUARTER = (
    f"out of memory: continuing with a micro-batch of {n}" for n in ("2 windows", "1 window")
)


@pytest.mark.parametrize(
    ("fits", "requested", "notes"),
    [
        (lambda loop, rows: rows < 2, {}, (HALF, QUARTER)),
        (lambda loop, rows: loop.fitting.computes_twice, {}, (HALF, QUARTER, TWICE)),
        # Each backward pass would be a step: there are no halves.
        (lambda loop, rows: loop.fitting.computes_twice, {"step_in_backward": True}, (TWICE,)),
        (lambda loop, rows: rows < 3, {"gradient_checkpointing": True}, (HALF,)),
    ],
)
def test_a_step_is_tried_with_less_and_learns_the_same(
    home, tiny_base, tmp_path, monkeypatch, fits, requested, notes
):
    roomy, narrow = fill(home), fill(tmp_path / "narrow")
    given = {"batch": 4, "steps": 3, "evaluate_every": 1, "learning_rate": 3e-3, **requested}
    train(roomy, tiny_base, **given)
    short_of_memory(monkeypatch, fits)
    outcome = train(narrow, tiny_base, **given)
    assert outcome.notes == notes
    for one, other in zip(log(narrow), log(roomy), strict=True):
        assert one["held_out_loss"] == pytest.approx(other["held_out_loss"], rel=1e-4)


@pytest.mark.parametrize(
    ("requested", "what", "notes"),
    [
        ({}, "one window of 64 tokens", 3),
        ({"gradient_checkpointing": True}, "one window of 64 tokens", 2),
        ({"step_in_backward": True}, "4 windows of 64 tokens", 1),
    ],
)
def test_when_nothing_smaller_is_left_it_is_told(
    home, tiny_base, monkeypatch, requested, what, notes
):
    short_of_memory(monkeypatch, lambda loop, rows: False)
    said = []
    with pytest.raises(TrainingError, match=f"Out of memory with {what}"):
        train(fill(home), tiny_base, batch=4, callbacks=Callbacks(stage=said.append), **requested)
    assert len([words for words in said if "out of memory" in words]) == notes


def test_a_step_that_was_taken_in_part_is_not_taken_again(home, tiny_base, monkeypatch):
    """Memory runs out in the backward pass, when some parameters have been stepped."""
    real = loop_module.Loop.forward

    def surprise(loop, *given):
        result = real(loop, *given)
        if not torch.is_grad_enabled():
            return result
        first = next(iter(loop.loss_module.parameters()))  # its gradient comes last

        def full(_):
            raise RuntimeError(FULL)

        first.register_hook(full)
        return result

    monkeypatch.setattr(loop_module.Loop, "forward", surprise)
    said = []
    with pytest.raises(TrainingError, match="Out of memory with"):
        train(fill(home), tiny_base, step_in_backward=True, callbacks=Callbacks(stage=said.append))
    assert not [words for words in said if "out of memory" in words]


def test_other_faults_are_not_tried_again(home, tiny_base, monkeypatch):
    tries = []

    def surprise(loop, windows, rows, *given):
        tries.append(len(rows))
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(loop_module.Loop, "forward", surprise)
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        train(fill(home), tiny_base)
    assert len(tries) == 1


# -- a real run ------------------------------------------------------------------------------------

# 16 windows of 1,024 tokens take some 330 MB for the way back, one 20: where 100 MB more than the
# process has already is all there is, they are to be taken a few at a time.
WIDE = {"window": 1024, "batch": 16, "steps": 2, "evaluate_every": 2, "learning_rate": 3e-3}
ROOM = 100_000_000  # bytes


def limited(place: str, base: str) -> None:
    """Train in a process that may take so much more memory from the first step on."""
    import resource

    import psutil

    def stage(words: str) -> None:
        if words == "training":
            most = psutil.Process().memory_info().vms + ROOM
            resource.setrlimit(resource.RLIMIT_AS, (most, most))

    outcome = train(Home(Path(place)), Path(base), callbacks=Callbacks(stage=stage), **WIDE)
    (Path(place) / "notes.json").write_text(json.dumps(outcome.notes))


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of address space is Linux' alone")
def test_a_run_with_little_memory_finishes_and_learns_the_same(home, tmp_path):
    from tests_support import write_tiny_base

    base = write_tiny_base(tmp_path / "base", speaker_tokens=True, positions=1024)
    roomy, narrow = (fill(place, chatter(2200)) for place in (tmp_path / "roomy", home))
    train(roomy, base, **WIDE)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(HEAVY)
    process = context.Process(target=limited, args=(str(narrow.path), str(base)))
    process.start()
    process.join(240)
    assert process.exitcode == 0
    notes = json.loads((narrow.path / "notes.json").read_text())
    assert notes
    assert all(note.startswith("out of memory") for note in notes)
    assert notes[0] == "out of memory: continuing with a micro-batch of 8 windows"
    losses = [[line["held_out_loss"] for line in log(made)] for made in (roomy, narrow)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    assert losses[0][-1] < losses[0][0] - 0.05


# -- what is freed ---------------------------------------------------------------------------------

FREED = """
import sys, psutil, torch
from chatmimic.training.allocator import MATRIX, give_back_at_once
if sys.argv[1] == "at once":
    give_back_at_once(MATRIX)
torch.ones(7_500_000)  # 30 MB: from its end on, glibc keeps blocks of that size
resident = lambda: psutil.Process().memory_info().rss
before = resident()
blocks = [torch.ones(2_500_000) for _ in range(40)]
last = torch.ones(100_000)  # above them all, so that the top cannot sink
blocks.clear()
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="is of glibc")
def test_large_blocks_are_given_back_at_once():
    held = {}
    for when in ("at once", "as ever"):
        done = subprocess.run(
            [sys.executable, "-c", FREED, when], capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        held[when] = int(done.stdout)
    assert held["at once"] < 20_000_000  # of 400 MB
    assert held["as ever"] > 200_000_000

"""What this process may use of the machine: memory, control groups, the processor's threads."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

_WATCHED = 0.25  # seconds in which others are counted; the system counts in hundredths
_SPINS = "1000"  # some microseconds
_SMALL = 50_000_000  # parameters
# How a full memory is told of, where there is no error of its own for it. In order: CUDA, ROCm and
# MPS; torch on Linux, on Windows and of mapped files; C++; oneDNN, which says no more than that (a
# product that it does not know is a "primitive descriptor"); Metal; CUDA's libraries.
_FULL = re.compile(
    r"out of memory|can't allocate memory|not enough memory|Cannot allocate memory|unable to mmap"
    r"|bad_alloc|could not (?:create|execute) a primitive(?! desc)|could not create a memory"
    r"|Invalid buffer size|STATUS_ALLOC_FAILED|Failed to allocate"
)
_OWN, _MOUNTED = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def let_threads_sleep() -> None:
    """Make threads that wait for each other sleep soon, unless the user has set how they wait.

    By default OpenMP's threads spin. Beside any other program, each matrix product then waits for
    a thread that is not running, while the waiting ones use up its time (`benchmarks/busy.py`).
    OpenMP reads these settings once, when torch is loaded.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # of GCC's and LLVM's OpenMP
        # GCC's would then sleep at once, and waking takes longer than most waits: without any
        # spinning, training is a seventh slower on an otherwise idle machine.
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
    os.environ.setdefault("KMP_BLOCKTIME", "0")  # of Intel's, which torch has on Windows


def is_full(error: BaseException) -> bool:
    """Whether an error says that memory, of whatever device, does not hold what was asked for."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM or _FULL.search(str(error)) is not None
    told = isinstance(error, RuntimeError) and _FULL.search(str(error)) is not None
    return told or isinstance(error, MemoryError)


def allowed_threads() -> int:
    """The most threads worth using: one for each physical core that this process may use.

    `OMP_NUM_THREADS` overrides this.
    """
    import torch

    known = torch.get_num_threads()
    if os.environ.get("OMP_NUM_THREADS"):
        return known
    return min([known, *(math.ceil(quota) for quota in processor_quotas())])


def free_threads() -> int:
    """How many of the allowed threads would have a core to themselves now, beside other programs.

    With one more, each product waits for a thread that is not running. `OMP_NUM_THREADS` overrides
    this.
    """
    allowed = allowed_threads()
    if allowed == 1 or os.environ.get("OMP_NUM_THREADS"):
        return allowed
    return max(1, min(allowed, round(_idle_processors(_WATCHED))))


def reply_threads(parameters: int) -> int:
    """How many threads to write a reply with: one for a small model, where more only wait."""
    return 1 if parameters < _SMALL else free_threads()


def use_threads(count: int) -> None:
    """Set how many threads torch computes with; 0 leaves the number as it is."""
    import torch

    if count:
        torch.set_num_threads(count)


@contextlib.contextmanager
def threads_kept() -> Iterator[None]:
    """Restore the number of torch's threads on leaving."""
    import torch

    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _idle_processors(seconds: float) -> float:
    """The processors that this process may run on, less the share of them that others take."""
    import psutil

    process = psutil.Process()
    # macOS binds no process to processors.
    bound = process.cpu_affinity() if hasattr(process, "cpu_affinity") else None
    ours = bound or list(range(os.cpu_count() or 1))

    def taken() -> float:
        """Seconds of these processors that others have had."""
        times, own = psutil.cpu_times(percpu=True), process.cpu_times()
        here = [times[number] for number in ours if number < len(times)]
        busy = sum(one.user + one.system + getattr(one, "nice", 0.0) for one in here)
        return busy - own.user - own.system

    before, began = taken(), time.monotonic()
    time.sleep(seconds)
    return len(ours) - max(0.0, taken() - before) / (time.monotonic() - began)


def processor_quotas(own: Path = _OWN, mounted: Path = _MOUNTED) -> Iterator[float]:
    """Processors' worth of time that each control group of this process grants it."""
    for group in control_groups("cpu", own, mounted):
        try:
            if (group / "cpu.max").is_file():
                quota, period = map(float, (group / "cpu.max").read_text().split())
            else:
                quota = float((group / "cpu.cfs_quota_us").read_text())
                period = float((group / "cpu.cfs_period_us").read_text())
        except (OSError, ValueError):  # "max" is no number: there is no limit
            continue
        if quota > 0 and period > 0:  # version 1 writes -1 for none
            yield quota / period


def control_groups(kind: str, own: Path = _OWN, mounted: Path = _MOUNTED) -> set[Path]:
    """The folders of the control groups of a kind that this process is in; none but on Linux.

    `own` is the file that names them, `mounted` the folder where they are. In a container that
    folder is the container's group itself, whatever `own` says.
    """
    groups = {mounted, mounted / kind}
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return set()
    for line in lines:
        number, kinds, path = line.split(":", 2)
        if number == "0" or kind in kinds.split(","):
            top = mounted if number == "0" else mounted / kind
            group = top / path.strip("/")
            groups.update(p for p in (group, *group.parents) if p.is_relative_to(top))
    return groups

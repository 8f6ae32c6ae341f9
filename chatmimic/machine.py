"""Resources that this process may use: memory, control groups, threads."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

_WATCHED = 0.25  # seconds over which the load of others is measured; the resolution is 0.01 s
_SPINS = "1000"  # some microseconds
_SMALL = 50_000_000  # parameters
# Out-of-memory messages of errors without a type of their own. In order: CUDA, ROCm and MPS; torch
# on Linux, on Windows and of mapped files; C++; oneDNN, which says only this (an unsupported
# product says "primitive descriptor"); Metal; CUDA's libraries.
_FULL = re.compile(
    r"out of memory|can't allocate memory|not enough memory|Cannot allocate memory|unable to mmap"
    r"|bad_alloc|could not (?:create|execute) a primitive(?! desc)|could not create a memory"
    r"|Invalid buffer size|STATUS_ALLOC_FAILED|Failed to allocate"
)
_OWN, _MOUNTED = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def let_threads_sleep() -> None:
    """Let waiting OpenMP threads sleep soon, unless the user has configured it.

    By default they spin. If other programs run, each matrix product then waits for a thread that is
    not scheduled, while the spinning ones use its time (`benchmarks/busy.py`). OpenMP reads these
    settings once, when torch is loaded.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # of GCC's and LLVM's OpenMP
        # GCC's would otherwise sleep at once, and waking takes longer than most waits: without any
        # spinning, training is a seventh slower on an idle machine.
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
    os.environ.setdefault("KMP_BLOCKTIME", "0")  # of Intel's, which torch has on Windows


def is_full(error: BaseException) -> bool:
    """Whether an error means out of memory, on any device."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM or _FULL.search(str(error)) is not None
    told = isinstance(error, RuntimeError) and _FULL.search(str(error)) is not None
    return told or isinstance(error, MemoryError)


def allowed_threads() -> int:
    """The most threads worth using: one per physical core that this process may use.

    `OMP_NUM_THREADS` overrides this.
    """
    import torch

    known = torch.get_num_threads()
    if os.environ.get("OMP_NUM_THREADS"):
        return known
    return min([known, *(math.ceil(quota) for quota in processor_quotas())])


def free_threads() -> int:
    """The number of allowed threads that would have a core to themselves now.

    With one more, each matrix product waits for a thread that is not scheduled. `OMP_NUM_THREADS`
    overrides this.
    """
    allowed = allowed_threads()
    if allowed == 1 or os.environ.get("OMP_NUM_THREADS"):
        return allowed
    return max(1, min(allowed, round(_idle_processors(_WATCHED))))


def reply_threads(parameters: int) -> int:
    """The number of threads to generate with: one for a small model, where more only wait."""
    return 1 if parameters < _SMALL else free_threads()


def use_threads(count: int) -> None:
    """Set torch's number of threads; 0 leaves it as it is."""
    import torch

    if count:
        torch.set_num_threads(count)


@contextlib.contextmanager
def threads_kept() -> Iterator[None]:
    """A context that restores torch's number of threads on exit."""
    import torch

    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _idle_processors(seconds: float) -> float:
    """The processors that this process may run on, less the share that others use."""
    import psutil

    process = psutil.Process()
    # macOS has no processor affinity.
    bound = process.cpu_affinity() if hasattr(process, "cpu_affinity") else None
    ours = bound or list(range(os.cpu_count() or 1))

    def taken() -> float:
        """Seconds of these processors used by other processes."""
        times, own = psutil.cpu_times(percpu=True), process.cpu_times()
        here = [times[number] for number in ours if number < len(times)]
        busy = sum(one.user + one.system + getattr(one, "nice", 0.0) for one in here)
        return busy - own.user - own.system

    before, began = taken(), time.monotonic()
    time.sleep(seconds)
    return len(ours) - max(0.0, taken() - before) / (time.monotonic() - began)


def processor_quotas(own: Path = _OWN, mounted: Path = _MOUNTED) -> Iterator[float]:
    """The processor quota of each control group of this process, in processors."""
    for group in control_groups("cpu", own, mounted):
        try:
            if (group / "cpu.max").is_file():
                quota, period = map(float, (group / "cpu.max").read_text().split())
            else:
                quota = float((group / "cpu.cfs_quota_us").read_text())
                period = float((group / "cpu.cfs_period_us").read_text())
        except (OSError, ValueError):  # "max": no limit
            continue
        if quota > 0 and period > 0:  # -1 in version 1: no limit
            yield quota / period


def control_groups(kind: str, own: Path = _OWN, mounted: Path = _MOUNTED) -> set[Path]:
    """The folders of this process's control groups of a kind; none except on Linux.

    `own` is the file that names them, `mounted` the folder where they are. In a container the
    mounted folder is its own group, whatever `own` says.
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

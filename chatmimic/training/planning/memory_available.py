"""How much memory a run can use: that of its device, within the limits of the system."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from chatmimic.files import size_in_words
from chatmimic.machine import control_groups
from chatmimic.training.distributed.process_group import without_gpus

_UNBOUNDED = 1 << 60  # bytes; version 1 of cgroups writes some such number where it sets no limit
# For each version of cgroups: the limit, what is taken of it, and the part of that which is files
# read before and given back when needed.
_CGROUPS = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


@dataclass(frozen=True)
class Room:
    """The memory of the device that trains, in bytes.

    `free` is what is available now, in addition to `held`, which this process has already.
    """

    device: str  # cpu, cuda or mps
    free: int
    total: int
    held: int = 0

    def __str__(self) -> str:
        """`NVIDIA RTX 4090: 22.1 GB of 24.0 GB free`."""
        free, total = size_in_words(self.free), size_in_words(self.total)
        return f"{_name(self.device)}: {free} of {total} free"


def find_room() -> Room:
    """The memory of the device that a run would use: that of the GPU, if there is one."""
    if not without_gpus():
        if torch.cuda.is_available():
            free, total = torch.cuda.mem_get_info()
            return Room("cuda", free, total, torch.cuda.memory_reserved())
        if torch.backends.mps.is_available():
            total, held = torch.mps.recommended_max_memory(), torch.mps.driver_allocated_memory()
            return Room("mps", max(0, total - held), total, held)
    return _beside_the_processor(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))


def _beside_the_processor(own: Path, mounted: Path) -> Room:
    """The machine's memory, or less if there is a limit for this process."""
    memory, process = psutil.virtual_memory(), psutil.Process().memory_info()
    limits = [
        (memory.total, memory.total - memory.available),
        *_cgroup_limits(own, mounted),
        *_address_limit(process.vms),
    ]
    free = min(limit - taken for limit, taken in limits)
    return Room("cpu", max(0, free), min(limit for limit, _ in limits), process.rss)


def _cgroup_limits(own: Path, mounted: Path) -> Iterator[tuple[int, int]]:
    """(limit, taken) of each control group that this process is in."""
    for group in control_groups("memory", own, mounted):
        yield from _limit_of(group)


def _limit_of(group: Path) -> Iterator[tuple[int, int]]:
    """(limit, taken) of a control group, if it has a limit that can be read."""
    for most, taken, cached in _CGROUPS:
        try:
            limit, used = int((group / most).read_text()), int((group / taken).read_text())
            lines = (group / "memory.stat").read_text().splitlines()
        except (OSError, ValueError):  # "max" is no number: there is no limit
            continue
        parts = dict(line.split(" ", 1) for line in lines)
        if limit < _UNBOUNDED:
            yield limit, max(0, used - int(parts.get(cached, 0)))


def _address_limit(taken: int) -> Iterator[tuple[int, int]]:
    """(limit, taken) of the address space, if `ulimit -v` is set."""
    try:
        import resource
    except ImportError:  # Windows
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        yield limit, taken


def _name(device: str) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name()
    return {"cpu": "this machine's memory", "mps": "the Mac's GPU"}[device]

"""What machine a benchmark ran on, and how much memory a command needed on it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """Processor, cores, memory in GB, versions, threads, and how busy it was when asked."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count() or 1,
        "memory_gb": round(_memory_bytes() / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "torch": importlib.metadata.version("torch"),
        "transformers": importlib.metadata.version("transformers"),
        "threads": _threads(),
        # Runnable processes in the last minute: above 0 before the work starts, others work too.
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


@dataclass(frozen=True)
class Measured:
    """A command that ended: its output, wall seconds, and peak of resident memory in bytes."""

    status: int
    output: str
    seconds: float
    peak: int


def measure(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Measured:
    """Run a command to its end and measure it; what it says on standard error passes through."""
    with tempfile.TemporaryFile() as printed:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=printed, env=environment)
        status, peak = _wait(child)
        seconds = time.perf_counter() - began
        printed.seek(0)
        return Measured(status, printed.read().decode("utf-8", "replace"), seconds, peak)


if sys.platform == "win32":

    def _wait(child: subprocess.Popen[bytes]) -> tuple[int, int]:
        """Exit status, and the peak working set, which Windows keeps until the handle is closed."""
        import ctypes
        from ctypes import wintypes

        class Counters(ctypes.Structure):
            _fields_ = [
                ("cb", wintypes.DWORD),
                ("PageFaultCount", wintypes.DWORD),
                ("PeakWorkingSetSize", ctypes.c_size_t),
                *((f"rest{number}", ctypes.c_size_t) for number in range(7)),
            ]

        status = child.wait()
        counters = Counters(cb=ctypes.sizeof(Counters))
        ask = ctypes.windll.kernel32.K32GetProcessMemoryInfo
        ask.argtypes = [wintypes.HANDLE, ctypes.POINTER(Counters), wintypes.DWORD]
        ask(int(child._handle), ctypes.byref(counters), counters.cb)
        return status, counters.PeakWorkingSetSize

elif sys.platform == "linux":

    def _wait(child: subprocess.Popen[bytes]) -> tuple[int, int]:
        """Exit status, and the peak resident set, looked at until the child ends.

        What the kernel gives at the end counts the parent's memory too, as it was when the child
        began: a child of a large process would look large.
        """
        peak = 0
        try:
            while child.poll() is None:
                peak = max(peak, _high_water(child.pid))
                time.sleep(0.01)
        except KeyboardInterrupt:
            child.terminate()
            raise
        return child.returncode, peak

    def _high_water(pid: int) -> int:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").split("\n"):
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return 0

else:

    def _wait(child: subprocess.Popen[bytes]) -> tuple[int, int]:
        """Exit status, and the peak resident set of this child alone."""
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except KeyboardInterrupt:
            child.terminate()
            raise
        child.returncode = os.waitstatus_to_exitcode(status)
        # macOS counts bytes, the others kibibytes.
        return child.returncode, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _cpu() -> str:
    if sys.platform == "darwin":
        asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    described = Path("/proc/cpuinfo")
    if described.is_file():
        for line in described.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_bytes() -> int:
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if sys.platform == "win32":
        import ctypes

        kilobytes = ctypes.c_ulonglong()
        ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
        return kilobytes.value * 1024
    return 0


def _threads() -> int:
    import torch

    return torch.get_num_threads()

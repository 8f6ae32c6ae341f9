"""A lock on a folder, for one process at a time, which a dead process cannot hold."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from types import TracebackType

import psutil

from chatmimic.errors import TrainingError

# Windows blocks reading of locked bytes, so the lock is far beyond the content.
_FAR = 1 << 30


class Lock:
    """A context manager that locks a run's folder. Raises TrainingError if another process holds
    it.

    The operating system releases the lock when the process ends, however it ends; the file stays,
    and only says who holds it.
    """

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        self.what = what

    def __enter__(self) -> Lock:
        self._file = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            _hold(self._file)
        except OSError as error:
            os.close(self._file)
            raise TrainingError(
                f"{self.what} is being trained by {self._holder()}.",
                "Wait for it, or stop it with Ctrl-C there.",
            ) from error
        os.ftruncate(self._file, 0)
        os.write(self._file, json.dumps({"pid": os.getpid()}).encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def _holder(self) -> str:
        """The holder in words; its process may have ended in the meantime."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, psutil.Error):
            pid = int(json.loads(self.path.read_text("utf-8"))["pid"])
            since = datetime.fromtimestamp(psutil.Process(pid).create_time())
            return f"process {pid} since {since:%H:%M}"
        return "another process"


def holder(path: Path) -> str:
    """Who holds the lock of a file: `process 4711 since 10:02`; "" if nobody does."""
    if not path.is_file():
        return ""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:  # not ours to write, so that nobody here holds it
        return ""
    try:
        _hold(descriptor)
    except OSError:
        return Lock(path, path.parent.name)._holder()
    finally:
        os.close(descriptor)
    return ""


if sys.platform == "win32":
    import msvcrt

    def _hold(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
else:
    import fcntl

    def _hold(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

"""Copies of nested and compressed archives, in one temporary file."""

from __future__ import annotations

import io
import tempfile
from contextlib import ExitStack, closing
from typing import IO, cast

from chatmimic.errors import UnsafeExport
from chatmimic.importers.streams import UNPACK, Opened, guard_ratio

MAX_KEPT = 8 << 30  # bytes of all copies
IN_MEMORY = 16 << 20  # bytes kept in memory before using the disk


class Spool:
    """Decompressed copies of archives, because members are read in any order.

    They share one file, which has no name on disk and vanishes when closed.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._file: IO[bytes] | None = None
        self._end = 0

    def keep(self, opened: Opened, label: str) -> tuple[IO[bytes], int]:
        """Copy an open file; returns copy and size. Raises UnsafeExport if it is too large."""
        if self._file is None:
            spooled = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
            self._file = cast(IO[bytes], self._stack.enter_context(closing(spooled)))
        start = self._end
        while chunk := opened.stream.read(1 << 20):
            size = self._end + len(chunk) - start
            if opened.packed_size is not None:
                guard_ratio(label, size, opened.packed_size)
            if start + size > MAX_KEPT:
                self._end = start
                raise UnsafeExport(
                    f"{label} and the archives before it expand to over {MAX_KEPT >> 30} GiB.",
                    UNPACK,
                )
            self._file.seek(start + size - len(chunk))
            self._file.write(chunk)
            self._end = start + size
        return cast(IO[bytes], _Part(self._file, start, self._end - start)), self._end - start


class _Part(io.RawIOBase):
    """A range of a file, as a file."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        super().__init__()
        self._file = file
        self._start = start
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """Always True."""
        return True

    def seekable(self) -> bool:
        """Always True."""
        return True

    def tell(self) -> int:
        """The position in the range."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a position in the range."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._at = base + offset
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to `size` bytes within the range."""
        left = max(0, self._size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        self._file.seek(self._start + self._at)
        data = self._file.read(wanted)
        self._at += len(data)
        return data

"""The stream of all members: counts bytes, refuses zip bombs, raises only ExportError."""

from __future__ import annotations

import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Protocol, Self

from chatmimic.errors import DamagedExport, ExportError, UnsafeExport
from chatmimic.importers.report import ImportReport

MAX_RATIO = 200  # expanded : packed, …
RATIO_FROM = 64 << 20  # … once past this many expanded bytes
MAX_MEMBER = 4 << 30  # expanded bytes of one packed member
_LONGEST_LABEL = 100  # characters of a path in messages

UNPACK = "If you trust it, unpack it yourself and give chatmimic the folder."


class ByteStream(Protocol):
    """The interface of files that importers need."""

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes; b"" at the end."""


@dataclass(slots=True)
class Opened:
    """An open member: its bytes and, if packed, the packed file."""

    stream: IO[bytes]
    packed: IO[bytes] | None = None  # the packed file, if its position is the progress
    packed_size: int | None = None  # packed size in bytes; None: not packed

    def close(self) -> None:
        """Close both."""
        self.stream.close()
        if self.packed is not None:
            self.packed.close()


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an export. `name` is its path inside the export, with "/"."""

    name: str
    where: str  # the whole path with folders above the export, which may contain dates
    size: int  # bytes to read, in the unit of the progress bar
    opener: Callable[[], Opened] = field(repr=False, compare=False)

    @property
    def label(self) -> str:
        """Its name in messages: the path, without the middle of a long one."""
        return self.name if len(self.name) <= _LONGEST_LABEL else _without_middle(self.name)

    @property
    def base(self) -> str:
        """The file name without folders."""
        return self.name.rpartition("/")[2] or self.name


def _without_middle(path: str) -> str:
    """The first folder, and as many of the last parts as fit."""
    first, _, rest = path.partition("/")
    kept = rest
    while "/" in kept and len(f"{first}/…/{kept}") > _LONGEST_LABEL:
        kept = kept.partition("/")[2]
    return path if kept == rest else f"{first}/…/{kept}"


class Stream:
    """The bytes of one member, opened. Raises ExportError.

    Bytes read `ahead` are added to the report's total, because they are read again.
    """

    def __init__(
        self, member: Member, report: ImportReport | None = None, ahead: bool = False
    ) -> None:
        self._report = report
        self._ahead = ahead
        self._label = member.label
        self._size = member.size
        self._given = 0
        self._counted = 0
        with translated(self._label):
            self._opened = member.opener()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._opened.close()

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes. Raises DamagedExport or UnsafeExport."""
        with translated(self._label):
            data = self._opened.stream.read(size)
        self._given += len(data)
        if self._opened.packed_size is not None:
            guard_ratio(self._label, self._given, self._opened.packed_size)
        if self._report is not None:
            self._count(self._report)
        return data

    def skip_to_last(self, size: int) -> None:
        """Skip to the last `size` bytes if the file is seekable."""
        if self._opened.packed_size is None:
            with translated(self._label):
                self._opened.stream.seek(max(0, self._size - size))

    def _count(self, report: ImportReport) -> None:
        # The unpacked size is unknown until the end: progress follows the packed file.
        packed = self._opened.packed
        now = self._given if packed is None else packed.tell()
        report.bytes_read += now - self._counted
        report.bytes_total += now - self._counted if self._ahead else 0
        self._counted = now


def guard_ratio(label: str, expanded: int, packed: int) -> None:
    """Raise UnsafeExport if a file expands as much as only a zip bomb does."""
    if expanded > MAX_MEMBER:
        raise UnsafeExport(f"{label} expands to over {MAX_MEMBER >> 30} GiB.", UNPACK)
    if expanded > RATIO_FROM and expanded > MAX_RATIO * max(packed, 1):
        raise UnsafeExport(f"{label} expands more than {MAX_RATIO}:1, like a zip bomb.", UNPACK)


# What zipfile, tarfile and the decompressors raise for damaged files, documented or not.
_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, struct.error,
    ValueError, RuntimeError, LookupError, OverflowError, MemoryError,
)  # fmt: skip


class translated:
    """A context that turns errors of the standard library's readers into ExportError.

    Not a generator, for speed: it is entered several times for each small file.
    """

    __slots__ = ("_label",)

    def __init__(self, label: str) -> None:
        self._label = label

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End. Raises ExportError."""
        if error is not None and (ours := _ours(self._label, error)) is not None:
            raise ours from error


def _ours(label: str, error: BaseException) -> ExportError | None:
    if isinstance(error, NotImplementedError):
        return ExportError(f"{label} uses an unsupported compression ({error}).", UNPACK)
    if isinstance(error, OSError) and error.errno is not None:
        why = error.strerror or str(error)
        return ExportError(
            f"Cannot read {label}: {why}.", "Check that it exists and that you may read it."
        )
    # An OSError without a number is from a decompressor: "Not a gzipped file".
    return _damaged(label, error) if isinstance(error, (OSError, *_DAMAGE)) else None


def _damaged(label: str, error: BaseException) -> DamagedExport:
    return DamagedExport(
        f"{label} is damaged: it cannot be unpacked ({error}).", "Download the export again."
    )

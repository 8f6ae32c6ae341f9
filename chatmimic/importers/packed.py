"""Packed exports: zip, tar, and single files in gzip, bzip2 or xz."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path, PurePosixPath
from typing import IO, cast

from chatmimic.errors import UnsafeExport
from chatmimic.importers.streams import UNPACK, Member, Opened, guard_ratio
from chatmimic.text import visible

# Entries of one archive, each about 1 kB in memory. Years of a workspace of Slack are some hundred
# thousand files, a day of a channel each.
MAX_MEMBERS = 500_000

_UNPACKERS: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": lambda raw: cast(IO[bytes], gzip.GzipFile(fileobj=raw)),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_ZIP_HEADER = 30  # bytes of a local file header before its name
_ENCRYPTED = 0x1
_IN_MEMORY = 16 << 20  # bytes of an unpacked tar before it goes to a nameless file


def open_loose(path: str | Path) -> Opened:
    """Open a file of its own, unpacking gzip, bzip2 and xz on the way."""
    raw = open(path, "rb")  # noqa: SIM115
    magic = raw.read(6)
    raw.seek(0)
    for start, unpack in _UNPACKERS.items():
        if magic.startswith(start):
            return Opened(unpack(raw), raw, os.stat(path).st_size)
    return Opened(raw)


def zip_members(path: Path, name: str, prefix: str, stack: ExitStack) -> list[Member]:
    """The files in a zip, named with a prefix. Raises UnsafeExport: made to hurt, or encrypted."""
    archive = stack.enter_context(zipfile.ZipFile(path))
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    _check_names(name, [entry.filename for entry in entries])
    _check_overlap(name, entries, archive.start_dir)
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise UnsafeExport(f"{name} is encrypted.", "Unlock it first: unpack it with its password.")

    def opener(entry: zipfile.ZipInfo) -> Callable[[], Opened]:
        def opened() -> Opened:
            guard_ratio(entry.filename, entry.file_size, entry.compress_size)
            return Opened(archive.open(entry), packed_size=entry.compress_size)

        return opened

    where = path.absolute().as_posix()
    return [
        Member(f"{prefix}{e.filename}", f"{where}/{e.filename}", e.file_size, opener(e))
        for e in entries
    ]


def is_tar(path: Path) -> bool:
    """Whether a file, unpacked if need be, begins as a tar does."""
    opened = open_loose(path)
    try:
        return opened.stream.read(512)[257:262] == b"ustar"
    except (EOFError, OSError, lzma.LZMAError):
        return False  # cut short or not really packed: reading it will say so
    finally:
        opened.close()


def tar_members(path: Path, name: str, prefix: str, stack: ExitStack) -> list[Member]:
    """The files in a tar, named with a prefix. Raises UnsafeExport for one made to hurt."""
    plain = _plain_tar(path, name, stack)
    archive = stack.enter_context(tarfile.TarFile(fileobj=plain))
    entries = []
    for entry in archive:
        if entry.isfile():  # links and devices are never followed
            entries.append(entry)
        _check_count(name, len(entries))
    _check_names(name, [entry.name.removeprefix("./") for entry in entries])

    def opener(entry: tarfile.TarInfo) -> Callable[[], Opened]:
        return lambda: Opened(cast(IO[bytes], archive.extractfile(entry)))

    where = path.absolute().as_posix()
    return [
        Member(f"{prefix}{inner}", f"{where}/{inner}", entry.size, opener(entry))
        for entry in entries
        for inner in [entry.name.removeprefix("./")]
    ]


def _plain_tar(path: Path, name: str, stack: ExitStack) -> IO[bytes]:
    """The tar without its packing: members are read in any order, which a packed one cannot do.

    The copy has no name on disk and goes when it is closed.
    """
    opened = open_loose(path)
    stack.callback(opened.close)
    if opened.packed_size is None:
        return opened.stream
    copy = stack.enter_context(closing(tempfile.SpooledTemporaryFile(_IN_MEMORY)))  # noqa: SIM115
    expanded = 0
    while chunk := opened.stream.read(1 << 20):
        expanded += len(chunk)
        guard_ratio(name, expanded, opened.packed_size)
        copy.write(chunk)
    copy.seek(0)
    return cast(IO[bytes], copy)


def _check_count(archive: str, count: int) -> None:
    if count > MAX_MEMBERS:
        raise UnsafeExport(f"{archive} holds more than {MAX_MEMBERS:,} files.", UNPACK)


def _check_names(archive: str, names: list[str]) -> None:
    _check_count(archive, len(names))
    seen: set[str] = set()
    for name in names:
        if _leads_out(name):
            raise UnsafeExport(
                f'{archive} holds a file named "{visible(name)}", which points outside it.', UNPACK
            )
        if name in seen:
            raise UnsafeExport(f'{archive} holds "{visible(name)}" twice.', UNPACK)
        seen.add(name)


def _leads_out(name: str) -> bool:
    """Whether a name is no path within the archive, on any system."""
    if name[:1] not in "/\\" and ".." not in name and ":" not in name:
        return False  # as nearly all; looking at a path's parts takes ten times as long
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or any(p[1:] == ":" for p in path.parts[:1])


def _check_overlap(archive: str, entries: list[zipfile.ZipInfo], end: int) -> None:
    """Entries that share bytes are how a small zip becomes an endless one."""
    starts = sorted(entries, key=lambda entry: entry.header_offset)
    ends = [entry.header_offset for entry in starts[1:]] + [end]
    for entry, border in zip(starts, ends, strict=True):
        name = len(entry.orig_filename.encode("utf-8", "surrogatepass"))
        # A name in the old code page is shorter than in UTF-8: never count what may not be there.
        least = _ZIP_HEADER + min(name, len(entry.orig_filename)) + entry.compress_size
        if entry.header_offset + least > border:
            raise UnsafeExport(f"{archive} has entries that overlap.", UNPACK)

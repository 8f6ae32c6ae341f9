"""Packed exports: zip, tar, and single files in gzip, bzip2 or xz."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from chatmimic.errors import DamagedExport, UnsafeExport
from chatmimic.importers.encodings.guessing import guessed
from chatmimic.importers.streams import UNPACK, Member, Opened, guard_ratio
from chatmimic.text import visible

# Entries of one archive, about 1 kB of memory each. Years of a Slack workspace are some hundred
# thousand files, one per channel and day.
MAX_MEMBERS = 500_000

_UNPACKERS: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": lambda raw: cast(IO[bytes], gzip.GzipFile(fileobj=raw)),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_PACKED_NAME = re.compile(r"\.(?:gz|bz2|xz|tgz|tbz2?|txz)$", re.IGNORECASE)
_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_ZIP_HEADER = 30  # bytes of a local file header before its name
_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
# Magic bytes of archives that are not opened, or whose name does not match.
_SEALED = {
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x04\x22\x4d\x18": "LZ4",
    b"LZIP": "lzip",
    b"\x1f\x9d": "compress",
    b"MSCF": "cabinet",
    b"-----BEGIN PGP MESSAGE": "encrypted",
    **dict.fromkeys(_ZIP_MAGICS, "a zip by another name"),
    b"\x1f\x8b": "gzip by another name",
    b"BZh": "bzip2 by another name",
    b"\xfd7zXZ\x00": "xz by another name",
}
# Backups of WhatsApp and Signal, and manually encrypted files.
_LOCKED_NAME = re.compile(
    r"\.crypt\d{1,2}$|\.(?:gpg|pgp|age)$|(?:^|/)signal-[\d-]+\.backup$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Place:
    """The location of an archive, for its members."""

    name: str  # its name in messages
    prefix: str  # of its members' names
    where: str  # the whole path
    share: float = 1.0  # bytes on disk per byte of the archive
    within: bool = False  # whether it is inside a folder or archive


class EncryptedExport(UnsafeExport):
    """An archive that needs a password."""


def open_loose(path: str | Path) -> Opened:
    """Open a file outside archives, decompressing gzip, bzip2 and xz."""
    raw = open(path, "rb")  # noqa: SIM115
    return _unpacked(raw, os.stat(path).st_size) or Opened(raw)


def _unpacked(raw: IO[bytes], packed_size: int) -> Opened | None:
    """Open a file in gzip, bzip2 or xz; None for others."""
    magic = raw.read(6)
    raw.seek(0)
    for start, unpack in _UNPACKERS.items():
        if magic.startswith(start):
            return Opened(unpack(raw), raw, packed_size)
    return None


def archive_kind(start: bytes) -> str:
    """ "zip" or "tar", from the first 512 bytes of a file; "" for others."""
    if start.startswith(_ZIP_MAGICS):
        return "zip"
    return "tar" if start[257:262] == b"ustar" else ""


def sealed(name: str, start: bytes) -> str:
    """Why an archive is not opened; "" for other files."""
    if _LOCKED_NAME.search(name):
        return "encrypted"
    return next((why for magic, why in _SEALED.items() if start.startswith(magic)), "")


def zip_members(raw: IO[bytes], place: Place, stack: ExitStack) -> tuple[list[Member], int]:
    """The files in a zip, and the number of links.

    Raises UnsafeExport if it is malicious or encrypted.
    """
    archive = stack.enter_context(zipfile.ZipFile(raw))
    everything = [entry for entry in archive.infolist() if not entry.is_dir()]
    if not everything:
        return [], 0
    entries = [entry for entry in everything if not stat.S_ISLNK(entry.external_attr >> 16)]
    _mend_names(everything)
    _check_names(place.name, [entry.filename for entry in everything])
    _check_overlap(place.name, everything, archive.start_dir)
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise EncryptedExport(
            f"{place.name} is encrypted.", "Unlock it first: unpack it with its password."
        )

    def packed_size(entry: zipfile.ZipInfo) -> int:
        return int(entry.compress_size * place.share)

    def opener(entry: zipfile.ZipInfo) -> Callable[[], Opened]:
        def opened() -> Opened:
            guard_ratio(entry.filename, entry.file_size, packed_size(entry))
            return _member_opened(entry.filename, archive.open(entry), packed_size(entry))

        return opened

    if place.within:  # an error later would lose the other files too
        for entry in entries:
            guard_ratio(entry.filename, entry.file_size, packed_size(entry))
    members = [
        Member(f"{place.prefix}{e.filename}", f"{place.where}/{e.filename}", e.file_size, opener(e))
        for e in entries
    ]
    return members, len(everything) - len(entries)


def _mend_names(entries: list[zipfile.ZipInfo]) -> None:
    """Decode names: many programs write UTF-8 without the flag, or an old encoding.

    The default is the encoding of DOS, kept unless another one is certain.
    """
    old = [e for e in entries if not e.flag_bits & _UTF8_NAME and not e.filename.isascii()]
    if not old:
        return
    names = [entry.orig_filename.encode("cp437") for entry in old]
    for codec in ("utf-8", guess.codec if (guess := guessed(names)).sure else "cp437"):
        try:
            mended = [name.decode(codec) for name in names]
        except UnicodeDecodeError:
            continue
        for entry, name in zip(old, mended, strict=True):
            entry.filename = name
        return


def tar_members(plain: IO[bytes], place: Place, stack: ExitStack) -> tuple[list[Member], int]:
    """The files in a tar, decompressed, and the number of links, pipes and devices.

    Raises UnsafeExport if it is malicious, and DamagedExport if a file would end beyond it.
    """
    end = plain.seek(0, os.SEEK_END)
    plain.seek(0)
    archive = stack.enter_context(tarfile.TarFile(fileobj=plain))
    entries, unfollowed = [], 0
    for entry in archive:
        if entry.isfile():  # links and devices are never followed
            _check_end(place.name, entry, end)
            entries.append(entry)
        elif not entry.isdir():
            unfollowed += 1
        check_count(place.name, len(entries) + unfollowed)
    _check_names(place.name, [entry.name.removeprefix("./") for entry in entries])

    def opener(entry: tarfile.TarInfo) -> Callable[[], Opened]:
        def opened() -> Opened:
            raw = cast(IO[bytes], archive.extractfile(entry))
            return _member_opened(entry.name, raw, None, int(entry.size * place.share))

        return opened

    members = [
        Member(f"{place.prefix}{inner}", f"{place.where}/{inner}", entry.size, opener(entry))
        for entry in entries
        for inner in [entry.name.removeprefix("./")]
    ]
    return members, unfollowed


def _check_end(archive: str, entry: tarfile.TarInfo, end: int) -> None:
    """Raise DamagedExport for a file that would end beyond its archive."""
    if not entry.issparse() and entry.offset_data + entry.size > end:
        raise DamagedExport(
            f"{archive} is cut short: {visible(entry.name)} should have {entry.size:,} bytes.",
            "Download the export again.",
        )


def _member_opened(
    name: str, raw: IO[bytes], packed_size: int | None, on_disk: int | None = None
) -> Opened:
    """Open a member of an archive, decompressing it if its name says so."""
    if _PACKED_NAME.search(name):
        size = packed_size if packed_size is not None else on_disk or 0
        return _unpacked(raw, size) or Opened(raw, packed_size=packed_size)
    return Opened(raw, packed_size=packed_size)


def check_count(archive: str, count: int) -> None:
    """Raise UnsafeExport if there are more files than in any real export."""
    if count > MAX_MEMBERS:
        raise UnsafeExport(f"{archive} holds more than {MAX_MEMBERS:,} files.", UNPACK)


def _check_names(archive: str, names: list[str]) -> None:
    check_count(archive, len(names))
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
    """Whether a name leaves the archive, on any system."""
    if name[:1] not in "/\\" and ".." not in name and ":" not in name:
        return False  # nearly always; checking a path's parts takes ten times as long
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or any(p[1:] == ":" for p in path.parts[:1])


def _check_overlap(archive: str, entries: list[zipfile.ZipInfo], end: int) -> None:
    """Raise UnsafeExport if entries share bytes: so a small zip can expand without end."""
    starts = sorted(entries, key=lambda entry: entry.header_offset)
    ends = [entry.header_offset for entry in starts[1:]] + [end]
    for entry, border in zip(starts, ends, strict=True):
        name = len(entry.orig_filename.encode("utf-8", "surrogatepass"))
        # A name in the old code page is shorter than in UTF-8: use the lower bound.
        least = _ZIP_HEADER + min(name, len(entry.orig_filename)) + entry.compress_size
        if entry.header_offset + least > border:
            raise UnsafeExport(f"{archive} has entries that overlap.", UNPACK)

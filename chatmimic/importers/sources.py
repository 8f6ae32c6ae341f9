"""Opening what a user hands over (a file, a folder, a zip, a tar) as a list of named members.

Nothing is ever extracted: members are streams. Archives made to hurt (names that climb out,
entries that overlap or expand without end) are refused as UnsafeExport before they do.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from chatmimic.errors import ExportError
from chatmimic.importers.packed import is_tar, open_loose, tar_members, zip_members
from chatmimic.importers.streams import Member, Stream, translated

HEAD = 64 << 10  # bytes an importer may look at to recognise a file

_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_NOT_CHAT = {"__MACOSX", ".git", ".DS_Store"}


class ByteStream(Protocol):
    """The one thing importers need of a file."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""


@dataclass
class Source:
    """An opened export: its members, and a way to read each."""

    path: Path
    members: list[Member]

    def head(self, member: Member, size: int = HEAD) -> bytes:
        """The first bytes of a member. Raises ExportError when it cannot be read."""
        with Stream(member) as stream:
            return stream.read(size)

    def tail(self, member: Member, size: int = HEAD) -> bytes:
        """The last bytes of a member, found without holding the rest in memory."""
        with Stream(member) as stream:
            stream.skip_to_last(size)
            last = b""
            while chunk := stream.read(1 << 20):
                last = (last + chunk)[-size:]
            return last


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a file, a folder, a zip or a tar. Raises ExportError when that cannot be done."""
    with ExitStack() as stack:
        if path.is_dir():
            members = _folder(path, stack)
        elif path.is_file():
            members = _file(path, path.name, "", stack)
        elif path.exists():
            raise ExportError(f"{path} is neither a file nor a folder.", "Name one of these.")
        else:
            raise ExportError(f"There is no file or folder {path}.", "Check the path.")
        yield Source(path, members)


def _folder(root: Path, stack: ExitStack) -> list[Member]:
    members: list[Member] = []
    where = root.absolute().as_posix().rstrip("/")
    for folder, names, files in os.walk(root):
        names[:] = sorted(n for n in names if n not in _NOT_CHAT)
        above = Path(folder).relative_to(root).as_posix()
        above = "" if above == "." else f"{above}/"
        for name in sorted(files):
            path = os.path.join(folder, name)
            about = os.lstat(path)
            # Links and devices are left alone: a folder from elsewhere could point anywhere.
            if not stat.S_ISREG(about.st_mode) or name in _NOT_CHAT:
                continue
            inside = above + name
            if name.lower().endswith(".zip"):
                members += _file(Path(path), inside, f"{inside}/", stack)
            else:
                members.append(_loose(path, inside, f"{where}/{inside}", about.st_size))
    return members


def _file(path: Path, name: str, prefix: str, stack: ExitStack) -> list[Member]:
    """The members of a zip or tar, or the file itself as the one member."""
    with translated(name):
        with path.open("rb") as raw:
            magic = raw.read(4)
        if magic in _ZIP_MAGICS:
            return zip_members(path, name, prefix, stack)
        if is_tar(path):
            return tar_members(path, name, prefix, stack)
    return [_loose(path, name, path.absolute().as_posix(), path.stat().st_size)]


def _loose(path: str | Path, name: str, where: str, size: int) -> Member:
    return Member(name, where, size, lambda: open_loose(path))

"""Opening an export (a file, a folder, a zip, a tar) as a list of named members.

Archives in it are opened too, up to a depth; `unopened` lists the others, with reasons.

Nothing is ever extracted: members are streams. Malicious archives (names that leave the archive,
entries that overlap or expand without end) are refused as UnsafeExport.
"""

from __future__ import annotations

import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from lzma import LZMAError
from pathlib import Path

from chatmimic.errors import DamagedExport, ExportError, UnsafeExport
from chatmimic.importers.encodings.choosing import Encodings
from chatmimic.importers.encodings.stream import TextStream
from chatmimic.importers.nested import Spool
from chatmimic.importers.packed import (
    EncryptedExport,
    Place,
    archive_kind,
    check_count,
    open_loose,
    tar_members,
    zip_members,
)
from chatmimic.importers.report import ImportOptions, ImportReport
from chatmimic.importers.streams import Member, Opened, translated

HEAD = 64 << 10  # bytes from which importers recognise a file
MAX_DEPTH = 3  # depth of nested archives

_NOT_CHAT = {"__MACOSX", ".git", ".DS_Store"}
_ARCHIVE_NAME = re.compile(r"\.(?:(?:zip|tar)(?:\.(?:gz|bz2|xz))?|tgz|tbz2?|txz)$", re.IGNORECASE)


@dataclass
class Source:
    """An opened export: its members, and a way to read each."""

    path: Path
    members: list[Member]
    unopened: dict[str, str] = field(default_factory=dict)  # unopened archives → reason
    unread: dict[str, str] = field(default_factory=dict)  # folders that cannot be read → reason
    unfollowed: int = 0  # links, pipes and devices
    encodings: Encodings = field(default_factory=Encodings)

    def open(
        self, member: Member, report: ImportReport | None = None, ahead: bool = False
    ) -> TextStream:
        """Open a member: its bytes, text in UTF-8. Close it, or use `with`."""
        return TextStream(member, self.encodings, report, ahead)

    def head(self, member: Member, size: int = HEAD) -> bytes:
        """The first bytes of a member. Raises ExportError if it cannot be read."""
        with self.open(member) as stream:
            return stream.read(size)

    def tail(self, member: Member, size: int = HEAD) -> bytes:
        """The last bytes of a member, read in constant memory."""
        with self.open(member) as stream:
            stream.skip_to_last(size)
            last = b""
            while chunk := stream.read(1 << 20):
                last = (last + chunk)[-size:]
            return last


@contextmanager
def open_source(path: Path, options: ImportOptions) -> Iterator[Source]:
    """Open a file, a folder, a zip or a tar. Raises ExportError if it cannot be opened."""
    with ExitStack() as stack:
        encodings = Encodings(options.encoding)
        opening = _Opening(stack, options.allow_truncated)
        if path.is_dir():
            opening.folder(path)
        elif path.is_file():
            opening.file(path)
        elif path.exists():
            raise ExportError(f"{path} is neither a file nor a folder.", "Name one of these.")
        else:
            raise ExportError(f"There is no file or folder {path}.", "Check the path.")
        yield Source(
            path,
            opening.members,
            opening.unopened,
            opening.unread,
            opening.unfollowed,
            encodings,
        )


class _Opening:
    """Opens an export; collects its members, including those of nested archives."""

    def __init__(self, stack: ExitStack, allow_truncated: bool) -> None:
        self.members: list[Member] = []
        self.unopened: dict[str, str] = {}
        self.unread: dict[str, str] = {}
        self.unfollowed = 0
        self._stack = stack
        self._allow = allow_truncated
        self._spool = Spool(stack)
        self._packed = 0  # members of archives

    def folder(self, root: Path) -> None:
        """Add all files below a folder."""
        where = root.absolute().as_posix().rstrip("/")
        around = Place("", "", where, within=True)

        def unread(error: OSError) -> None:
            name = Path(error.filename).relative_to(root).as_posix()
            self.unread[name] = error.strerror or str(error)

        for folder, names, files in os.walk(root, onerror=unread):
            names[:] = sorted(n for n in names if n not in _NOT_CHAT)
            self.unfollowed += sum(os.path.islink(os.path.join(folder, name)) for name in names)
            above = Path(folder).relative_to(root).as_posix()
            above = "" if above == "." else f"{above}/"
            for name in sorted(files):
                path = os.path.join(folder, name)
                about = os.lstat(path)
                # Links and devices are skipped: in a foreign folder they could point anywhere.
                if not stat.S_ISREG(about.st_mode) or name in _NOT_CHAT:
                    self.unfollowed += name not in _NOT_CHAT
                    continue
                inside = above + name
                self._add(_loose(path, inside, f"{where}/{inside}", about.st_size), around, 0)

    def file(self, path: Path) -> None:
        """Add a file, or its members if it is a zip or tar, whatever its name."""
        where = path.absolute().as_posix()
        member = _loose(path, path.name, where, path.stat().st_size)
        if not self._opened(member, Place(path.name, "", where), 1):
            self.members.append(member)

    def _add(self, member: Member, around: Place, depth: int) -> None:
        """Add a member of a folder or archive, or the members in it."""
        if not _ARCHIVE_NAME.search(member.name):
            self.members.append(member)
            return
        inner = Place(member.name, f"{member.name}/", member.where, around.share, within=True)
        try:
            if not self._opened(member, inner, depth + 1):
                self.members.append(member)
        except EncryptedExport:
            self.unopened[member.name] = "encrypted"
        except UnsafeExport as error:
            self.unopened[member.name] = error.what.removeprefix(f"{member.name} ").rstrip(".")
        except DamagedExport as error:
            if not self._allow:
                raise
            self.unopened[member.name] = error.what.removeprefix(f"{member.name} ").rstrip(".")

    def _opened(self, member: Member, place: Place, depth: int) -> bool:
        """Add the members of an archive; False if it is none, whatever its name."""
        with translated(place.name):
            opened = member.opener()
            kept = False
            try:
                kind = _kind(opened)
                if kind and depth > MAX_DEPTH:
                    self.unopened[member.name] = f"more than {MAX_DEPTH} archives deep"
                if not kind or depth > MAX_DEPTH:
                    return bool(kind)
                opened.stream.seek(0)
                if opened.packed_size is None:
                    raw, kept = opened.stream, True
                else:
                    raw, size = self._spool.keep(opened, place.name)
                    place = replace(place, share=opened.packed_size / max(size, 1))
            finally:
                if kept:
                    self._stack.callback(opened.close)
                else:
                    opened.close()
            members_of = zip_members if kind == "zip" else tar_members
            found, unfollowed = members_of(raw, place, self._stack)
        self.unfollowed += unfollowed
        self._packed += len(found)
        check_count(place.name, self._packed)
        for inner in found:
            self._add(inner, place, depth)
        return True


def _kind(opened: Opened) -> str:
    try:
        return archive_kind(opened.stream.read(512))
    except (EOFError, OSError, LZMAError, zlib.error):
        return ""  # truncated or not really packed: reading it will raise the error


def _loose(path: str | Path, name: str, where: str, size: int) -> Member:
    return Member(name, where, size, lambda: open_loose(path))

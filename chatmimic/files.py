"""Private files and folders, written atomically: complete or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from chatmimic.errors import ChatmimicError, SettingsError

_CHUNK = 1 << 20  # bytes


def typed_path(typed: str | os.PathLike[str]) -> Path:
    """A path as a user types it: "~" and "~name" are home folders.

    Raises SettingsError if there is no such user.
    """
    try:
        return Path(typed).expanduser()
    except RuntimeError as error:
        user = Path(typed).parts[0]
        raise SettingsError(
            f"{user} is no home folder: there is no such user here.",
            "Check the path; a file of that name is ./" + user + ".",
        ) from error


def read_up_to(path: Path, most: int) -> bytes:
    """The content of a file, or of a pipe that somebody writes to, whatever size it is said to be.

    Raises OSError, also for more than `most` bytes, which a device such as /dev/zero has, and for a
    pipe that nobody writes to, which would be waited for without end.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as content:
        if os.name != "nt":
            os.set_blocking(descriptor, True)
        raw = b"".join(_chunks(content, most + 1))
        if not raw and stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            raise OSError(errno.EPIPE, "nothing is written to this pipe", str(path))
    if len(raw) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most >> 20} MiB", str(path))
    return raw


def _chunks(content: BinaryIO, size: int) -> Iterator[bytes]:
    """Up to so many bytes, in pieces: memory is taken for what is there, not for the limit."""
    while size > 0 and (chunk := content.read(min(size, _CHUNK))):
        size -= len(chunk)
        yield chunk


def private_folder(path: Path) -> Path:
    """Create a folder (and its parents) that only its owner can read (0700), whatever the umask."""
    missing = [p for p in [path, *path.parents] if not p.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for made in missing:
        made.chmod(0o700)
    return path


def private_file(path: Path) -> Path:
    """Create a file, unless it exists, that only its owner can read (0600), whatever the umask."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    os.close(descriptor)
    path.chmod(0o600)
    return path


def write_atomically(path: Path, data: bytes | str) -> None:
    """Write a file atomically: a reader sees the old content or the new one.

    Raises ChatmimicError if the disk is full or not writable; the old content stays.
    """
    raw = data.encode() if isinstance(data, str) else data
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".partial-")
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(raw)
                out.flush()
                os.fsync(out.fileno())
            os.replace(temporary, path)
        except BaseException:  # Ctrl-C too: nothing half-written stays
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise ChatmimicError(
            f"Cannot write {path}: {error.strerror or error}.",
            "Free some space there, or choose another place with --home.",
        ) from error


def check_writable(path: Path) -> None:
    """Raise the OSError that writing a file would raise, if its folder takes no new files."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".partial-")
    os.close(descriptor)
    os.unlink(temporary)


@contextlib.contextmanager
def atomic_folder(final: Path) -> Iterator[Path]:
    """An empty folder to fill, which replaces `final` when the block ends without an error."""
    partial = final.with_name(f".partial-{final.name}")
    bring_back(final)
    shutil.rmtree(partial, ignore_errors=True)
    private_folder(partial)
    try:
        yield partial
        _put_in_place(partial, final)
    except BaseException:  # Ctrl-C too: nothing half-written stays
        shutil.rmtree(partial, ignore_errors=True)
        raise


def bring_back(final: Path) -> None:
    """Restore a folder whose replacement was interrupted by a kill between its two renames."""
    if not final.exists() and _aside(final).exists():
        os.replace(_aside(final), final)


def _put_in_place(partial: Path, final: Path) -> None:
    """Rename a finished folder to its name.

    A rename cannot replace a non-empty folder: the old one is moved aside first.
    """
    aside = _aside(final)
    if final.exists():
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(final, aside)
    try:
        os.replace(partial, final)
    except OSError:
        if aside.exists():
            os.replace(aside, final)
        raise
    try:
        sync_folder(final.parent)
    finally:  # the new one is in place, whatever the disk reports
        shutil.rmtree(aside, ignore_errors=True)


def _aside(final: Path) -> Path:
    return final.with_name(f".old-{final.name}")


def size_in_words(size: float) -> str:
    """Bytes in words: 17.3 MB."""
    value, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB"):
        if value < 999.95:  # what rounds to 1000.0 is 1.0 of the next unit
            break
        value, unit = value / 1000, larger
    if unit == "bytes":
        return "1 byte" if size == 1 else f"{value:.0f} bytes"
    return f"{value:,.1f} {unit}"


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def keep_files(folder: Path) -> None:
    """Make the files that a library wrote to a folder private, and sync them to disk.

    Subfolders are left as they are.
    """
    for file in filter(Path.is_file, folder.iterdir()):
        file.chmod(0o600)
        with file.open("rb+") as content:
            os.fsync(content.fileno())


def folder_size(folder: Path) -> int:
    """The size in bytes of all files in a folder, subfolders included."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def sync_folder(folder: Path) -> None:
    """Sync the file names in a folder to disk (a no-op where folders cannot be opened)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

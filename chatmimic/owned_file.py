"""Files of reports, which replace nothing but earlier reports of the same command."""

from __future__ import annotations

from pathlib import Path

from chatmimic.errors import ChatmimicError
from chatmimic.files import check_writable, write_atomically

_HEAD = 4_096  # bytes


def write_owned(path: Path, text: str, signature: str, option: str, command: str) -> None:
    """Write a file that contains a signature near its beginning, as no other program's file does.

    Raises ChatmimicError if a file that is not from the `command` has that name; `option` is the
    one to change.
    """
    check_owned(path, signature, option, command)
    try:
        write_atomically(path, text)
    except ChatmimicError as error:
        raise ChatmimicError(error.what, _hint(option)) from error


def check_owned(path: Path, signature: str, option: str, command: str) -> None:
    """Raise the error that writing would raise, before the work that leads to it."""
    hint = _hint(option)
    try:
        # A link that leads nowhere does not exist, but would be replaced.
        if (path.exists() or path.is_symlink()) and not _is_ours(path, signature):
            raise ChatmimicError(f"{path} already exists and is not from `{command}`.", hint)
        if not path.parent.is_dir():
            raise ChatmimicError(f"Cannot write {path}: there is no such folder.", hint)
        check_writable(path)
    except OSError as error:
        raise ChatmimicError(f"Cannot write {path}: {error.strerror or error}.", hint) from error


def _hint(option: str) -> str:
    return f"Choose another place for {option}."


def _is_ours(path: Path, signature: str) -> bool:
    """Whether a file has the signature. Pipes and devices are not read: that could wait forever."""
    if not path.is_file():
        return False
    with path.open("rb") as content:
        return signature.encode() in content.read(_HEAD)

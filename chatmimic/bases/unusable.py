"""Why the files of a base could not be opened, in plain words."""

from __future__ import annotations

import errno
from pathlib import Path
from textwrap import shorten

from chatmimic.errors import BaseError, DamagedBase
from chatmimic.machine import is_full

ANOTHER = "Check that it is a whole causal language model, or use `--base starter`."
_LONGEST = 300  # characters of a reason
_REFUSED = (errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENFILE)


def not_opened(where: Path, done: str, error: BaseException) -> BaseError:
    """The BaseError for an exception of a library; `done` completes "cannot be …": "opened"."""
    why = _reason(error)
    if is_full(error):
        return BaseError(
            f"Out of memory while opening {where}.",
            "Close other programs, or choose a smaller model.",
        )
    if isinstance(error, ImportError):
        package = f"`pip install {error.name}`" if error.name else "Install it"
        return BaseError(
            f"{where} cannot be {done}: a package is not installed: {why}.",
            f"{package}, then try again.",
        )
    refused = isinstance(error, OSError) and error.errno in _REFUSED
    if refused or "Permission denied" in why:  # the tokenizers library has no other error for it
        return BaseError(f"{where} cannot be {done}: {why}.", "Check its permissions and the disk.")
    return DamagedBase(f"{where} cannot be {done}: {why}.", ANOTHER)


def _reason(error: BaseException) -> str:
    """The first line of an error, as far as it fits: what follows is advice to programmers."""
    first = str(error).strip().partition("\n")[0]
    return shorten(first, _LONGEST, placeholder=" …").rstrip(".") or type(error).__name__

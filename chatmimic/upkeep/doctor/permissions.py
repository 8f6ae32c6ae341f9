"""Whether only their owner can read the files of a home."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from chatmimic.home import Home
from chatmimic.upkeep.doctor.finding import Finding, Level

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check(home: Home) -> Iterator[Finding]:
    """Find files and folders that others can read, or that belong to others. Links are left out."""
    if os.name == "nt" or not home.path.is_dir():
        return
    open_, foreign = [], []
    for path in _everything(home.path):
        state = path.lstat()
        if state.st_uid != os.getuid():
            foreign.append(path)
        elif stat.S_IMODE(state.st_mode) & _OTHERS:
            open_.append(path)
    if foreign:
        says = f"{_counted(foreign)} to another user"
        mend = f'sudo chown -R "$USER" {quote(str(home.path))}'
        yield Finding(Level.PROBLEM, says, mend, foreign[0])
    if open_:
        yield Finding(
            Level.PROBLEM,
            f"{_counted(open_, 'can be read or changed')} by other users",
            "make them private",
            open_[0],
            lambda: _close(open_),
        )


def _everything(folder: Path) -> Iterator[Path]:
    yield folder
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            if not path.is_symlink():
                yield path


def _counted(paths: list[Path], verb: str = "") -> str:
    if len(paths) == 1:
        return f"{paths[0]} {verb or 'belongs'}"
    return f"{len(paths):,} files and folders, such as {paths[0]}, {verb or 'belong'}"


def _close(paths: list[Path]) -> None:
    for path in paths:
        path.chmod(0o700 if path.is_dir() else 0o600)

"""What killed commands left: half-written, set aside or half-removed files and folders."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from chatmimic.files import bring_back, folder_size, size_in_words
from chatmimic.home import Home
from chatmimic.lock import holder
from chatmimic.upkeep.doctor.finding import Finding, Level
from chatmimic.upkeep.removal import LEFT, REMOVED

_STILL_S = 60  # seconds without a change, after which nobody is writing it any more


def check(home: Home) -> Iterator[Finding]:
    """Find leftovers in all folders of the home, but those that somebody is writing."""
    for path in _leftovers(home):
        called = _called(path)
        if _is_being_written(home, path, called):
            continue
        if path.name.startswith(".old-") and not path.with_name(called).exists():
            final = path.with_name(called)
            says = f"{final} was being replaced when the command was killed"
            yield Finding(Level.PROBLEM, says, "bring it back", path, partial(bring_back, final))
        else:
            says = f"{path} was left by a command that was killed ({size_in_words(_size(path))})"
            yield Finding(Level.PROBLEM, says, "delete it", path, partial(_delete, path))


def _leftovers(home: Home) -> Iterator[Path]:
    places = [home.path, home.mimics, home.bases, home.corpora, home.chats, home.blind_tests]
    runs = [p for place in (home.runs, home.pretrainings) for p in _entries(place) if p.is_dir()]
    inside = [run / name for run in runs for name in ("", "checkpoints", "best")]
    inside += [p for place in (home.mimics, home.bases, home.corpora) for p in _entries(place)]
    for place in (*places, home.runs, home.pretrainings, *inside):
        for path in _entries(place):
            if path.name.startswith(LEFT):
                yield path


def _entries(place: Path) -> list[Path]:
    return sorted(place.iterdir()) if place.is_dir() and not place.is_symlink() else []


def _called(path: Path) -> str:
    return next(path.name.removeprefix(s) for s in LEFT if path.name.startswith(s))


def _is_being_written(home: Home, path: Path, called: str) -> bool:
    """Whether a run is going on that writes it, or it has changed in the last minute."""
    places = [place / called for place in (home.runs, home.pretrainings)]
    for folder in (*places, *path.parents[:2]):
        if holder(folder / "lock"):
            return True
    inside = (file for file in path.rglob("*")) if path.is_dir() else ()
    newest = max((file.lstat().st_mtime for file in (path, *inside)), default=0.0)
    return not path.name.startswith(REMOVED) and time.time() - newest < _STILL_S


def _size(path: Path) -> int:
    return folder_size(path) if path.is_dir() else path.lstat().st_size


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        os.unlink(path)

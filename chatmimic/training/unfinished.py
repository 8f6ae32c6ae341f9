"""Which trainings can be gone on with. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from chatmimic.home import Home, slug

EVERYBODY = "everybody"  # the name of a mimic of all people
READY = "ready.json"  # a run with this file has everything it needs to go on


def run_name(persona: str, name: str | None) -> str:
    """The name of a run and of its mimic: what was asked for, or the persona's, as a folder's."""
    return slug(name or persona or EVERYBODY)


def unfinished(home: Home) -> list[str]:
    """The names of runs that were stopped or killed before they made a mimic."""
    return unfinished_in(home.runs)


def unfinished_in(folder: Path) -> list[str]:
    """The names of the runs in a folder that can be gone on with."""
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if (p / READY).is_file())


def settings_of(folder: Path) -> dict[str, Any]:
    """The settings the run in a folder began with; none where there is none or it is damaged."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        ready = json.loads((folder / READY).read_text("utf-8"))
        return dict(ready["settings"])
    return {}

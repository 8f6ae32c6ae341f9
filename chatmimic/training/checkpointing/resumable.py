"""Which runs can be resumed. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from chatmimic.errors import ArchiveError, TrainingError
from chatmimic.folders import Label, called, called_in_full, label_of
from chatmimic.home import Home
from chatmimic.lookup import close, meant, suggestion
from chatmimic.mimic import EVERYBODY

READY = "ready.json"  # a run with this file can be resumed
LOG, SAMPLES = "log.jsonl", "samples.jsonl"


def label_for(name: str, person: str | None) -> Label:
    """The label of a run and its mimic: their name, or else the person's (None: everybody)."""
    return Label(name or person or EVERYBODY, person)


def unfinished(home: Home) -> list[str]:
    """The names of runs that were stopped or killed before they made a mimic."""
    return unfinished_in(home.runs)


def unfinished_in(folder: Path) -> list[str]:
    """The names of the runs in a folder that can be resumed."""
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if (p / READY).is_file())


def find_unfinished(place: Path, name: str, what: str = "training") -> str:
    """The folder of the unfinished run of that name. Raises TrainingError if there is none."""
    found = called(place, name, unfinished_in(place))
    if len(found) == 1:
        return found[0]
    if found:
        raise TrainingError(
            f'"{name}" matches several unfinished {what} runs.',
            f"Choose one: {', '.join(found)}.",
        )
    raise TrainingError(
        f'There is no unfinished {what} run called "{name}".',
        _instead(close(name, [called_in_full(place / run) for run in unfinished_in(place)])),
    )


def run_to_resume(home: Home, name: str | None, persona: str) -> str:
    """The folder of the run that `--resume` means: by name, by person, or the only one.

    A run is resumed only for its own person. Raises TrainingError.
    """
    if not name and not persona:
        return the_only(unfinished(home), "training", "--persona NAME")
    whom = _whom(home, persona)
    if name:
        run = find_unfinished(home.runs, name)
        if persona and _persona(home, run) != whom:
            raise TrainingError(
                f"The unfinished run {run} is of {_persona(home, run) or EVERYBODY}, "
                f"not of {whom}.",
                "Leave out --persona or --name.",
            )
        return run
    theirs = [run for run in unfinished(home) if _persona(home, run) == whom]
    if not theirs:
        others = [other for run in unfinished(home) if (other := _persona(home, run))]
        raise TrainingError(
            f'There is no unfinished run of "{whom}".', _instead(close(whom, others))
        )
    as_they_are = [run for run in theirs if called_in_full(home.runs / run) == whom]
    return the_only(as_they_are or theirs, "training", "--persona NAME")


def the_only(there: list[str], what: str, how: str) -> str:
    """The only unfinished run. TrainingError if there is none (`how` to start one), or several."""
    if len(there) == 1:
        return there[0]
    raise TrainingError(
        f"There are several unfinished {what} runs: {', '.join(there)}."
        if there
        else f"There is no unfinished {what} run.",
        "Choose one with --name." if there else f"Start one with {how}.",
    )


def _persona(home: Home, run: str) -> str | None:
    label = label_of(home.runs / run)
    return label.persona if label else None


def _whom(home: Home, typed: str) -> str:
    """The person of that name in the archive, or else in the runs."""
    from chatmimic.archive import Archive

    with contextlib.suppress(ArchiveError), Archive.open(home.archive, create=False) as archive:
        return archive.person(typed).name
    found = meant(typed, [who for run in unfinished(home) if (who := _persona(home, run))])
    return found[0] if len(found) == 1 else typed


def _instead(near: list[str]) -> str:
    return f"{suggestion(near)}To start one, run the same command without --resume."


def settings_of(folder: Path) -> dict[str, Any]:
    """The original settings of the run in a folder; empty if there is none or it is damaged."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        ready = json.loads((folder / READY).read_text("utf-8"))
        return dict(ready["settings"])
    return {}

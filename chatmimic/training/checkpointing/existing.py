"""What exists already under the name of a new run. Imports nothing heavy.

Nothing that is finished is replaced and no unfinished run is discarded unless asked for.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chatmimic.errors import TrainingError
from chatmimic.folders import Label, folder_name, further, label_of, own
from chatmimic.training.checkpointing.resumable import READY

_FINISHED = ("mimic.json", "base.json")


@dataclass(frozen=True)
class ExistingName:
    """What exists under a name, by the names of folders; all None if the name is free."""

    free_label: Label  # a free name for a new one
    name: str | None = None  # that of the label
    made: str | None = None  # the date of the finished result in it, "" if unknown
    unfinished: str | None = None  # a run that the same command may have started
    of_another: Label | None = None  # the owner of the name, if it is somebody else's


def find_existing(places: Sequence[Path], label: Label) -> ExistingName:
    """What exists for a label, in the parent folders of runs and of their results."""
    name = own(places, label)
    free_label = further(places, label, lambda n: _is_begun(places, n) or _is_finished(places, n))
    if name is None:
        return ExistingName(free_label, of_another=_of_another(places, label))
    made = made_on(places[1] / name)
    begun: str | None = name
    if made is not None and not _is_begun(places, name):
        # The finished one was kept, and what this command began then is beside it.
        begun = own(places, further(places, label, lambda n: _is_finished(places, n)))
    if begun is not None and not _is_begun(places, begun):
        begun = None
    return ExistingName(free_label, name, made, begun)


def made_on(folder: Path) -> str | None:
    """The date when a mimic or base was made, "" if unknown; None if there is none."""
    for file in _FINISHED:
        if (folder / file).is_file():
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                return str(json.loads((folder / file).read_text("utf-8"))["made_at"])[:10]
            return ""
    return None


def described(what: str, name: str | None, made: str) -> str:
    """A mimic or base as part of a sentence: the mimic ada from 2026-11-29."""
    return f"the {what} {name}" + (f" from {made}" if made else "")


def refuse_busy(place: Path, there: ExistingName) -> None:
    """Raise TrainingError if another process is working on the unfinished run."""
    if there.unfinished is not None:
        from chatmimic.lock import Lock

        with Lock(place / there.unfinished / "lock", there.unfinished):
            pass


def refuse_unfinished(place: Path, there: ExistingName, what: str) -> None:
    """Raise TrainingError if there is an unfinished run, which a new one would discard."""
    refuse_busy(place, there)
    if there.unfinished is not None:
        which = "" if there.unfinished == there.name else f"--name {there.unfinished} "
        raise TrainingError(
            f"The {what} run {there.unfinished} is unfinished.",
            f"Add {which}--resume to continue it, or {which}--replace to discard it.",
        )


def _of_another(places: Sequence[Path], label: Label) -> Label | None:
    """The label of the folder that a name would get, if it is that of somebody else."""
    found = (label_of(place / folder_name(label.called)) for place in reversed(places))
    return next((other for other in found if other is not None), None)


def _is_begun(places: Sequence[Path], name: str) -> bool:
    return (places[0] / name / READY).is_file()


def _is_finished(places: Sequence[Path], name: str) -> bool:
    return made_on(places[1] / name) is not None

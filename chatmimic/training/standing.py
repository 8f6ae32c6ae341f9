"""What there is already under the name that a training is to have. Imports nothing heavy.

Nothing that is finished is replaced, and nothing unfinished dropped, unless that was asked for.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chatmimic.errors import TrainingError
from chatmimic.folders import Label, folder_name, further, label_of, own
from chatmimic.training.unfinished import READY

_FINISHED = ("mimic.json", "base.json")


@dataclass(frozen=True)
class Standing:
    """What is there, by the names of folders; all None where the name is free."""

    beside: Label  # what a new one may be called that leaves all of it as it is
    name: str | None = None  # the label's own
    made: str | None = None  # the day of the finished one in it, "" if that does not say
    unfinished: str | None = None  # a run that the same command may have begun
    of_another: Label | None = None  # whose the name is, where it is somebody else's


def standing(places: Sequence[Path], label: Label) -> Standing:
    """What there is for a label, in the places where runs are and where what they make is."""
    name = own(places, label)
    beside = further(places, label, lambda n: _is_begun(places, n) or _is_finished(places, n))
    if name is None:
        return Standing(beside, of_another=_of_another(places, label))
    made = made_on(places[1] / name)
    begun: str | None = name
    if made is not None and not _is_begun(places, name):
        # The finished one was kept, and what this command began then is beside it.
        begun = own(places, further(places, label, lambda n: _is_finished(places, n)))
    if begun is not None and not _is_begun(places, begun):
        begun = None
    return Standing(beside, name, made, begun)


def made_on(folder: Path) -> str | None:
    """The day on which a mimic or a base was made, "" if it does not say; None for none."""
    for file in _FINISHED:
        if (folder / file).is_file():
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                return str(json.loads((folder / file).read_text("utf-8"))["made_at"])[:10]
            return ""
    return None


def described(what: str, name: str | None, made: str) -> str:
    """Something finished in a sentence: the mimic ada of 2026-11-29."""
    return f"the {what} {name}" + (f" of {made}" if made else "")


def refuse_busy(place: Path, there: Standing) -> None:
    """Raise TrainingError where another process is at the unfinished run just now."""
    if there.unfinished is not None:
        from chatmimic.lock import Lock

        with Lock(place / there.unfinished / "lock", there.unfinished):
            pass


def refuse_unfinished(place: Path, there: Standing, what: str) -> None:
    """Raise TrainingError where there is an unfinished run, which a new one would drop."""
    refuse_busy(place, there)
    if there.unfinished is not None:
        which = "" if there.unfinished == there.name else f"--name {there.unfinished} "
        raise TrainingError(
            f"The {what} {there.unfinished} was begun and is not finished.",
            f"Add {which}--resume to go on with it, or {which}--replace to drop it and begin anew.",
        )


def _of_another(places: Sequence[Path], label: Label) -> Label | None:
    """Whose the folder is that a name would have."""
    found = (label_of(place / folder_name(label.called)) for place in reversed(places))
    return next((other for other in found if other is not None), None)


def _is_begun(places: Sequence[Path], name: str) -> bool:
    return (places[0] / name / READY).is_file()


def _is_finished(places: Sequence[Path], name: str) -> bool:
    return made_on(places[1] / name) is not None

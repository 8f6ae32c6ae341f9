"""Removing a mimic: the one that is meant, with its run and what killed trainings left of it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from chatmimic.cli.removing import remove_folder
from chatmimic.errors import MimicError
from chatmimic.home import Home
from chatmimic.mimic import EVERYBODY, MANIFEST, Mimic, fitting, read_mimic
from chatmimic.upkeep.removal import remove_with_leftovers, size_with_leftovers
from chatmimic.upkeep.runs import FINISHED, TRAINING, StoredRun, check_idle, stored_run


def remove_mimic(name: str, home: Home, *, keep_run: bool, yes: bool, as_json: bool) -> None:
    """Ask, and remove the mimic of that name.

    Raises MimicError for none and for several, and TrainingError if its run is going on.
    """
    path, whose = _to_remove(name, home)
    run = None if keep_run else _run_of(path.name, home)
    if run is not None:
        check_idle(run.path, otherwise=", or add --keep-run")

    def everything(_: Path) -> None:
        if run is not None:  # first: a training may have begun while the question was asked
            run.remove()
        remove_with_leftovers(path)

    what = "" if run is None or run.state == FINISHED else f"its {run.state} run"
    also = f"{what[0].upper()}{what[1:]} was removed, too." if what else ""
    size = size_with_leftovers(path) + (run.size if run else 0)
    remove_folder(
        "mimic",
        path,
        yes=yes,
        as_json=as_json,
        whose=f"{whose} and {what}" if what else whose,
        remove=everything,
        size=size,
        after=" ".join(filter(None, (also, _where_it_was(path), _on_its_chats(path.name, home)))),
    )


def _to_remove(name: str, home: Home) -> tuple[Path, str]:
    """The folder of the mimic of that name, and whose it is; a damaged one by its folder's name."""
    folder = home.mimics / name
    if name and Path(name).name == name and name[0] != "." and os.path.lexists(folder):
        with contextlib.suppress(MimicError):
            return folder, f" of {read_mimic(folder).persona}"
        return folder, " (damaged)"
    mimic = _only_one(name, home)
    if mimic.path.absolute().parent != home.mimics.absolute():
        raise MimicError(
            f"{mimic.path} is not in {home.mimics}.", "Delete that folder yourself to remove it."
        )
    return mimic.path, f" of {mimic.persona}"


def _run_of(name: str, home: Home) -> StoredRun | None:
    """What is left of the run that made a mimic; None if nothing is."""
    folder = home.runs / name
    return stored_run(folder, TRAINING) if folder.is_dir() else None


def _where_it_was(path: Path) -> str:
    """A sentence on what a link led to; "" for a folder."""
    if not path.is_symlink():
        return ""
    return f"It was a link: the folder {os.path.realpath(path)} is as it was."


def _on_its_chats(mimic: str, home: Home) -> str:
    """A sentence on the kept chats with a mimic; "" if there are none."""
    from chatmimic.chat.kept import kept_chats

    count = sum(mimic in saved.mimics for _, saved in kept_chats(home.chats))
    if not count:
        return ""
    chats = "One chat with it is" if count == 1 else f"{count} chats with it are"
    return f"{chats} kept in {home.chats}: delete the files to delete them."


def _only_one(name: str, home: Home) -> Mimic:
    """The mimic of that name. Raises MimicError with the candidates if the name fits several."""
    found = fitting(name, home)
    if len(found) < 2 or os.path.isfile(Path(name) / MANIFEST):
        return Mimic.open(name, home, by_beginning=False)
    several = ", ".join(f"{m.name} ({_made(m)})" for m in found)
    raise MimicError(
        f'"{name}" matches {len(found)} mimics; none was removed.',
        f"Choose one: {several}.",
    )


def _made(mimic: Mimic) -> str:
    """The person and the date of a mimic, to tell it from others."""
    whose = EVERYBODY if mimic.manifest.get("everybody") else mimic.persona
    made = mimic.manifest.get("made_at")
    return f"of {whose}" + (f", made {made[:10]}" if isinstance(made, str) else "")

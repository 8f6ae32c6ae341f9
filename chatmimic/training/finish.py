"""From a finished loop to a mimic: a folder in Hugging Face format, whole or not there."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from chatmimic import __version__
from chatmimic.bases.loading import quiet
from chatmimic.files import private_folder, sync_folder
from chatmimic.home import Home
from chatmimic.mimic import Mimic, read_mimic, write_manifest
from chatmimic.training.checkpoints import sync
from chatmimic.training.figures import Figures
from chatmimic.training.loop import Loop

PRIVATE = "A mimic is as private as the chats it was trained on: it can repeat them."


def write_mimic(
    home: Home, name: str, loop: Loop, ready: dict[str, Any], base: Figures, figures: Figures
) -> Mimic:
    """Save model, tokeniser and `mimic.json` as `mimics/NAME`, in place of an older one.

    Raises OSError or SafetensorError for a disk that gives out; an older mimic stays then.
    """
    private_folder(home.mimics)
    final, partial = home.mimics / name, home.mimics / f".partial-{name}"
    if not final.exists() and _aside(final).exists():  # killed between the two moves
        os.replace(_aside(final), final)
    shutil.rmtree(partial, ignore_errors=True)
    private_folder(partial)
    try:
        _save(partial, loop)
        write_manifest(partial, _manifest(name, loop, ready, base, figures))
        _put_in_place(partial, final)
    except BaseException:  # Ctrl-C too: nothing half-written stays
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return read_mimic(final)


def _save(folder: Path, loop: Loop) -> None:
    """Model and tokeniser, private and lasting: the checkpoints are removed after this."""
    model = loop.learner.model
    model.config.use_cache = True
    with quiet():
        model.save_pretrained(folder, max_shard_size="100GB")
        loop.form.tokenizer.save_pretrained(folder)
    for file in folder.iterdir():
        file.chmod(0o600)
        sync(file)


def _put_in_place(partial: Path, final: Path) -> None:
    """Rename a whole mimic to its name.

    A folder cannot replace a full one in one move: the old one steps aside first.
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
    sync_folder(final.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _aside(final: Path) -> Path:
    return final.with_name(f".old-{final.name}")


def _manifest(
    name: str, loop: Loop, ready: dict[str, Any], base: Figures, figures: Figures
) -> dict[str, Any]:
    settings = ready["settings"]
    return {
        "name": name,
        "persona": settings["persona"],
        "people": ready["people"],
        "form": ready["form"],
        "token_types": settings["token_types"],
        "base": settings["base"],
        "parameters": sum(p.numel() for p in loop.learner.model.parameters()),
        "data": ready["material"],
        "held_out": {"base": base.as_dict(), "mimic": figures.as_dict()},
        "best_step": loop.state.best_step,
        "settings": settings,
        "plan": ready["plan"],
        "versions": {
            "chatmimic": __version__,
            **{package: version(package) for package in ("torch", "transformers", "tokenizers")},
        },
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "notice": PRIVATE,
    }

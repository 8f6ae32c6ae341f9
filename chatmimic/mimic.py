"""A trained mimic: a Hugging Face folder plus `mimic.json`. Open, list, describe, remove."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmimic.errors import MimicError
from chatmimic.files import write_whole
from chatmimic.home import Home, slug

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from chatmimic.transcript import Form

MANIFEST = "mimic.json"
FORMAT = 1  # of mimic.json; raised when an older chatmimic could not read it


@dataclass(frozen=True)
class Mimic:
    """What is known of a mimic without loading its weights.

    `people` is the cast, the persona first. `manifest` is all of `mimic.json`: persona, people,
    transcript form, base, fingerprint of the data, settings, held-out figures and versions. It
    holds no message text.
    """

    path: Path
    name: str
    persona: str
    people: tuple[str, ...]
    manifest: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def open(cls, where: str | Path, home: Home | None = None) -> Mimic:
        """A mimic by the path of its folder, its name in the home, or its persona's name.

        Raises MimicError when there is none, naming those there are.
        """
        path, home = Path(where), home or Home.find()
        # os.path, because pathlib's own raise for a name that is too long to be a file's.
        for folder in (path, home.mimics / slug(str(where))):
            if os.path.isfile(folder / MANIFEST):
                return read_mimic(folder)
        known = list_mimics(home)
        for mimic in known:
            if str(where) == mimic.persona:
                return mimic
        if os.path.isdir(path):
            raise MimicError(
                f"The folder {path} holds no mimic ({MANIFEST} is missing).",
                "Give the folder that `chatmimic train` made, or a name of `chatmimic mimics`.",
            )
        raise _no_such(str(where), known)

    @classmethod
    def of_base(cls, base: str, people: tuple[str, ...]) -> Mimic:
        """A base as if it were a mimic of these people, whom it never read: to hear how it talks.

        Loads the tokenizer, to see which form the base was made for. Raises BaseError.
        """
        from chatmimic.bases import find_base
        from chatmimic.bases.loading import load_tokenizer
        from chatmimic.transcript import natural_form

        folder = find_base(base)
        form = natural_form(load_tokenizer(folder))
        return cls(folder, base, people[0], people, {"form": form, "base": base})

    def load(self) -> LoadedMimic:
        """Read the weights and the tokeniser. Raises MimicError when they are damaged."""
        from chatmimic.bases import open_base
        from chatmimic.errors import BaseError
        from chatmimic.transcript import Cast, make_form

        try:
            base = open_base(str(self.path))
            form = make_form(str(self.manifest["form"]), base.tokenizer, Cast(self.people))
        except (BaseError, ValueError) as error:
            raise MimicError(
                f"The mimic in {self.path} is damaged: {error}", "Train it again, or restore it."
            ) from error
        base.model.eval()
        return LoadedMimic(base.model, base.tokenizer, form, self)

    def check_talks(self) -> None:
        """Raises MimicError for a mimic that was trained in reverse: it only ranks replies."""
        if self.manifest.get("reverse"):
            raise MimicError(
                f"{self.name} was trained with --reverse: it ranks replies, and makes none.",
                "`chatmimic mimics` lists the others.",
            )

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(f.stat().st_size for f in self.path.rglob("*") if f.is_file())


@dataclass(frozen=True)
class LoadedMimic:
    """A mimic ready to talk: the model in evaluation mode, and the form that writes for it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    form: Form
    mimic: Mimic


def read_mimic(path: Path) -> Mimic:
    """The mimic in a folder. Raises MimicError when `mimic.json` is damaged or too new."""
    try:
        manifest = json.loads((path / MANIFEST).read_text("utf-8"))
        version = manifest["format"]
        persona, people = manifest["persona"], manifest["people"]
        whole = (
            isinstance(version, int)
            and isinstance(persona, str)
            and isinstance(manifest["form"], str)
            and isinstance(people, list)
            and bool(people)
            and all(isinstance(p, str) for p in people)
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise MimicError(
            f"{path / MANIFEST} cannot be read ({type(error).__name__}).",
            "Train the mimic again, or restore the folder.",
        ) from error
    if not whole:
        raise MimicError(f"{path / MANIFEST} is not a mimic's.", "Restore the folder.")
    if version > FORMAT:
        raise MimicError(
            f"{path.name} was made by a newer chatmimic (format {version}).", "Upgrade chatmimic."
        )
    return Mimic(path, path.name, persona, tuple(people), manifest)


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Put `mimic.json` into a folder, whole."""
    content = json.dumps({"format": FORMAT, **manifest}, ensure_ascii=False, indent=2)
    write_whole(folder / MANIFEST, content + "\n")


def list_mimics(home: Home) -> list[Mimic]:
    """Every whole mimic of the home, the newest first. What is damaged or half-written is none."""
    if not home.mimics.is_dir():
        return []
    # Folders with a dot are a training's that is writing its mimic, or was killed at it.
    found = [p for p in home.mimics.glob("[!.]*") if (p / MANIFEST).is_file()]
    found.sort(key=lambda p: ((p / MANIFEST).stat().st_mtime_ns, p.name), reverse=True)
    mimics = []
    for path in found:
        with contextlib.suppress(MimicError):  # `open` says what is wrong with it
            mimics.append(read_mimic(path))
    return mimics


def latest(home: Home) -> Mimic:
    """The newest mimic that talks, else the newest. Raises MimicError when there is none."""
    known = list_mimics(home)
    if not known:
        raise _no_such("", known)
    return next((m for m in known if not m.manifest.get("reverse")), known[0])


def remove(mimic: Mimic) -> None:
    """Delete a mimic's folder for good."""
    # The manifest goes first: what is left of an interrupted removal is no mimic any more.
    (mimic.path / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(mimic.path)


def _no_such(name: str, known: list[Mimic]) -> MimicError:
    if not known:
        return MimicError("There is no mimic yet.", "Make one: `chatmimic train --persona NAME`.")
    names = [m.name for m in known]
    near = get_close_matches(slug(name), names, n=1)
    hint = f'Did you mean "{near[0]}"? ' if near else ""
    there = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return MimicError(f'There is no mimic called "{name}".', f"{hint}There are: {there}.")

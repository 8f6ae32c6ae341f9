"""A trained mimic: a Hugging Face folder plus `mimic.json`. Open, list, describe, remove."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmimic.bases.terms import Terms, terms_of
from chatmimic.engines import FLOAT32, INT8, choose, prepare
from chatmimic.errors import BaseError, DamagedBase, MimicError
from chatmimic.files import write_whole
from chatmimic.folders import called_by_default
from chatmimic.home import Home
from chatmimic.lookup import begun, close, meant, quoted, suggestion

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from chatmimic.transcript import Form

MANIFEST = "mimic.json"
LOSSES = "engines.json"  # what engines lose against float32, where it was measured
EVERYBODY = "everybody"  # what a mimic of all people is called
SMALL = 50_000_000  # parameters; a smaller model makes words up where it is drawn from freely
# Decoding of a small one (`benchmarks/long_chat.py`).
GENTLE: dict[str, float] = {"temperature": 0.7, "top_p": 0.8}
FORMAT = 1  # of mimic.json; raised when an older chatmimic could not read it


@dataclass(frozen=True)
class Context:
    """How much of a talk a mimic was trained to see: messages and tokens; None is no limit."""

    messages: int | None = None
    tokens: int | None = None


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
    def open(
        cls, where: str | Path, home: Home | None = None, *, by_beginning: bool = True
    ) -> Mimic:
        """A mimic by the path of its folder, its name in the home, or its persona's name.

        Case and accents make no difference where it is clear which is meant, and the beginning of
        a name will do. Raises MimicError when there is none, naming those there are, and when
        several may be meant.
        """
        path, home = Path(where), home or Home.find()
        # os.path, because pathlib's own raise for a name that is too long to be a file's.
        if os.path.isfile(path / MANIFEST):
            return read_mimic(path)
        if str(where) in _folders(home):
            return read_mimic(home.mimics / where)
        known = list_mimics(home)
        found = _meant(str(where), known) or (_begun(str(where), known) if by_beginning else [])
        if len(found) == 1:
            return found[0]
        if found:
            raise MimicError(
                f'Several mimics may be meant by "{where}".',
                f"Say which: {quoted(_names(found))}.",
            )
        if os.path.isdir(path):
            raise MimicError(
                f"The folder {path} holds no mimic ({MANIFEST} is missing).",
                "Give the folder that `chatmimic train` made, or a name of `chatmimic mimics`.",
            )
        raise _no_such(str(where), known, home)

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

    def load(self, engine: str = FLOAT32) -> LoadedMimic:
        """Read the weights and the tokeniser, to be computed with an engine (see `engines`).

        Raises MimicError: they are damaged, or why else.
        """
        from chatmimic.bases import open_base
        from chatmimic.transcript import Cast, make_form

        self._check_here()
        try:
            chosen = choose(engine, self.count_parameters(), self.lost)
            made = None if chosen == FLOAT32 else partial(prepare, engine=chosen)
            base = open_base(str(self.path), prepare=made)
            form = make_form(str(self.manifest["form"]), base.tokenizer, Cast(self.people))
        except DamagedBase as error:
            raise self._newer(error.what) or self._damaged(error.what) from error
        except BaseError as error:
            raise self._newer(error.what) or MimicError(
                f"The mimic {self.name} cannot be opened: {error.what}", error.way_on
            ) from error
        except ValueError as error:
            raise self._damaged(f"{error}.") from error
        return LoadedMimic(base.model.eval(), base.tokenizer, form, self, chosen)

    def count_parameters(self) -> int:
        """How many parameters it has. Raises BaseError for a folder without any."""
        from chatmimic.bases import describe_base

        said = _count(self.manifest.get("parameters"))
        return said or describe_base(str(self.path)).parameters

    @property
    def lost(self) -> float | None:
        """Bits per character of held-out text that int8 weights lose; None: not measured."""
        try:
            said = json.loads((self.path / LOSSES).read_text("utf-8"))[INT8]["bits_per_character"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return float(said) if isinstance(said, int | float) else None

    def _check_here(self) -> None:
        """Raises MimicError for a folder that has gone, and a form of another chatmimic."""
        from chatmimic.transcript import FORMS

        if not os.path.isdir(self.path):
            raise MimicError(
                f"The folder {self.path} is not there any more.", "`chatmimic mimics` lists others."
            )
        form = str(self.manifest["form"])
        if form not in FORMS:
            raise MimicError(
                f"The mimic {self.name} is written in a form that this chatmimic does not know "
                f"({form}).",
                "Upgrade chatmimic.",
            )

    def _damaged(self, why: str) -> MimicError:
        return MimicError(
            f"The mimic in {self.path} is damaged: {why}", "Train it again, or restore it."
        )

    def _newer(self, why: str) -> MimicError | None:
        """What to say where it was made with a newer transformers than there is here."""
        from importlib.metadata import version

        made, here = self._object("versions").get("transformers"), version("transformers")
        if not isinstance(made, str) or _numbers(made) <= _numbers(here):
            return None
        return MimicError(
            f"The mimic {self.name} was made with transformers {made}, and {here} cannot open it: "
            f"{why}",
            "Upgrade it: `pip install -U transformers`.",
        )

    def check_talks(self) -> None:
        """Raises MimicError for a mimic that was trained in reverse: it only ranks replies."""
        if self.manifest.get("reverse"):
            raise MimicError(
                f"{self.name} was trained with --reverse: it ranks replies, and makes none.",
                "`chatmimic mimics` lists the others.",
            )

    @property
    def learnt(self) -> tuple[str, ...]:
        """Those whose words it learnt, the persona first: of others it makes rough guesses."""
        everybody = self._object("settings").get("learn") == "all" or self.manifest.get("everybody")
        return self.people if everybody else (self.persona,)

    @property
    def owner(self) -> str:
        """Whose export it was made from, if they are in its cast; "" where that is not known."""
        said = self.manifest.get("owner")
        return said if isinstance(said, str) and said in self.people else ""

    @property
    def context(self) -> Context:
        """How much of a talk it was trained to see, which is what a chat shows it.

        An older chatmimic did not write it down as such, but as a setting of the training.
        """
        said, settings, data = map(self._object, ("context", "settings", "data"))
        if said:
            return Context(_count(said.get("messages")), _count(said.get("tokens")))
        read_whole = settings.get("learn") == "all" or self.manifest.get("everybody")
        messages = None if read_whole else _count(settings.get("context"))
        return Context(messages, _count(data.get("window_tokens")))

    @property
    def base_terms(self) -> Terms:
        """The licence and the model card of its base, as far as they are known.

        An older chatmimic did not write them down.
        """
        said = self._object("base_terms")
        if not said:
            return terms_of(str(self.manifest.get("base", "")))
        return Terms(*(str(said.get(key) or "") for key in ("license", "card")))

    def _object(self, key: str) -> dict[str, Any]:
        value = self.manifest.get(key)
        return value if isinstance(value, dict) else {}

    @property
    def decoding(self) -> dict[str, Any]:
        """How its replies are drawn where nothing is asked for, beside the usual: options by name.

        Of a base without a description nothing is known.
        """
        parameters = self.manifest.get("parameters")
        return GENTLE if isinstance(parameters, int) and parameters < SMALL else {}

    @property
    def called(self) -> str:
        """What it is called in full: the name it was given, else its persona's."""
        said = self.manifest.get("called")
        if isinstance(said, str) and said:
            return said
        whom = EVERYBODY if self.manifest.get("everybody") else self.persona
        return whom if called_by_default(self.name, whom) else self.name

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
    engine: str = FLOAT32


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, to compare it: 5.23.0 is (5, 23, 0)."""
    return tuple(int(n) for n in re.findall(r"\d+", version.partition("+")[0])[:3])


def _count(value: object) -> int | None:
    return value if type(value) is int and value > 0 else None


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
    found = [home.mimics / name for name in _folders(home)]
    found.sort(key=lambda p: ((p / MANIFEST).stat().st_mtime_ns, p.name), reverse=True)
    mimics = []
    for path in found:
        with contextlib.suppress(MimicError):  # `open` says what is wrong with it
            mimics.append(read_mimic(path))
    return mimics


def _folders(home: Home) -> list[str]:
    if not home.mimics.is_dir():
        return []
    # Folders with a dot are a training's that is writing its mimic, or was killed at it.
    return [p.name for p in home.mimics.glob("[!.]*") if (p / MANIFEST).is_file()]


def _meant(wanted: str, known: Sequence[Mimic]) -> list[Mimic]:
    """The mimics that are called so, or that are of the person called so; the newest of one's.

    What is exactly so goes before what is but for case and accents.
    """
    own = [m for m in known if not m.manifest.get("everybody")]
    for exact in (
        [m for m in own if wanted == m.persona == m.called],
        [m for m in own if wanted == m.persona],
        [m for m in known if wanted == m.called],
        [m for m in known if wanted == m.persona],
    ):
        if exact:
            return exact[:1]
    called = [m for m in known if meant(wanted, (m.name, m.called))]
    return called or [m for m in known if meant(wanted, (m.persona,))]


def _begun(wanted: str, known: Sequence[Mimic]) -> list[Mimic]:
    """The mimics of which one name begins as the one typed."""
    return [m for m in known if begun(wanted, (m.name, m.called, m.persona))]


def own_mimics(home: Home) -> dict[str, str]:
    """The newest mimic of each person that talks: its name, by theirs."""
    talking = [
        m
        for m in list_mimics(home)
        if not (m.manifest.get("reverse") or m.manifest.get("everybody"))
    ]
    return {m.persona: m.name for m in reversed(talking)}


def latest(home: Home) -> Mimic:
    """The newest mimic that talks, else the newest. Raises MimicError when there is none."""
    known = list_mimics(home)
    if not known:
        raise _no_such("", known, home)
    return next((m for m in known if not m.manifest.get("reverse")), known[0])


def fitting(name: str, home: Home) -> list[Mimic]:
    """Every mimic of the home that a name fits: one by its folder, else all that are called so or
    are of the person called so, the newest first.

    Unlike `Mimic.open`, which takes the newest of one person's.
    """
    known = list_mimics(home)
    exact = [m for m in known if name in (m.called, m.persona)]
    return (
        [m for m in known if m.name == name]
        or exact
        or [m for m in known if meant(name, (m.name, m.called, m.persona))]
    )


def needing(base: Path, home: Home) -> list[Mimic]:
    """The mimics of the home that are adapters of a base, and cannot be opened without it."""
    from chatmimic.bases.adapter import read_adapter, short_name

    found = []
    for mimic in list_mimics(home):
        with contextlib.suppress(BaseError):
            adapter = read_adapter(mimic.path)
            if adapter is not None and short_name(adapter.base) == base.name:
                found.append(mimic)
    return found


def remove(mimic: Mimic) -> None:
    """Delete a mimic's folder for good."""
    # The manifest goes first: what is left of an interrupted removal is no mimic any more.
    (mimic.path / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(mimic.path)


def _no_such(name: str, known: list[Mimic], home: Home) -> MimicError:
    if not known:
        from chatmimic.bases import option_that_works

        base = option_that_works(home)
        return MimicError(
            "There is no mimic yet.", f"Make one: `chatmimic train --persona NAME{base}`."
        )
    hint = suggestion(close(name, [*(m.called for m in known), *(m.persona for m in known)]))
    there = ", ".join(_names(known)[:8]) + (", …" if len(known) > 8 else "")
    return MimicError(f'There is no mimic called "{name}".', f"{hint}There are: {there}.")


def _names(mimics: Sequence[Mimic]) -> list[str]:
    """What these mimics are called in full; where that is not enough, by their folders."""
    in_full = [m.called for m in mimics]
    return [m.name if in_full.count(m.called) > 1 else m.called for m in mimics]

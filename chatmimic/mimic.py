"""Trained mimics: a Hugging Face model folder plus `mimic.json`. Open, list, describe."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmimic.bases.terms import Terms, short_name, terms_of
from chatmimic.engines import FLOAT32, INT8, choose
from chatmimic.errors import BaseError, DamagedBase, MimicError
from chatmimic.files import folder_size, write_atomically
from chatmimic.folders import called_by_default
from chatmimic.home import Home
from chatmimic.lookup import begun, close, meant, quoted, suggestion
from chatmimic.manifest import read_manifest, what_is_wrong

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from chatmimic.bases import Base
    from chatmimic.engines.adapted import Adapted
    from chatmimic.transcript import Form

MANIFEST = "mimic.json"
LOSSES = "engines.json"  # loss of the engines compared with float32, if it was measured
EVERYBODY = "everybody"  # the name of a mimic of all people
FORMAT = 1  # of mimic.json; raised when older versions of chatmimic cannot read it


@dataclass(frozen=True)
class Context:
    """How much context a mimic was trained with, in messages and tokens; None is no limit."""

    messages: int | None = None
    tokens: int | None = None


@dataclass(frozen=True)
class Mimic:
    """A mimic on disk; its weights are not loaded.

    `people` is the cast, the persona first. `manifest` is the content of `mimic.json`: persona,
    people, transcript form, base, fingerprint of the data, settings, held-out metrics and versions.
    It contains no message text.
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
        """Open a mimic by the path of its folder, its name in the home, or its persona's name.

        Case and accents are ignored if the result is unambiguous, and a unique prefix of a name is
        accepted (with `by_beginning`). Raises MimicError if none or several match.
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
                f'"{where}" matches several mimics.',
                f"Choose one: {quoted(_names(found))}.",
            )
        if os.path.isdir(path):
            raise MimicError(
                f"The folder {path} is not a mimic ({MANIFEST} is missing).",
                "Use a folder made by `chatmimic train`, or a name listed by `chatmimic mimics`.",
            )
        raise _no_such(str(where), known, home)

    @classmethod
    def of_base(cls, base: str, people: tuple[str, ...]) -> Mimic:
        """Wrap a base as if it were a mimic of these invented people, to sample from it.

        Loads the tokenizer, to find out which form the base was made for. Raises BaseError.
        """
        from chatmimic.bases import find_base
        from chatmimic.bases.loading import load_tokenizer
        from chatmimic.transcript import natural_form

        folder = find_base(base)
        form = natural_form(load_tokenizer(folder))
        return cls(folder, base, people[0], people, {"form": form, "base": base})

    def load(self, engine: str = FLOAT32) -> LoadedMimic:
        """Load the weights and the tokeniser for an engine (see `chatmimic.engines`).

        Mimics that are adapters of the same base share its weights in memory. Raises MimicError if
        the mimic cannot be loaded.
        """
        from chatmimic.bases import open_base
        from chatmimic.engines.adapted import load_for_chat
        from chatmimic.transcript import Cast, make_form

        with self._opening():
            chosen = choose(engine, self.count_parameters(), self.lost)
            base = open_base(str(self.path), load=partial(load_for_chat, engine=chosen))
            form = make_form(str(self.manifest["form"]), base.tokenizer, Cast(self.people))
        return LoadedMimic(base.model.eval(), base.tokenizer, form, self, chosen)

    def load_whole(self) -> Base:
        """Load its whole model (an adapter merged into its base), float32, and the tokeniser.

        Raises MimicError as `load` does.
        """
        from chatmimic.bases import open_base

        with self._opening():
            return open_base(str(self.path))

    @contextlib.contextmanager
    def _opening(self) -> Iterator[None]:
        """Turn errors of the folder into a MimicError."""
        self._check_here()
        try:
            yield
        except DamagedBase as error:
            raise self._newer(error.what) or self._damaged(error.what) from error
        except BaseError as error:
            raise self._newer(error.what) or MimicError(
                f"The mimic {self.name} cannot be opened: {error.what}", error.hint
            ) from error
        except ValueError as error:
            raise self._damaged(f"{error}.") from error

    def count_parameters(self) -> int:
        """The number of parameters. Raises BaseError if the folder has no weights."""
        from chatmimic.bases import describe_base

        said = _count(self.manifest.get("parameters"))
        return said or describe_base(str(self.path)).parameters

    @property
    def lost(self) -> float | None:
        """The loss of int8 weights in bits per character of held-out text; None: not measured."""
        try:
            said = json.loads((self.path / LOSSES).read_text("utf-8"))[INT8]["bits_per_character"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return float(said) if isinstance(said, int | float) else None

    def _check_here(self) -> None:
        """Raise MimicError if the folder is gone, or the form unknown to this version."""
        from chatmimic.transcript import FORMS

        if not os.path.isdir(self.path):
            raise MimicError(
                f"The folder {self.path} does not exist any more.",
                "`chatmimic mimics` lists the others.",
            )
        form = str(self.manifest["form"])
        if form not in FORMS:
            raise MimicError(
                f"The mimic {self.name} has a transcript form that this version of chatmimic does "
                f"not know ({form}).",
                "Upgrade chatmimic.",
            )

    def _damaged(self, why: str) -> MimicError:
        return MimicError(
            f"The mimic in {self.path} is damaged: {why}", "Train it again, or restore it."
        )

    def _newer(self, why: str) -> MimicError | None:
        """The error for a mimic made with a newer version of transformers; else None."""
        from importlib.metadata import version

        made, here = self._object("versions").get("transformers"), version("transformers")
        if not isinstance(made, str) or _numbers(made) <= _numbers(here):
            return None
        return MimicError(
            f"The mimic {self.name} was made with transformers {made} and cannot be opened with "
            f"{here}: {why}",
            "Upgrade it: `pip install -U transformers`.",
        )

    def check_talks(self) -> None:
        """Raise MimicError if the mimic was trained in reverse: it can only rank replies."""
        if self.manifest.get("reverse"):
            raise MimicError(
                f"{self.name} was trained with --reverse: it ranks replies, but generates none.",
                "`chatmimic mimics` lists the others.",
            )

    @property
    def trained_on(self) -> tuple[str, ...]:
        """The people whose words it was trained on, the persona first. Others are rough guesses."""
        everybody = self._object("settings").get("learn") == "all" or self.manifest.get("everybody")
        return self.people if everybody else (self.persona,)

    @property
    def owner(self) -> str:
        """The owner of the export it was made from, if in its cast; "" if not known."""
        said = self.manifest.get("owner")
        return said if isinstance(said, str) and said in self.people else ""

    @property
    def context(self) -> Context:
        """The context that it was trained with, and that a chat gives it.

        Older versions recorded it only as a training setting.
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

        Older versions did not record them.
        """
        said = self._object("base_terms")
        if not said:
            return terms_of(str(self.manifest.get("base", "")))
        return Terms(*(str(said.get(key) or "") for key in ("license", "card")))

    def _object(self, key: str) -> dict[str, Any]:
        value = self.manifest.get(key)
        return value if isinstance(value, dict) else {}

    @property
    def called(self) -> str:
        """Its full name: the one it was given, else that of its persona."""
        said = self.manifest.get("called")
        if isinstance(said, str) and said:
            return said
        whom = EVERYBODY if self.manifest.get("everybody") else self.persona
        return whom if called_by_default(self.name, whom) else self.name

    @property
    def size(self) -> int:
        """Size on disk in bytes."""
        return folder_size(self.path)


@dataclass(frozen=True)
class LoadedMimic:
    """A mimic in memory: the model in evaluation mode, its tokenizer and its transcript form."""

    model: PreTrainedModel | Adapted
    tokenizer: PreTrainedTokenizerFast
    form: Form
    mimic: Mimic
    engine: str = FLOAT32


def _numbers(version: str) -> tuple[int, ...]:
    """A version as numbers that can be compared: 5.23.0 is (5, 23, 0)."""
    return tuple(int(n) for n in re.findall(r"[0-9]{1,9}", version.partition("+")[0])[:3])


def _count(value: object) -> int | None:
    return value if type(value) is int and value > 0 else None


def read_mimic(path: Path) -> Mimic:
    """Read the mimic in a folder. Raises MimicError if `mimic.json` is damaged or too new."""
    file = path / MANIFEST
    again = "Train the mimic again, or restore the folder."
    try:
        manifest = read_manifest(file)
    except OSError as error:
        raise MimicError(f"{file} cannot be read: {error.strerror or error}.", again) from error
    except ValueError as error:
        raise MimicError(f"{file} does not describe a mimic: {error}.", again) from error
    version, persona, people = (manifest[key] for key in ("format", "persona", "people"))
    if version > FORMAT:
        raise MimicError(
            f"{path.name} was made with a newer version of chatmimic (format {version}).",
            "Upgrade chatmimic.",
        )
    return Mimic(path, path.name, persona, tuple(people), manifest)


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write `mimic.json` into a folder atomically.

    Raises MimicError if a value is beyond what is read again.
    """
    whole = {"format": FORMAT, **manifest}
    if why := what_is_wrong(whole):
        raise MimicError(f"{folder / MANIFEST} was not written: {why}.")
    content = json.dumps(whole, ensure_ascii=False, indent=2)
    write_atomically(folder / MANIFEST, content + "\n")


def list_mimics(home: Home) -> list[Mimic]:
    """All mimics of the home, newest first, without damaged or half-written ones."""
    found = []
    for path in (home.mimics / name for name in _folders(home)):
        # `open` reports what is wrong with one; another process may have removed it meanwhile.
        with contextlib.suppress(MimicError, OSError):
            found.append(((path / MANIFEST).stat().st_mtime_ns, path.name, read_mimic(path)))
    return [mimic for _, _, mimic in sorted(found, key=lambda f: f[:2], reverse=True)]


def _folders(home: Home) -> list[str]:
    if not home.mimics.is_dir():
        return []
    # Folders with a dot belong to a run that is writing its mimic, or was killed while doing so.
    return [p.name for p in home.mimics.glob("[!.]*") if (p / MANIFEST).is_file()]


def _meant(wanted: str, known: Sequence[Mimic]) -> list[Mimic]:
    """The mimics of that name, or of the person of that name (then only the newest).

    Exact matches take precedence over those that differ in case or accents.
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
    """The mimics with a name that begins with the one typed."""
    return [m for m in known if begun(wanted, (m.name, m.called, m.persona))]


def own_mimics(home: Home) -> dict[str, str]:
    """The names of the newest mimics that can chat, by person."""
    talking = [
        m
        for m in list_mimics(home)
        if not (m.manifest.get("reverse") or m.manifest.get("everybody"))
    ]
    return {m.persona: m.name for m in reversed(talking)}


def reverse_of(mimic: Mimic, home: Home) -> Mimic:
    """The newest reverse mimic of the same person. Raises MimicError if there is none."""
    for one in list_mimics(home):
        if one.manifest.get("reverse") and one.persona == mimic.persona:
            return one
    base = mimic.manifest.get("base")
    raise MimicError(
        f"There is no reverse mimic of {mimic.persona}, which would choose among candidates.",
        f'Train one: `chatmimic train --persona "{mimic.persona}" --reverse'
        + (f' --base "{base}"`.' if base else "`."),
    )


def latest(home: Home) -> Mimic:
    """The newest mimic that can chat, else the newest. Raises MimicError if there is none."""
    known = list_mimics(home)
    if not known:
        raise _no_such("", known, home)
    return next((m for m in known if not m.manifest.get("reverse")), known[0])


def fitting(name: str, home: Home) -> list[Mimic]:
    """All mimics of the home that a name matches, newest first: that with this folder name, else
    those with this name and those of the person with this name.

    `Mimic.open`, in contrast, takes the newest of several mimics of a person.
    """
    known = list_mimics(home)
    exact = [m for m in known if name in (m.called, m.persona)]
    return (
        [m for m in known if m.name == name]
        or exact
        or [m for m in known if meant(name, (m.name, m.called, m.persona))]
    )


def needing(base: Path, home: Home) -> list[Mimic]:
    """The mimics of the home that are adapters of a base and cannot be opened without it."""
    from chatmimic.bases.adapter import read_adapter

    found = []
    for mimic in list_mimics(home):
        with contextlib.suppress(BaseError):
            adapter = read_adapter(mimic.path)
            if adapter is not None and short_name(adapter.base) == base.name:
                found.append(mimic)
    return found


def damaged(home: Home, intact: Sequence[Mimic]) -> list[str]:
    """The sorted names of what lies among the mimics of the home and is none of the intact ones."""
    whole = {mimic.path.name for mimic in intact}
    there = home.mimics.iterdir() if home.mimics.is_dir() else ()
    return sorted(p.name for p in there if p.name[0] != "." and p.name not in whole)


def _no_such(name: str, known: list[Mimic], home: Home) -> MimicError:
    if not known:
        from chatmimic.bases import option_that_works

        base = option_that_works(home)
        return MimicError(
            "There are no mimics yet.", f"Train one: `chatmimic train --persona NAME{base}`."
        )
    hint = suggestion(close(name, [*(m.called for m in known), *(m.persona for m in known)]))
    there = ", ".join(map(_with_whose, known[:8])) + (", …" if len(known) > 8 else "")
    return MimicError(f'There is no mimic called "{name}".', f"{hint}The mimics are: {there}.")


def _with_whose(mimic: Mimic) -> str:
    """A mimic by its name and its person: `ada (of Ada Lovelace)`."""
    whose = EVERYBODY if mimic.manifest.get("everybody") else mimic.persona
    return f"{mimic.name} (of {whose})"


def _names(mimics: Sequence[Mimic]) -> list[str]:
    """The full names of these mimics; where they are not unique, the names of their folders."""
    in_full = [m.called for m in mimics]
    return [m.name if in_full.count(m.called) > 1 else m.called for m in mimics]

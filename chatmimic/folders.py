"""Folders named after people: their names, and their owners.

Different names can give the same folder name ("Ann-Marie", "ann marie"). A label inside a folder
says whose it is, and the second folder gets a number: `ann-marie-2`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

from chatmimic.files import private_folder, write_atomically
from chatmimic.lookup import meant

RECORD = "whose.json"
# The files that label a folder, of any kind.
_RECORDS = (RECORD, "mimic.json", "base.json", "ready.json")
_LONGEST, _MOST_BYTES = 64, 120  # of a folder's name; most file systems allow 255 bytes, some 143
_JOINERS = "\u200c\u200d\ufe0f"  # within an emoji, or between letters
# Names that Windows reserves for devices.
_DEVICES = (f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³")
_RESERVED = frozenset({"con", "prn", "aux", "nul", *_DEVICES})
_EARLIER = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True)
class Label:
    """The label of a folder: its full name, and its person.

    `called` is empty if an older chatmimic did not record it; `persona` is None for a base, a
    corpus, and a mimic of everybody.
    """

    called: str
    persona: str | None = None


# -- names of folders ----------------------------------------------------------------------------


def folder_name(name: str) -> str:
    """The folder name for a name, in any script: `ann-marie` for "Ann Marie", `мира` for "Мира".

    Never empty, a path, hidden, longer than 120 bytes, or reserved by Windows. Different names can
    give the same folder name: see `claim`.
    """
    lower = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower())
    words = "".join(c if _stays(c) else " " for c in lower).split()
    stem = "-".join(kept for word in words if (kept := _without_loose_joiners(word)))
    stem = _cut(stem) or "persona"
    return f"{stem}-1" if stem in _RESERVED else stem


def _stays(character: str) -> bool:
    """Whether a character is allowed in a folder name: letters, marks, digits, emoji."""
    if character in _JOINERS:
        return True
    kind = unicodedata.category(character)
    return kind[0] in "LMN" or (kind in ("So", "Sk") and not character.isascii())


def _without_loose_joiners(word: str) -> str:
    word = word.rstrip("\u200c\u200d").lstrip(_JOINERS)
    return word if any(c not in _JOINERS for c in word) else ""


def _cut(stem: str) -> str:
    """Cut a name to fit, never within a letter with its marks or an emoji."""
    if len(stem) <= _LONGEST and len(stem.encode()) <= _MOST_BYTES:
        return stem
    short = stem[:_LONGEST].encode()[:_MOST_BYTES].decode("utf-8", "ignore")
    after = stem[len(short)]
    if after in _JOINERS or unicodedata.category(after) in ("Mn", "Mc", "Me", "Sk"):
        short = short[:-1]
    return short.rstrip("-" + _JOINERS)


def _earlier(name: str) -> str:
    """The folder name for a name in older versions: `emilie-12ab34cd`, `persona-…`."""
    reserved = _RESERVED - {f"{port}{digit}" for port in ("com", "lpt") for digit in "¹²³"}
    if _EARLIER.fullmatch(name) and len(name) <= 64 and name not in reserved:
        return name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    kept = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-")
    if kept and kept == name.lower().replace(" ", "-") and kept not in reserved:
        return kept
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{kept}-{digest}" if kept else f"persona-{digest}"


def called_by_default(folder: str, name: str) -> bool:
    """Whether a folder has the default name for this name, also of older versions."""
    return folder == _earlier(name) or _is_of(_key(folder_name(name)), _key(folder))


# -- labels --------------------------------------------------------------------------------------


def label_of(folder: Path) -> Label | None:
    """The label of a folder; None if it has none that can be read."""
    for name in _RECORDS:
        with contextlib.suppress(
            OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError
        ):
            return _label(json.loads((folder / name).read_text("utf-8")))
    # A corpus of an older version has no label but its folder's name.
    return Label("") if (folder / "archive.sqlite").is_file() else None


def _label(said: Any) -> Label:
    """The label in a description of a corpus, a mimic, a base or a run."""
    if not isinstance(said, dict):
        raise TypeError(said)
    called, people = said.get("called", ""), said.get("people")
    persona = said.get("persona") or (people[0] if people else None)
    if not (isinstance(called, str) and isinstance(persona, str | None)):
        raise TypeError(said)
    return Label(called, None if said.get("everybody") else persona)


def write_label(folder: Path, label: Label) -> None:
    """Write the label of a folder."""
    write_atomically(folder / RECORD, json.dumps(asdict(label), ensure_ascii=False) + "\n")


def own(places: Sequence[Path], label: Label) -> str | None:
    """The folder name that belongs to the label in these places; None if there is none.

    A name in one place (a run) belongs together with the same name in another (a mimic): if one of
    the two is somebody else's, so is the name.
    """
    stem, earlier = _key(folder_name(label.called)), _earlier(label.called)
    for name in _names(places):
        if not (_is_of(stem, _key(name)) or name == earlier):
            continue
        said = [found for place in places if (found := label_of(place / name)) is not None]
        if said and all(_is_same(found, name, label) for found in said):
            return name
    return None


def claim(places: Sequence[Path], label: Label) -> str:
    """The folder name of the label; if it has none, a folder is created in the first place.

    Safe against concurrent processes: the folder appears together with its label, and only if there
    is none of that name.
    """
    stem = folder_name(label.called)
    place = private_folder(places[0])
    refused: set[str] = set()
    while (name := own(places, label)) is None:
        taken = {_key(other) for other in _names(places)} | refused
        numbered = (stem if n == 1 else f"{stem}-{n}" for n in count(1))
        free = next(name for name in numbered if _key(name) not in taken)
        made = Path(tempfile.mkdtemp(prefix=".claim-", dir=place))
        try:
            write_label(made, label)
            os.rename(made, place / free)  # fails if there is a non-empty folder
        except OSError:
            if not (place / free).exists():
                raise
            refused.add(_key(free))
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return name


def further(places: Sequence[Path], label: Label, is_used: Callable[[str], bool]) -> Label:
    """A label for a further folder of the same person: `mira-okafor-2`.

    A label whose folder exists is skipped if the folder is in use, and returned if it is not.
    """
    taken = {_key(name) for name in _names(places)}

    def is_free(found: Label) -> bool:
        name = own(places, found)
        return _key(found.called) not in taken if name is None else not is_used(name)

    stem = _unnumbered(places, label)
    more = (Label(f"{stem}-{number}", label.persona) for number in count(2))
    return next(found for found in more if is_free(found))


def _unnumbered(places: Sequence[Path], label: Label) -> str:
    """The part before the number: `mira-okafor` of `mira-okafor-2`."""
    stem = folder_name(label.called)
    shorter = re.sub(r"-\d+$", "", stem)
    there = (label_of(place / shorter) for place in places)
    return shorter if any(found and found.persona == label.persona for found in there) else stem


def called(place: Path, typed: str, among: Iterable[str]) -> list[str]:
    """The folders in a place that a name can mean.

    Matches the folder's name, its full name, or either ignoring case and accents.
    """
    in_full = {name: called_in_full(place / name) for name in sorted(among)}
    for found in (
        [name for name in in_full if _same_letters(name, typed)],
        [name for name, full in in_full.items() if _same_letters(full, typed)],
        [name for name, full in in_full.items() if full == name == _earlier(typed)],
        [name for name, full in in_full.items() if meant(typed, (name, full))],
    ):
        if found:
            return found
    return []


def called_in_full(folder: Path) -> str:
    """The full name in a folder's label, else the folder's name."""
    said = label_of(folder)
    return said.called if said and said.called else folder.name


def _same_letters(one: str, other: str) -> bool:
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def _names(places: Sequence[Path]) -> Iterator[str]:
    """The folder names in these places, except those with a dot: these are being written."""
    there = (p.name for place in places if place.is_dir() for p in place.iterdir())
    return iter(sorted({name for name in there if name[0] != "."}))


def _key(name: str) -> str:
    """A folder's name as case-insensitive, normalising file systems compare it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def _is_of(stem: str, name: str) -> bool:
    return name == stem or re.fullmatch(r"-\d+", name.removeprefix(stem)) is not None


def _is_same(said: Label, name: str, label: Label) -> bool:
    if said.persona != label.persona:
        return False
    if not said.called:
        return name in (label.called, _earlier(label.called))
    return name == label.called or _key(said.called) == _key(label.called)

"""Finding corpora, and their weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from chatmimic.errors import TrainingError
from chatmimic.folders import Label, called, claim, folder_name, own
from chatmimic.home import Home
from chatmimic.lookup import close, suggestion


@dataclass(frozen=True)
class Corpus:
    """A corpus: its name, the file of its archive, and its weight.

    In one pass, a weight of 2 reads everything twice, one of 0.5 half of it.
    """

    name: str
    path: Path
    weight: float = 1.0


def known_corpora(home: Home) -> list[str]:
    """The names of all corpora that `chatmimic import --corpus` has made."""
    if not home.corpora.is_dir():
        return []
    return sorted(f.name for f in home.corpora.iterdir() if (f / "archive.sqlite").is_file())


def find_corpus(home: Home, name: str) -> Corpus:
    """The corpus of that name. Raises TrainingError, listing the existing ones."""
    found = called(home.corpora, name.strip(), known_corpora(home))
    if len(found) > 1:
        raise TrainingError(
            f'"{name}" matches several corpora.', f"Choose one: {', '.join(found)}."
        )
    if not found:
        raise _no_corpus(home, name)
    return Corpus(found[0], home.corpus(found[0]))


def corpus_to_fill(home: Home, name: str, *, make: bool = True) -> Path:
    """The archive file of the corpus of that name, whose folder is created.

    Without `make` the folder is not created.
    """
    label = Label(name.strip())
    if make:
        return home.corpus(claim((home.make().corpora,), label))
    return home.corpus(own((home.corpora,), label) or folder_name(label.called))


def open_corpora(home: Home, names: Sequence[str]) -> tuple[Corpus, ...]:
    """The corpora of `NAME` or `NAME=WEIGHT` words, each named once.

    Raises TrainingError for unknown names and invalid weights.
    """
    found: dict[str, Corpus] = {}
    for word in names:
        name, _, weight = word.partition("=")
        corpus = replace(find_corpus(home, name), weight=_weight(word, weight))
        if corpus.name in found:
            raise TrainingError(
                f"--corpus names {corpus.name} twice.", f"Write --corpus {corpus.name}=2."
            )
        found[corpus.name] = corpus
    return tuple(found.values())


def _weight(word: str, weight: str) -> float:
    try:
        value = float(weight or 1)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise TrainingError(
            f"--corpus {word}: the weight must be a number above 0.", "E.g. --corpus ubuntu=0.5."
        )
    return value


def _no_corpus(home: Home, name: str) -> TrainingError:
    known = known_corpora(home)
    near = close(name, known)
    return TrainingError(
        f'There is no corpus called "{name}".',
        suggestion(near)
        + (f"There are: {', '.join(known)}. " if known else "")
        + f"`chatmimic import --corpus {folder_name(name)} PATH` makes one from chat exports.",
    )

"""What a run reads, resolved once before it begins: base, mimic to continue, facts, corpora.

A request has all that is cheap to resolve, and fails early. The base comes last: it may have to be
fetched, or made from a file, which is done only once it is clear that a run begins. Imports nothing
heavy.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

from chatmimic.bases import FoundBase, base_here, locate_base
from chatmimic.corpora import Corpus, open_corpora
from chatmimic.files import typed_path
from chatmimic.home import Home
from chatmimic.mimic import Mimic
from chatmimic.training.data.continue_from import going_on_from
from chatmimic.training.pretrain_settings import PretrainSettings
from chatmimic.training.settings import TrainSettings

Notify = Callable[[str], None]
Settings = TypeVar("Settings", TrainSettings, PretrainSettings)


@dataclass(frozen=True)
class Request:
    """What a training is asked for, and what it reads besides the archive and the base.

    The settings have the base, persona and form of the mimic that it continues, if any.
    """

    home: Home
    settings: TrainSettings
    earlier: Mimic | None = None  # to continue
    facts: tuple[str, ...] = ()
    corpora: tuple[Corpus, ...] = ()

    @classmethod
    def of(cls, settings: TrainSettings, home: Home) -> Self:
        """Open the mimic to continue and the corpora, and read the facts.

        Raises MimicError for a mimic that does not exist, and TrainingError for one of another
        person, for a corpus that does not exist and for a file that is not one of facts.
        """
        settings, earlier = continuing(settings, home)
        corpora = open_corpora(home, settings.corpus)
        return cls(home, settings, earlier, _facts(settings, earlier), corpora)

    @property
    def name(self) -> str:
        """The name that the new mimic takes over from the one it continues; else "".

        Also "" if that mimic is not in the home.
        """
        earlier, mimics = self.earlier, self.home.mimics.absolute()
        return earlier.called if earlier and earlier.path.absolute().parent == mimics else ""

    def changed(self, **settings: Any) -> Self:
        """The same with other values of some settings."""
        return replace(self, settings=replace(self.settings, **settings))

    def with_own_base(self, notify: Notify = lambda words: None) -> Self:
        """The same with the paths of base and tokenizer (see `with_absolute_paths`)."""
        return replace(self, settings=with_absolute_paths(self.settings, self.home, notify))

    def find(self, notify: Notify = lambda words: None) -> Inputs:
        """The same with its base found, fetched first if it has to be. Raises BaseError."""
        settings = with_absolute_paths(self.settings, self.home, notify)
        base = locate_base(settings.base, tokenizer=settings.tokenizer)
        return Inputs(self.home, settings, self.earlier, self.facts, self.corpora, base=base)


@dataclass(frozen=True)
class Inputs(Request):
    """What a training reads besides the archive, completely resolved."""

    base: FoundBase = field(kw_only=True)

    def find(self, notify: Notify = lambda words: None) -> Inputs:
        """The inputs themselves: their base was found already."""
        return self


@dataclass(frozen=True)
class PretrainInputs:
    """What a pretraining reads: its corpora, and the base to warm up (None: a new one)."""

    settings: PretrainSettings
    corpora: tuple[Corpus, ...]
    base: FoundBase | None

    @classmethod
    def of(
        cls,
        settings: PretrainSettings,
        corpora: Sequence[Corpus],
        home: Home,
        notify: Notify = lambda words: None,
    ) -> Self:
        """Find the base. Raises BaseError."""
        settings = with_absolute_paths(settings, home, notify)
        base, tokenizer = settings.base, settings.tokenizer
        found = None if base is None else locate_base(base, tokenizer=tokenizer)
        return cls(settings, tuple(corpora), found)


def with_absolute_paths(
    settings: Settings, home: Home, notify: Notify = lambda words: None
) -> Settings:
    """The settings, with base and tokenizer as absolute paths: a run is resumed from any folder.

    A base of the home gets its folder, and one that comes as a file is converted first; `notify` is
    called with what is being done. A name on the model hub stays as it is. Raises BaseError.
    """
    base, tokenizer = settings.base, settings.tokenizer
    return replace(
        settings,
        base=base and absolute_path(base_here(base, home, notify)),
        tokenizer=tokenizer and absolute_path(tokenizer),
    )


def absolute_path(name: str) -> str:
    """An existing file or folder as an absolute path; anything else, e.g. a hub name, unchanged."""
    path = typed_path(name)
    return str(path.absolute()) if name != "starter" and os.path.exists(path) else name


def continuing(settings: TrainSettings, home: Home) -> tuple[TrainSettings, Mimic | None]:
    """The mimic that `--from` names, and the settings with its base, persona and form.

    Raises MimicError if there is none, and TrainingError if it is a mimic of another person.
    """
    if settings.from_mimic is None:
        return settings, None
    # By its whole name: it may be replaced by the one that goes on from it.
    earlier = Mimic.open(settings.from_mimic, home, by_beginning=False)
    return going_on_from(settings, earlier, home), earlier


def _facts(settings: TrainSettings, earlier: Mimic | None) -> tuple[str, ...]:
    """The facts about the persona: those of `--facts`, else of the mimic that is continued."""
    if settings.facts:
        from chatmimic.transcript.facts import read_facts

        return read_facts(settings.facts)
    return tuple(earlier.manifest.get("facts", ())) if earlier else ()

"""Continuing from an existing mimic with newer messages (--from). Imports nothing heavy."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chatmimic.bases import local_base
from chatmimic.errors import (
    ArchiveError,
    BaseError,
    MimicError,
    NoSuchPerson,
    TrainingError,
)
from chatmimic.home import Home
from chatmimic.lookup import meant
from chatmimic.mimic import EVERYBODY, MANIFEST, Mimic, read_mimic
from chatmimic.senders import joined
from chatmimic.training.settings import TrainSettings

if TYPE_CHECKING:
    from chatmimic.archive import Archive


def going_on_from(settings: TrainSettings, mimic: Mimic, home: Home) -> TrainSettings:
    """The settings, with base, persona and form of the mimic to continue.

    Raises TrainingError if it is a mimic of another person.
    """
    everybody = bool(mimic.manifest.get("everybody"))
    whom = EVERYBODY if everybody else mimic.persona
    if settings.persona and not _is_meant(settings.persona, whom, home):
        raise TrainingError(
            f"{mimic.name} imitates {whom}, not {settings.persona}.",
            "Leave out --persona or --from.",
        )
    data = mimic.manifest.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("until"), int):
        raise TrainingError(
            f"{mimic.name} does not record the date of its latest message.",
            "Train a new mimic, without --from.",
        )
    return replace(
        settings,
        from_mimic=str(mimic.path),
        base=str(mimic.path),
        tokenizer=None,
        persona="" if everybody else mimic.persona,
        form=mimic.manifest["form"],
        token_types=bool(mimic.manifest.get("token_types")),
        reverse=settings.reverse or bool(mimic.manifest.get("reverse")),
    )


def _is_meant(typed: str, whom: str, home: Home) -> bool:
    """Whether a name that was typed means that person, according to the archive."""
    from chatmimic.archive import Archive

    if typed == whom:
        return True
    with contextlib.suppress(ArchiveError), Archive.open(home.archive, create=False) as archive:
        person = archive.person(whom)
        known = whom in (person.name, *person.names)
        return known and archive.person(typed).name == person.name
    return bool(meant(typed, (whom,)))


def check_known(archive: Archive, mimic: Mimic) -> None:
    """Raise NoSuchPerson if nobody in the archive has exactly the name of a mimic's persona.

    A name that differs in case or accents may be somebody else's.
    """
    if mimic.manifest.get("everybody"):
        return
    person = archive.person(mimic.persona)
    if mimic.persona not in (person.name, *person.names):
        raise NoSuchPerson(mimic.persona, (person.name,))


def senders_with_base(record: dict[str, Any] | None, base: str) -> dict[str, Any] | None:
    """The hashes of everybody in the data, with those of the base if that is a mimic."""
    with contextlib.suppress(BaseError, MimicError):
        folder = local_base(base)
        if record is not None and folder is not None and (folder / MANIFEST).is_file():
            return joined(record, read_mimic(folder).manifest.get("senders"))
    return record

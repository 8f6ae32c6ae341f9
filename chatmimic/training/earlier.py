"""Going on from a mimic that is there already, with what was said since. Imports nothing heavy."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from chatmimic.errors import ArchiveError, NoSuchPerson, TrainingError
from chatmimic.home import Home
from chatmimic.lookup import meant
from chatmimic.mimic import EVERYBODY, Mimic
from chatmimic.training.settings import Settings

if TYPE_CHECKING:
    from chatmimic.archive import Archive


def going_on_from(settings: Settings, home: Home) -> Settings:
    """Settings with the base, the persona and the form of the mimic that `--from` names.

    Raises MimicError for none, and TrainingError for a mimic of somebody else.
    """
    if settings.from_mimic is None:
        return settings
    # By its whole name: it may be replaced by the one that goes on from it.
    mimic = Mimic.open(settings.from_mimic, home, by_beginning=False)
    everybody = bool(mimic.manifest.get("everybody"))
    whom = EVERYBODY if everybody else mimic.persona
    if settings.persona and not _is_meant(settings.persona, whom, home):
        raise TrainingError(
            f"{mimic.name} imitates {whom}, not {settings.persona}.",
            "Leave --persona out, or --from.",
        )
    data = mimic.manifest.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("until"), int):
        raise TrainingError(
            f"{mimic.name} does not say until when it has read.", "Train anew, without --from."
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


def named_after(settings: Settings, home: Home) -> str:
    """What the mimic that `--from` names is called, which goes on under its name; else "".

    "" too for one that is not in the home.
    """
    if settings.from_mimic is None:
        return ""
    mimic = Mimic.open(settings.from_mimic, home)
    return mimic.called if mimic.path.absolute().parent == home.mimics.absolute() else ""


def _is_meant(typed: str, whom: str, home: Home) -> bool:
    """Whether a name that was typed means that person, by what the archive knows of names."""
    from chatmimic.archive import Archive

    if typed == whom:
        return True
    with contextlib.suppress(ArchiveError), Archive.open(home.archive, create=False) as archive:
        person = archive.person(whom)
        known = whom in (person.name, *person.names)
        return known and archive.person(typed).name == person.name
    return bool(meant(typed, (whom,)))


def check_known(archive: Archive, mimic: Mimic) -> None:
    """Raises NoSuchPerson where the archive has nobody of exactly the name of a mimic's persona.

    A name that differs in case or accents may be somebody else's.
    """
    if mimic.manifest.get("everybody"):
        return
    person = archive.person(mimic.persona)
    if mimic.persona not in (person.name, *person.names):
        raise NoSuchPerson(mimic.persona, (person.name,))


def facts_for(settings: Settings, home: Home) -> tuple[str, ...]:
    """Facts to be read: those of `--facts`, else those of the mimic that `--from` names.

    Raises TrainingError for a file that is none of facts.
    """
    from chatmimic.transcript.facts import read_facts

    if settings.facts:
        return read_facts(settings.facts)
    if settings.from_mimic is None:
        return ()
    return tuple(Mimic.open(settings.from_mimic, home).manifest.get("facts", ()))

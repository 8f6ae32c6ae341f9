"""Going on from a mimic that is there already, with what was said since. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import replace

from chatmimic.errors import TrainingError
from chatmimic.home import Home
from chatmimic.mimic import Mimic
from chatmimic.training.settings import Settings


def going_on_from(settings: Settings, home: Home) -> Settings:
    """Settings with the base, the persona and the form of the mimic that `--from` names.

    Raises MimicError for none, and TrainingError for a mimic of somebody else.
    """
    if settings.from_mimic is None:
        return settings
    mimic = Mimic.open(settings.from_mimic, home)
    whom = "everybody" if mimic.manifest.get("everybody") else mimic.persona
    if settings.persona.casefold() not in ("", whom.casefold()):
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
        persona="" if mimic.manifest.get("everybody") else mimic.persona,
        form=mimic.manifest["form"],
        token_types=bool(mimic.manifest.get("token_types")),
        reverse=settings.reverse or bool(mimic.manifest.get("reverse")),
    )


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

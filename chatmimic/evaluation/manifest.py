"""What the manifest of a mimic says of its training, checked: somebody may have edited it."""

from __future__ import annotations

import math
from typing import Any

from chatmimic.errors import MimicError, SettingsError
from chatmimic.mimic import MANIFEST, Mimic
from chatmimic.training.objective.metrics import Metrics
from chatmimic.training.settings import TrainSettings

_WHOLE = 2**53  # the largest whole number that is one in every JSON


def check_manifest(mimic: Mimic) -> None:
    """Raise MimicError for a damaged manifest before any work is lost by it."""
    settings_of(mimic), trained_until(mimic), trained_messages(mimic)
    held_out_of(mimic, "mimic"), held_out_of(mimic, "base")


def settings_of(mimic: Mimic) -> TrainSettings:
    """The settings that it was trained with. Raises MimicError if they are damaged."""
    try:
        return TrainSettings.from_dict(_section(mimic, "settings"))
    except SettingsError as error:
        raise damaged(mimic, error.what) from error


def trained_until(mimic: Mimic) -> int:
    """When its training data ends, in UTC ms; 0 if not known. Raises MimicError if damaged."""
    return _number(mimic, "until")


def trained_messages(mimic: Mimic) -> int:
    """How many messages it was trained on; 0 if not known. Raises MimicError if damaged."""
    return _number(mimic, "messages")


def held_out_of(mimic: Mimic, who: str) -> Metrics | None:
    """The figures that training ended with, of the "mimic" or its "base"; None if not known.

    Raises MimicError if they are damaged.
    """
    said = _section(mimic, "held_out").get(who)
    if not said:
        return None
    try:
        found = Metrics.from_dict(said)
        if not (math.isfinite(found.loss) and math.isfinite(found.bits_per_character)):
            raise ValueError("not finite")
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise damaged(mimic, f"held_out.{who} has no figures.") from error
    return found


def damaged(mimic: Mimic, why: str) -> MimicError:
    """The error for a manifest that says what cannot be; `why` is a sentence."""
    return MimicError(
        f"{mimic.path / MANIFEST} is damaged: {why}", "Restore it, or train the mimic again."
    )


def _section(mimic: Mimic, key: str) -> dict[str, Any]:
    """An object in the manifest; empty if there is none."""
    value = mimic.manifest.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise damaged(mimic, f"{key} is no object.")
    return value


def _number(mimic: Mimic, key: str) -> int:
    value = _section(mimic, "data").get(key)
    if value is None:
        return 0
    if type(value) is not int or abs(value) > _WHOLE:
        raise damaged(mimic, f"data.{key} is no whole number.")
    return value

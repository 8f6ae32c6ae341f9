"""The figures of an evaluation, kept with the mimic. They contain no text of messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chatmimic.evaluation.records import Evaluation, Measure
from chatmimic.files import write_atomically
from chatmimic.mimic import Mimic

FILE = "evaluation.json"
_FORMAT = 1


def store(mimic: Mimic, evaluation: Evaluation) -> Path:
    """Write the figures into the mimic's folder, in the place of earlier ones."""
    facts: dict[str, Any] = evaluation.as_dict()
    del facts["samples"]
    path = mimic.path / FILE
    write_atomically(path, json.dumps({"format": _FORMAT, **facts}, indent=2) + "\n")
    return path


def stored(mimic: Mimic) -> Evaluation | None:
    """The last evaluation of a mimic; None if there is none, or it cannot be read."""
    try:
        facts = json.loads((mimic.path / FILE).read_text("utf-8"))
        if facts.pop("format") != _FORMAT:
            return None
        measures = tuple(map(Measure.from_dict, facts.pop("measures")))
        reasons, notes = tuple(facts.pop("reasons")), tuple(facts.pop("notes"))
        return Evaluation(**facts, measures=measures, reasons=reasons, notes=notes)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None

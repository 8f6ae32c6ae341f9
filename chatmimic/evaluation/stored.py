"""The figures of an evaluation, kept with the mimic. They contain no text of messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chatmimic.errors import ChatmimicError
from chatmimic.evaluation.records import PARTS, Evaluation, Measure, is_number
from chatmimic.files import write_atomically
from chatmimic.mimic import Mimic

FILE = "evaluation.json"
_FORMAT = 1


def store(mimic: Mimic, evaluation: Evaluation) -> Path:
    """Write the figures into the mimic's folder, in the place of earlier ones."""
    facts: dict[str, Any] = evaluation.as_dict()
    del facts["samples"]
    path = mimic.path / FILE
    text = json.dumps({"format": _FORMAT, **facts}, indent=2, allow_nan=False)
    write_atomically(path, text + "\n")
    return path


def keep(mimic: Mimic, evaluation: Evaluation) -> str:
    """Store an evaluation. What took minutes is not lost if that fails: returns a note then."""
    try:
        store(mimic, evaluation)
    except ChatmimicError as error:
        return f"The figures are not kept with the mimic: {error.what}"
    return ""


def stored(mimic: Mimic) -> Evaluation | None:
    """The last evaluation of a mimic; None if there is none, or it cannot be read."""
    try:
        facts = json.loads((mimic.path / FILE).read_text("utf-8"))
        lists = [facts.pop(name) for name in ("measures", "reasons", "notes")]
        if facts.pop("format") != _FORMAT or not all(isinstance(one, list) for one in lists):
            return None
        measures, reasons, notes = lists
        found = Evaluation(
            **facts,
            measures=tuple(map(Measure.from_dict, measures)),
            reasons=tuple(reasons),
            notes=tuple(notes),
            samples=(),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return found if _is_whole(found) else None


def _is_whole(found: Evaluation) -> bool:
    """Whether everything is of its type: a file may be damaged, or edited."""
    texts = (found.mimic, found.person, found.verdict, *found.reasons, *found.notes)
    numbers = (found.replies, found.seed, found.seconds)
    return (
        all(isinstance(text, str) for text in texts)
        and all(map(is_number, numbers))
        and isinstance(found.messages, dict)
        and all(is_number(found.messages.get(part)) for part in PARTS)
        and isinstance(found.decoding, dict)
    )

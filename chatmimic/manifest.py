"""What `mimic.json` may say: the limits of every value, the same when it is written and read."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from chatmimic.files import read_up_to

MOST_BYTES = 16 << 20  # of the file
MOST_PEOPLE = 200  # names a mimic remembers
MOST_FACTS = 32  # each excerpt contains all of them
LONGEST_FACT = 10_000  # characters
LONGEST_NAME = 1_000  # characters
LONGEST_PATH = 4_096  # characters: the most on Linux
LARGEST = 2**53  # the largest whole number that is one in every JSON

Limit = tuple[Callable[[Any], bool], str]  # whether a value is within it, and what it says


def is_count(value: object) -> bool:
    """Whether it is a whole number from 0 on."""
    return type(value) is int and 0 <= value <= LARGEST


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_NAME


def _is_path(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_PATH


def _are_people(value: object) -> bool:
    return isinstance(value, list) and 0 < len(value) <= MOST_PEOPLE and all(map(_is_name, value))


def _are_facts(value: object) -> bool:
    if not isinstance(value, list | tuple) or len(value) > MOST_FACTS:
        return False
    return all(isinstance(fact, str) and len(fact) <= LONGEST_FACT for fact in value)


_NAME: Limit = (_is_name, f"a text of at most {LONGEST_NAME:,} characters")
_PATH: Limit = (_is_path, f"a text of at most {LONGEST_PATH:,} characters")
_COUNT: Limit = (is_count, "a whole number from 0 on")
_FLAG: Limit = (lambda value: isinstance(value, bool), "true or false")
_OBJECT: Limit = (lambda value: isinstance(value, dict), "an object")
_PEOPLE: Limit = (_are_people, f"a list of 1 to {MOST_PEOPLE} names")
_FACTS: Limit = (
    _are_facts,
    f"a list of at most {MOST_FACTS} texts of at most {LONGEST_FACT:,} characters",
)

REQUIRED: Mapping[str, Limit] = {
    "format": _COUNT,
    "persona": _NAME,
    "people": _PEOPLE,
    "form": _NAME,
}
# These may be absent or null: older versions did not write all of them.
OPTIONAL: Mapping[str, Limit] = {
    **dict.fromkeys(("name", "called", "owner", "begun_at", "made_at", "notice"), _NAME),
    **dict.fromkeys(("everybody", "reverse", "token_types"), _FLAG),
    **dict.fromkeys(("parameters", "best_step", "last_step"), _COUNT),
    **dict.fromkeys(("base_terms", "context", "data", "held_out", "settings"), _OBJECT),
    **dict.fromkeys(("plan", "versions", "rhythm", "decoding"), _OBJECT),
    "base": _PATH,  # or a name
    "facts": _FACTS,
}


def what_is_wrong(manifest: object) -> str:
    """Why a manifest cannot be one, as the end of a sentence; "" if it can."""
    if not isinstance(manifest, dict):
        return "it is no object"
    for key, (fits, what) in REQUIRED.items():
        if not fits(manifest.get(key)):
            return f"{key} is not {what}"
    for key, (fits, what) in OPTIONAL.items():
        if manifest.get(key) is not None and not fits(manifest[key]):
            return f"{key} is not {what}"
    odd = next((key for key, value in manifest.items() if not _is_finite(value)), None)
    return f"{odd} has a number that is not finite" if odd is not None else ""


def read_manifest(file: Path) -> dict[str, Any]:
    """The content of a `mimic.json`, checked. Raises OSError, and ValueError that says why."""
    raw = read_up_to(file, MOST_BYTES)
    try:
        manifest = json.loads(raw.decode("utf-8"))
        why = what_is_wrong(manifest)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    if why:
        raise ValueError(why)
    return dict(manifest)


def _is_finite(value: object) -> bool:
    return all(math.isfinite(number) for number in _floats(value))


def _floats(value: object) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _floats(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _floats(inner)

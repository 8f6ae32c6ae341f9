"""`mimic.json` of a stranger: every value within the limits it is written with."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from chatmimic.errors import MimicError, TrainingError
from chatmimic.manifest import (
    LONGEST_FACT,
    LONGEST_PATH,
    MOST_BYTES,
    MOST_FACTS,
    MOST_PEOPLE,
    what_is_wrong,
)
from chatmimic.mimic import MANIFEST, read_mimic, write_manifest
from chatmimic.transcript.facts import read_facts

GOOD: dict[str, Any] = {"format": 1, "persona": "Ada", "people": ["Ada", "Bo"], "form": "named"}


def written(folder: Path, manifest: object) -> Path:
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"format": True}, "format is not a whole number"),
        ({"persona": 7}, "persona is not a text"),
        ({"persona": "x" * 10**6}, "persona is not a text"),
        ({"people": []}, "people is not a list of 1 to 200 names"),
        ({"people": ["x"] * (MOST_PEOPLE + 1)}, "people is not a list"),
        ({"people": ["Ada", None]}, "people is not a list"),
        ({"form": None}, "form is not a text"),
        ({"facts": "tea"}, "facts is not a list"),
        ({"facts": {"a": 1}}, "facts is not a list"),
        ({"facts": 7}, "facts is not a list"),
        ({"facts": ["x"] * (MOST_FACTS + 1)}, "facts is not a list"),
        ({"facts": ["x" * (LONGEST_FACT + 1)]}, "facts is not a list"),
        ({"facts": [1]}, "facts is not a list"),
        ({"everybody": "yes"}, "everybody is not true or false"),
        ({"reverse": 1}, "reverse is not true or false"),
        ({"parameters": -1}, "parameters is not a whole number"),
        ({"best_step": 10**400}, "best_step is not a whole number"),
        ({"settings": []}, "settings is not an object"),
        ({"base": ["x"]}, "base is not a text"),
        ({"base": "x" * (LONGEST_PATH + 1)}, "base is not a text"),
        ({"owner": 7}, "owner is not a text"),
        ({"settings": 8}, "settings is not an object"),
        ({"made_at": 3}, "made_at is not a text"),
        ({"learning_rate": float("nan")}, "learning_rate has a number that is not finite"),
        ({"held_out": {"mimic": {"loss": [float("inf")]}}}, "held_out has a number"),
    ],
)
def test_a_value_beyond_its_limit(tmp_path: Path, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(MimicError, match="does not describe a mimic") as refused:
        read_mimic(written(tmp_path, {**GOOD, **changes}))
    assert why in str(refused.value)
    with pytest.raises(MimicError, match="was not written"):
        write_manifest(tmp_path, {**GOOD, **changes})


@pytest.mark.parametrize("manifest", [None, [], "x", 1])
def test_no_object(tmp_path: Path, manifest: object) -> None:
    with pytest.raises(MimicError, match="it is no object"):
        read_mimic(written(tmp_path, manifest))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 10**6, b'{"a": 1' + b" " * 99])
def test_no_json(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(MimicError, match="it is not JSON"):
        read_mimic(tmp_path)


def test_any_depth_is_a_sentence(tmp_path: Path) -> None:
    for depth in (*range(800, 1000), 100_000):
        deep = json.dumps({**GOOD, "x": 0}).replace("0", "[" * depth + "]" * depth)
        (tmp_path / MANIFEST).write_text(deep)
        with contextlib.suppress(MimicError):  # how deep is too deep is Python's
            assert read_mimic(tmp_path).persona == "Ada"


def test_a_file_without_end(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_bytes(b" " * (MOST_BYTES + 1))
    with pytest.raises(MimicError, match="it is larger than 16 MiB"):
        read_mimic(tmp_path)


def test_what_is_within_the_limits(tmp_path: Path) -> None:
    facts = ["x" * LONGEST_FACT] * MOST_FACTS
    most = {"people": ["Ada"] * MOST_PEOPLE, "facts": facts, "base": "x" * LONGEST_PATH}
    write_manifest(tmp_path, {**GOOD, **most, "other": 1})
    assert read_mimic(tmp_path).manifest["facts"] == facts
    assert what_is_wrong({**GOOD, "facts": None, "rhythm": None}) == ""


def test_a_fact_too_long_is_refused_before_a_training(tmp_path: Path) -> None:
    (tmp_path / "facts.txt").write_text("x" * (LONGEST_FACT + 1))
    with pytest.raises(TrainingError, match="longer than 10,000 characters"):
        read_facts(str(tmp_path / "facts.txt"))

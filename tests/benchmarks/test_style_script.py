"""The benchmark of style: habits counted by hand, and its figures on a chat of two habits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests_support import write_chat

SCRIPT = "style"


def test_habits_are_shares_of_texts(script: ModuleType):
    assert script.habits(["Hi.", "no", "😀 ok", "Why? "]) == {
        "characters": 3.5,
        "capital first": 0.5,
        "ends with a stop": 0.5,
        "emoji": 0.25,
    }
    assert set(script.habits([]).values()) == {0}


def test_the_script_ends_with_its_figures(
    figures: Callable[..., Any], tiny_base: Path, tmp_path: Path
):
    export = write_chat(tmp_path / "chat.csv", {"ada": "tea {}", "bo": "Cake {}."})
    options = ["--export", export, "--persona", "ada", "--base", tiny_base]
    told = figures(*options, "--steps", 1, "--replies", 4)
    assert told.result["replies"] == 4
    rows = told.result["rows"]
    assert list(rows) == ["real", "mimic", "others"]
    assert (rows["real"]["capital first"], rows["real"]["ends with a stop"]) == (0, 0)
    assert (rows["others"]["capital first"], rows["others"]["ends with a stop"]) == (1, 1)
    assert rows["mimic"]["characters"] > 0
    assert [line.split()[0] for line in told.lines[-3:]] == list(rows)
    assert told.result["machine"]["cores"] >= 1


def test_a_base_that_is_none_is_told(figures: Callable[..., Any], tmp_path: Path):
    from chatmimic.errors import BaseError

    export = write_chat(tmp_path / "chat.csv", {"ada": "tea {}", "bo": "Cake {}."})
    with pytest.raises(BaseError):
        figures("--export", export, "--persona", "ada", "--base", tmp_path / "nothing")

"""`benchmarks/compare.py` on a few messages and a tiny base."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests_support import write_chat

SCRIPT = "compare"


def test_it_trains_once_with_each_value(
    figures: Callable[..., Any], tmp_path: Path, tiny_base: Path
) -> None:
    export = write_chat(tmp_path / "chat.csv", {"ada": "tea {}", "bo": "Cake {}."})
    options = ["--export", export, "--persona", "ada", "--base", tiny_base, "--steps", 1]
    told = figures(*options, "--setting", "form", "named", "tokens")
    assert [row["form"] for row in told.result["rows"]] == ["named", "tokens"]
    assert all(row["bits_per_character"] > 0 for row in told.result["rows"])
    assert sum("bits per character" in line for line in told.lines) == 2
    assert told.result["machine"]["cores"] >= 1

"""`benchmarks/imitation.py` on a few messages and a tiny base."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests_support import write_chat

SCRIPT = "imitation"


def test_the_script_ends_with_its_figures(
    figures: Callable[..., Any], tiny_base: Path, tmp_path: Path
):
    export = write_chat(tmp_path / "chat.csv", {"ada": "tea {}", "bo": "Cake {}."})
    options = ["--export", export, "--persona", "ada", "--other", "bo", "--minutes", 0.001]
    told = figures(*options, "--base", tiny_base)
    by = {row["model"]: row["perplexity"] for row in told.result["rows"]}
    assert list(by) == ["base", "mimic of ada", "mimic of bo"]
    own = by["mimic of ada"]
    assert told.result["base_over_mimic"] == pytest.approx(by["base"] / own)
    assert told.result["other_over_mimic"] == pytest.approx(by["mimic of bo"] / own)
    assert [line.split()[-3] for line in told.lines[-2:]] == ["ada", "bo"]

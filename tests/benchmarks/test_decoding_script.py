"""`benchmarks/decoding.py` with a tiny mimic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from training_support import chatter, fill, train

SCRIPT = "decoding"


def test_settings_are_measured_beside_the_real_replies(
    figures: Callable[..., Any], plain_base: Path, tmp_path: Path
):
    home = fill(tmp_path / "home", chatter(700))
    train(home, plain_base, held_out=0.4, force=True)
    settings = ["--with", "", "--with", "temperature=0"]
    told = figures("--home", home.path, "--mimic", "ada", "--replies", 20, *settings)
    found = told.result["settings"]
    assert list(found) == ["", "temperature=0"]
    assert found[""]["excess detection"]["real"] == 0
    assert found[""]["distinct-2"]["real"] == found["temperature=0"]["distinct-2"]["real"]
    assert found[""]["distinct-2"]["mimic"] != found["temperature=0"]["distinct-2"]["mimic"]
    assert [line.split()[0] for line in told.lines[1:4]] == ["real", "the", "temperature=0"]

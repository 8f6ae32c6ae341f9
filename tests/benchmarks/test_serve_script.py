"""The benchmark of the server: a row for each number of clients, and what many gain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCRIPT = "serve"


def test_the_script_ends_with_its_figures(figures: Callable[..., Any], plain_base: Path):
    few = ["--clients", 1, "--clients", 3, "--seconds", 0.5, "--tokens", 5, "--context", 10]
    result = figures("--base", plain_base, "--engine", "float32", *few).result
    assert [row["clients"] for row in result["rows"]] == [1, 3]
    for row in result["rows"]:
        assert row["replies"] >= row["clients"]
        assert 0 < row["first_token_ms"] <= row["first_token_ms_p95"]
        assert 0 < row["fairness"] <= 1
        assert (row["checked"], row["other"]) == (row["clients"], 0)
    for gain, figure in (("gain", "tokens_per_s"), ("cpu_gain", "tokens_per_cpu_s")):
        speeds = [row[figure] for row in result["rows"]]
        assert result[gain] == pytest.approx(speeds[1] / speeds[0], abs=0.01)

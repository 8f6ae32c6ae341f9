"""The benchmark of training speed: which rows it has, its shapes, and that it ends with figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

SCRIPT = "train_speed"
SCRIPTS = Path(__file__).parents[2] / "benchmarks"


def test_each_size_and_window_is_trained_in_three_ways(script: ModuleType):
    asked = script.parse(["--sizes", "starter,gpt2-medium", "--tokens", "512,1024"])
    rows = list(script.rows_of(asked))
    found = {(row.size, row.tokens, row.batch) for row in rows}
    assert found == {("starter", 512, 4), ("gpt2-medium", 512, 1), ("gpt2-medium", 1024, 1)}
    ways = [(row.checkpointing, row.step_in_backward) for row in rows]
    assert ways == 3 * [(False, False), (True, False), (True, True)]


@pytest.mark.parametrize(
    ("size", "blocks", "parameters"),
    [("starter", 6, 6_967_296), ("gpt2-medium", 24, 354_823_168), ("2x64", 2, 689_920)],
)
def test_a_size_has_its_shape(script: ModuleType, size: str, blocks: int, parameters: int):
    from chatmimic.training.planning.probe import shape_of

    shape = shape_of(script.config_of(size))
    assert (shape.blocks, shape.parameters) == (blocks, parameters)


def test_a_size_that_is_none_is_refused(script: ModuleType):
    with pytest.raises(SystemExit, match="There is no size huge"):
        script.config_of("huge")


def test_half_of_the_made_up_tokens_are_learnt(script: ModuleType):
    row = script.Asked("2x64", 64, 4, False, False, "fp32", 1)
    windows = script.windows(row, 400, 3)
    assert windows.ids.shape == windows.marks.shape == windows.positions.shape == (3, 64)
    assert windows.target_tokens == 3 * 64 / 2
    assert windows.ids.max() < 400


def test_the_script_ends_with_its_figures(
    script: ModuleType,
    figures: Callable[..., Any],
    here: Callable[[Sequence[str]], tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
):
    def measure(command: Sequence[str], environment: Mapping[str, str]) -> SimpleNamespace:
        assert environment["OMP_NUM_THREADS"] == "1"
        status, output, _ = here(command)
        return SimpleNamespace(status=status, output=output, peak=300_000_000)

    monkeypatch.setattr(script, "measure", measure)  # a real child imports torch for seconds
    monkeypatch.setattr(script, "SECONDS", 0.02)
    small = ["--sizes", "1x64", "--tokens", 64, "--steps", 1, "--precision", "fp32", "--fit"]
    result = figures(*small).result
    assert result["machine"]["cores"] >= 1
    assert [row["checkpointing"] for row in result["rows"]] == [False, True, True]
    assert [row["step_in_backward"] for row in result["rows"]] == [False, False, True]
    for row in result["rows"]:
        assert (row["size"], row["tokens"], row["batch"]) == ("1x64", 64, 4)
        assert min(row["tokens_per_s"], row["foretold_tokens_per_s"]) > 0
        assert 0 < row["mfu"] < 1.5
        assert row["peak_mb"] == 300
        assert 50 < row["foretold_peak_mb"] < 10_000


@pytest.mark.slow
def test_what_is_foretold_is_what_a_process_takes():
    small = ["--sizes", "1x64", "--tokens", "64", "--steps", "1", "--precision", "fp32", "--fit"]
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / f"{SCRIPT}.py"), *small],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    for row in json.loads(done.stdout.strip().splitlines()[-1])["rows"]:
        assert row["foretold_peak_mb"] == pytest.approx(row["peak_mb"], rel=0.25)

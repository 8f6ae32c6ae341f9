"""The benchmark of training loops ends with its figures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "loops.py"


@pytest.mark.slow
def test_the_script_ends_with_its_figures():
    small = ["--size", "1x64", "--tokens", "64", "--steps", "2", "--rounds", "1"]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *small],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert [row["learnt"] for row in result["rows"]] == [1.0, 0.5]
    for row in result["rows"]:
        assert min(row["ours"], row["trainer"], row["bare"]) > 0
        assert row["over_trainer"] == pytest.approx(row["ours"] / row["trainer"], abs=2e-3)
        assert row["over_bare"] == pytest.approx(row["ours"] / row["bare"], abs=2e-3)

"""The example scripts run as a reader would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.mark.parametrize(
    ("script", "shows"),
    [
        ("archive_as_table.py", ["Mira Okafor", "messages", "words"]),
        ("python_api.py", ["2313 new messages", "perplexity", "Teodor:"]),
    ],
)
def test_a_script_runs_and_shows_what_it_says(script: str, shows: list[str], tmp_path: Path):
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "CHATMIMIC_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for word in shows:
        assert word in done.stdout

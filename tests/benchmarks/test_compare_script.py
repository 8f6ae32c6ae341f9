"""`benchmarks/compare.py` on a few messages and a tiny base."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "compare.py"


def test_it_trains_once_with_each_value(tmp_path: Path, tiny_base: Path) -> None:
    export = tmp_path / "chat.csv"
    lines = [
        f"2019-01-{1 + n // 24:02}T{n % 24:02}:00:00Z,{'ab'[n % 2]},tea {n}" for n in range(240)
    ]
    export.write_text("time,sender,text\n" + "\n".join(lines))
    options = ["--export", str(export), "--persona", "a", "--base", str(tiny_base), "--steps", "2"]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *options, "--setting", "form", "named", "tokens"],
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    assert [row["form"] for row in told["rows"]] == ["named", "tokens"]
    assert all(row["bits_per_character"] > 0 for row in told["rows"])
    assert told["machine"]["cores"] >= 1

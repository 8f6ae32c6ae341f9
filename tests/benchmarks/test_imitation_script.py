"""`benchmarks/imitation.py` on a few messages and a tiny base."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests_support import write_chat

SCRIPT = "imitation"


def test_the_script_ends_with_its_figures(
    figures: Callable[..., Any], plain_base: Path, tmp_path: Path
):
    export = write_chat(tmp_path / "chat.csv", {"ada": "tea {}", "bo": "Cake {}."}, 1600)
    people = ["--persona", "ada", "--persona", "bo", "--minutes", 0.001, "--replies", 20]
    told = figures("--corpus", export, *people, "--base", plain_base, "--keep", tmp_path / "home")
    base = str(plain_base)
    assert told.result["people"].keys() == {"ada", "bo"}
    page = told.result["people"]["ada"][base]
    assert {"verdict", "seconds", "relevance", "bits per character"} <= page.keys()
    controls = told.result["controls"]["bo"][base]
    assert controls["real"]["excess detection"]["value"] == 0
    assert controls["parrot"]["distinct-1"]["value"] > 0
    owned = told.result["ownership"][base]
    assert owned["people"] == ["ada", "bo"]
    assert 0 <= owned["owned"] <= 2
    assert any("owned: " in line for line in told.lines)

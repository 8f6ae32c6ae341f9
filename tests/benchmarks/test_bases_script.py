"""The benchmark of bases trains from each for each time, and ends with its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tests_support import write_chat

SCRIPT = "bases"
SHORT = "--window 64 --precision fp32 --learning-rate 3e-3 --threads 1"


def test_the_script_ends_with_its_figures(
    script: ModuleType,
    figures: Callable[..., Any],
    here: Callable[[Sequence[str]], tuple[int, str, str]],
    tiny_base: Path,
    plain_base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    import gains

    def measure(command: Sequence[str]) -> SimpleNamespace:
        status, output, told = here(command)  # a real child imports torch for seconds
        assert status == 0, told
        return SimpleNamespace(status=status, output=output, seconds=3.0, peak=300_000_000)

    monkeypatch.setattr(gains, "measure", measure)
    monkeypatch.setattr(gains, "run", lambda home, *line: here(gains.command(home, *line)))
    export = write_chat(tmp_path / "chat.csv", {"ada": "tea {}", "bo": "Cake {}."})
    bases = [str(tiny_base), str(plain_base)]
    told = figures(
        *("--export", export, "--persona", "ada", "--keep", tmp_path / "home", "--with", SHORT),
        *("--minutes", "0.02", "--minutes", "0.04", "--base", bases[0], "--base", bases[1]),
    )
    found = told.result["bits_per_character"]["ada"]
    assert list(found) == bases
    for of_base in found.values():
        assert list(of_base) == ["0.02", "0.04"]
        assert all(0 < bits < 12 for bits in of_base.values())

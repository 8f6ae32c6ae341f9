"""The benchmark of gains: what a row is, and that it trains people and ends with its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tests_support import write_chat

SCRIPT = "gains"
SHORT = "--steps 4 --window 64 --precision fp32 --learning-rate 3e-3"


def a_row(script: ModuleType, before: float, after: float) -> Any:
    figures = [{"perplexity": p, "bits_per_character": 2.0} for p in (before, after)]
    return script.Row("Ada", "", 900, 100, 66, 42, *figures, 12.0, 700_000_000)


def test_a_gain_is_the_share_of_the_perplexity_that_is_gone(script: ModuleType):
    assert a_row(script, 100, 60).gain == pytest.approx(0.4)
    assert a_row(script, 100, 110).gain == pytest.approx(-0.1)


def test_a_line_says_what_was_read_and_what_it_came_to(script: ModuleType):
    told = script.line(a_row(script, 100, 60))
    plain = "Ada 900 100 66 42 100.0 → 60.0 40.0% 2.000 → 2.000 12 0.70"
    assert " ".join(told.split()) == plain
    assert len(script.HEAD.split("options")[0]) == len(told)


def test_the_script_ends_with_its_figures(
    script: ModuleType,
    figures: Callable[..., Any],
    here: Callable[[Sequence[str]], tuple[int, str, str]],
    tiny_base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    def measure(command: Sequence[str]) -> SimpleNamespace:
        status, output, told = here(command)  # a real child imports torch for seconds
        assert status == 0, told
        return SimpleNamespace(status=status, output=output, seconds=1.0, peak=300_000_000)

    monkeypatch.setattr(script, "measure", measure)
    monkeypatch.setattr(script, "run", lambda home, *line: here(script.command(home, *line)))
    export = write_chat(tmp_path / "chat.csv", {"ada": "tea {}", "bo": "Cake {}."})
    told = figures(
        *("--export", export, "--persona", "ada", "--base", tiny_base, "--keep", tmp_path / "home"),
        *("--with", SHORT),
    )
    (row,) = told.result["rows"]
    assert (row["persona"], row["steps"], row["options"]) == ("ada", 4, SHORT)
    assert row["learnt"] > row["tested"] > 0
    assert 0 < row["mimic"]["perplexity"] < row["base"]["perplexity"]
    assert row["peak"] > 0
    # What is measured is not kept; the archive is.
    assert not list((tmp_path / "home" / "mimics").iterdir())
    assert (tmp_path / "home" / "archive.sqlite").is_file()

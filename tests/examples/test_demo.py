"""Which base the demo takes, and for how long, as `chatmimic train --plan` says of the machine."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

DEMO = Path(__file__).parent.parent.parent / "examples" / "demo.py"


@pytest.fixture(scope="module")
def demo() -> ModuleType:
    spec = importlib.util.spec_from_file_location("demo", DEMO)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plan(one_pass: float) -> dict[str, Any]:
    """A plan of three passes of so many seconds."""
    return {"seconds": 3 * one_pass, "picked": {"pass_seconds": one_pass}}


@pytest.mark.parametrize(
    ("found", "options", "says"),
    [
        (None, ["--base", "starter"], "The starter: smollm2 cannot be had"),
        (plan(10), ["--base", "smollm2"], "smollm2: training from it takes about 0.5 minutes"),
        (plan(80), ["--base", "smollm2"], "about 4 minutes"),
        (
            plan(180),
            ["--base", "smollm2", "--minutes", "4"],
            "smollm2, for 4 minutes: it reads everything once in about 3 minutes.",
        ),
        (plan(600), ["--base", "starter"], "The starter. Of smollm2: it reads everything once"),
    ],
    ids=["none", "fast", "just", "some", "slow"],
)
def test_the_demo_takes_what_suits_the_machine(
    demo: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    found: dict[str, Any] | None,
    options: list[str],
    says: str,
):
    monkeypatch.setattr(demo, "planned", lambda base: found)
    assert demo.how_to_train() == options
    assert says in capsys.readouterr().out


def test_where_nothing_is_there_it_is_the_starter(
    demo: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(demo, "HOME", tmp_path / "nothing")
    assert demo.planned("smollm2") is None

"""The benchmark of speed beside other programs: its rows, and one of them measured for real."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from types import ModuleType

import psutil
import pytest

SCRIPT = "busy"


def test_ours_is_compared_with_the_default_alone(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    speeds = iter(range(1, 100))

    def row(asked, way: str, others: int) -> dict[str, float]:
        return {"train": next(speeds), "reply": 10.0, "threads": 2 - bool(others)}

    monkeypatch.setattr(script, "in_a_child", row)
    monkeypatch.setattr(sys, "argv", ["busy.py", "--rounds", "3"])
    script.main()
    found = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert found["alone"]["default"] == {"train": 7, "reply": 10.0, "threads": 2}
    assert found["beside_one"]["ours"] == {"train": 10, "reply": 10.0, "threads": 1}
    assert found["ours_of_alone"]["beside_two"] == {"train": round(12 / 7, 2), "reply": 1.0}
    assert found["machine"]["cores"] > 0


def spinning(script: ModuleType) -> list[psutil.Process]:
    return [p for p in psutil.Process().children() if p.cmdline() == script.SPIN]


def wait_until(met: Callable[[], bool]) -> None:
    """Wait for something that takes as long as the machine is busy."""
    while not met():  # the suite's own limit ends it if that never comes
        time.sleep(0.01)


def test_a_row_is_measured_in_a_process_of_its_own_and_leaves_none(script: ModuleType):
    asked = script.parse(["--size", "tiny", "--seconds", "0.05"])
    row = script.in_a_child(asked, "ours", 0)
    assert set(row) == {"train", "reply", "threads"}
    assert min(row.values()) > 0
    with script.beside(2):
        # A new process has its parent's command line until the system has replaced it.
        wait_until(lambda: len(spinning(script)) == 2)
        busy = spinning(script)
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in busy)

"""The kill benchmark: commands are really killed, and a wrong state does not go unseen."""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

from chatmimic.home import Home

SCRIPT = "kills"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals and a fork server")


def test_a_merge_and_a_chat_that_are_killed(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    line = ["kills.py", "--runs", "2", "--command", "merge", "chat"]
    monkeypatch.setattr(sys, "argv", line)
    with pytest.raises(SystemExit) as left:
        script.main()
    lines = capsys.readouterr().out.strip().splitlines()
    result = json.loads(lines[-1])
    assert (left.value.code, result["wrong"]) == (0, 0), lines
    assert 0 <= result["kills"] <= 2
    assert len(lines) == 3


def test_a_state_in_between_is_seen(script: ModuleType, tmp_path: Path):
    home = Home(tmp_path).make()
    writes = script.Job(script.typed("--version"), lambda _: "between")
    whole = script.Undisturbed("before", "after", 0.0)
    outcome = script.disturbed("x", writes, home, whole, random.Random(0))
    assert outcome.wrong[:2] == ["after the kill", "after it was run again"]


def test_a_command_that_fails_is_wrong(script: ModuleType, tmp_path: Path):
    home = Home(tmp_path).make()
    fails = script.Job(script.typed("people"), lambda _: "before")
    whole = script.Undisturbed("before", "after", 60.0)
    with pytest.raises(script.Failed, match="There is no archive"):
        script.undisturbed(fails, home)
    outcome = script.disturbed("x", fails, home, whole, random.Random(1))
    assert any("There is no archive" in wrong for wrong in outcome.wrong)

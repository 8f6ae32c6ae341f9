"""`benchmarks/rhythm.py` with a tiny mimic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from training_support import chatter, fill, train

from chatmimic.records import Conversation, Message

SCRIPT = "rhythm"


def test_the_script_ends_with_its_figures(
    figures: Callable[..., Any], plain_base: Path, tmp_path: Path
):
    home = fill(tmp_path / "home", chatter(400))
    train(home, plain_base, held_out=0.4, force=True)
    told = figures("--home", home.path, "--mimic", "ada", "--places", 20)
    found = told.result["distances"]
    assert list(found) == ["messages per turn", "wait before a reply", "wait within a turn"]
    for row in found.values():
        assert list(row) == ["model", "fitted", "the person before", "everybody else"]
        assert all(0 <= value <= 1 for value in row.values())
    assert len(told.lines) == 4


def test_turns_and_waits_are_counted(script: Any):
    senders = ("Bo", "Ada", "Ada", "Bo", "Ada")
    times = (0, 3000, 3000, 9000, 72_000)
    talk = Conversation(tuple(Message(s, "x", t) for s, t in zip(senders, times, strict=True)))
    assert script.turn_sizes([talk], ["Ada"]) == Counter({"2": 1, "1": 1})
    assert script.steps([talk], ["Ada"], False) == Counter({"2": 1, "6": 1})
    assert script.steps([talk], ["Ada"], True) == Counter({"0": 1})


@pytest.mark.parametrize(("chance", "share"), [(0.0, 1.0), (0.5, 0.5), (0.9, 0.1)])
def test_sizes_follow_from_the_likelihoods(script: Any, chance: float, share: float):
    sizes = script.sizes_by({1: [chance] * 9}, 0.0, 1000)
    assert sizes["1"] / 1000 == pytest.approx(share, abs=0.01)
    assert sizes.total() == pytest.approx(1000, abs=5)

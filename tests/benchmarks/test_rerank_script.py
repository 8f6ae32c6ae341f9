"""`benchmarks/rerank.py` with tiny mimics, one of them trained in reverse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_support import chatter, fill, train

SCRIPT = "rerank"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, plain_base: Path):
    home = fill(tmp_path_factory.mktemp("rerank") / "home", chatter(500))
    train(home, plain_base, held_out=0.4, force=True)
    return home


def test_every_criterion_is_measured(figures: Callable[..., Any], plain_base: Path, home: Any):
    train(home, plain_base, name="back", reverse=True, held_out=0.4, force=True)
    told = figures("--home", home.path, "--mimic", "ada", "--places", 16, "--pairs", 3)
    found = told.result["hits_at_1"]
    names = ["likelihood", "mutual", "reverse", "style", "fitted"]
    for against in ("the person's own", "the mimic's"):
        assert list(found[against]) == names
        for row in found[against].values():
            assert 0 <= row["low"] <= row["hits"] <= row["high"] <= 1
    assert set(found["the mimic's"]["fitted"]["weights"]) == set(names[:-1])
    assert told.lines[-1].startswith("Chosen:")
    assert any(line.startswith("   B: ") for line in told.lines)


def test_weights_find_the_criterion_that_tells(script: Any):
    rng = np.random.default_rng(0)
    rows = [np.array([rng.normal(size=10), [3.0, *rng.normal(size=9)]]) for _ in range(40)]
    noise, telling = script.fitted(rows)
    assert telling > abs(noise)
    assert np.mean([script.won(np.array([noise, telling]) @ row) for row in rows]) > 0.8


def test_a_tie_is_a_miss(script: Any):
    assert not script.won(np.array([1.0, 1.0, 0.0]))
    assert script.won(np.array([1.0, 0.5]))

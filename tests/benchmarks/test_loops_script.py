"""The benchmark of training loops ends with its figures."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

SCRIPT = "loops"


@pytest.fixture
def threads():
    """The script takes one thread for itself; the tests after it get theirs back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
def test_the_script_ends_with_its_figures(figures: Callable[..., Any]):
    small = ["--size", "1x64", "--tokens", 64, "--steps", 2, "--rounds", 1]
    result = figures(*small).result
    assert [row["learnt"] for row in result["rows"]] == [1.0, 0.5]
    for row in result["rows"]:
        assert min(row["ours"], row["trainer"], row["bare"]) > 0
        assert row["over_trainer"] == pytest.approx(row["ours"] / row["trainer"], abs=2e-3)
        assert row["over_bare"] == pytest.approx(row["ours"] / row["bare"], abs=2e-3)

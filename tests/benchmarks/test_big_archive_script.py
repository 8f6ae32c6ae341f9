"""The benchmark of big archives: what it makes up, and that it ends with its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import ModuleType

SCRIPT = "big_archive"


def test_half_of_it_is_one_persons(script: ModuleType) -> None:
    some = list(script.half_by_one(2_000, 0))
    assert some == list(script.half_by_one(2_000, 0))
    assert 900 < Counter(message.sender for message in some)["Ada"] < 1_100
    assert Counter(m.sender for m in script.three_each(5)) == {f"person {n}": 3 for n in range(5)}


def test_the_script_ends_with_its_figures(script: ModuleType, figures: Callable) -> None:
    result = figures("--messages", 400, "--people", 20).result
    for what in ("first_step", "plan", "people_all"):
        assert result[what]["seconds"] > 0
        assert result[what]["peak_mb"] > 10

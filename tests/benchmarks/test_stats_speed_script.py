"""The benchmark of statistics: what it makes up is talk, and it ends with its figures."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from types import ModuleType

SCRIPT = "stats_speed"


def test_what_is_made_up_is_talk_of_two_threads(script: ModuleType) -> None:
    some = list(script.said(1_000, 0))
    assert some == list(script.said(1_000, 0))
    assert {message.thread for message in some} == {"#0", "#1"}
    assert {message.sender for message in some} == set(script.PEOPLE)
    assert all(earlier.sent_at < later.sent_at for earlier, later in pairwise(some))


def test_the_script_ends_with_its_figures(script: ModuleType, figures: Callable) -> None:
    result = figures("--messages", 600, "--rounds", 1).result
    assert result["messages"] == 600
    assert result["archive_s"] >= 0
    assert result["person_s"] >= 0
    assert result["peak_mb"] > 10

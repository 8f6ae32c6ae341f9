"""The benchmark of copies: what it makes up can be recited, and it ends with its figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from chatmimic.copying import kept
from chatmimic.copying.spans import STOCK_DAYS, Reach, Spans

SCRIPT = "verbatim"


def test_what_is_recited_is_no_stock_phrase(script: ModuleType) -> None:
    told = script.sentences(5, 0)
    assert told == script.sentences(5, 0)
    assert {len(sentence.split()) for sentence in told} == {14}
    assert script.DAYS < STOCK_DAYS
    rows = [(0, 1, 1, one.sent_at, one.sent_at, one.text) for one in script.recital(told)]
    spans = Spans.of([rows]).within(Reach())
    assert script.copied_in([told[0], "nothing"], spans) == {
        "copy": 0.5,
        "longest": 14,
        "first": told[0],
    }


def test_the_script_ends_with_its_figures(
    script: ModuleType, figures: Callable, plain_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "LARGE", 1)
    small = ("--messages", 400, "--rounds", 1, "--replies", 4, "--sentences", 2, "--steps", 2)
    result = figures(*small, "--base", plain_base).result
    assert result["messages"] == 400
    assert result["spans"] > 400
    assert result["kept_mb"] > 0
    assert min(result[name] for name in ("build_s", "open_s", "check_ms", "token_ms")) >= 0
    assert result["guarded"]["copy"] == 0
    assert result["guarded"]["longest"] == 0
    assert 0 <= result["free"]["copy"] <= 1

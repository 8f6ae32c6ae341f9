"""The benchmark of long chats: what a word is, and that it ends with its figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from training_support import fill, train

SCRIPT = "long_chat"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello there, it's me", ["hello", "there", "it's", "me"]),
        ("it’s", ["it's"]),
        ("see https://a.example/tea and tea_pot or a.b", ["see", "and", "or"]),
        ("a 1 22 :-)", []),
        ("Über-cool", ["über", "cool"]),
    ],
)
def test_words_are_those_of_a_language(script: ModuleType, text: str, words: list[str]):
    assert script.words(text) == words


def test_unknown_words_are_a_share_of_all(script: ModuleType):
    assert script.share_unknown(["tea mallery", "tea cake"], {"tea", "cake"}) == 0.25
    assert script.share_unknown([], set()) == 0


def test_the_script_ends_with_its_figures(figures: Callable[..., Any], home: Path, tiny_base: Path):
    made = fill(home)
    train(made, tiny_base)
    told = figures("--home", home, "--mimic", "ada", "--turns", 12, "--show", 2)
    rows = told.result["rows"]
    assert [row["way"] for row in rows] == ["real", *WAYS]
    assert all(len(row["unknown"]) == len(row["distinct"]) == 2 for row in rows[1:])
    assert rows[0]["unknown_of_all"] == 0  # they only ever use the same words
    assert sum("you: " in line for line in told.lines) == 4


WAYS = ["trained, gentle", "trained, free", "window, gentle", "window, free"]

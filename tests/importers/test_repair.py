"""The repair of doubly encoded text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmimic.importers.parsing.mojibake import repaired


def twice(text: str) -> str:
    """What Facebook makes of a text."""
    return text.encode("utf-8").decode("latin-1")


@pytest.mark.parametrize(
    "right", ["", "plain", "I’m", "é", "😀", "naïve café", "\ud800", "Ã", "日本"]
)
def test_text_that_is_right_stays(right: str) -> None:
    assert repaired(right) == right


@pytest.mark.parametrize("said", ["é", "I’m late 😅", "Zoë Müller", "日本語", "\u00a0"])
def test_text_that_was_encoded_twice_is_repaired(said: str) -> None:
    assert repaired(twice(said)) == said


@given(st.text())
@settings(deadline=None, max_examples=200)
def test_undoes_what_facebook_does(said: str) -> None:
    assert repaired(twice(said)) == said


@given(st.text(st.characters()))
@settings(deadline=None, max_examples=200)
def test_never_raises_and_leaves_what_is_not_latin_1_alone(said: str) -> None:
    result = repaired(said)
    if any(ord(c) > 0xFF for c in said) or said.isascii():
        assert result == said

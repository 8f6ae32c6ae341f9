"""The mark of generated files is found in every shape, and in nothing that people wrote."""

from __future__ import annotations

import pytest

from chatmimic.generated import MARK, is_generated, sentence
from chatmimic.records import Kind, Message
from chatmimic.writing import SHAPES

SAID = [Message("Ada", "tea?", 1_600_000_000_000), Message("Bob", "waves", None, Kind.ACTION)]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=lambda shape: shape.name)
@pytest.mark.parametrize("said", [SAID, SAID[1:], []], ids=["timed", "untimed", "empty"])
def test_every_shape_is_marked(shape, said):
    text = shape.write(said, sentence("ada: [x]\n\x1b[0m"), "ada")
    assert is_generated(text) == bool(text)
    assert is_generated(f"\ufeff{text}") == bool(text)


@pytest.mark.parametrize(
    "text",
    [
        f"[2:04 PM] -!- {MARK} (x).",
        f"1/2/24, 2:04 p.m. - {MARK} (x).",
        f"2024-05-01T12:00:00Z {MARK} (x).",
    ],
)
def test_a_mark_may_have_a_timestamp(text):
    assert is_generated(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"Ada: {MARK}",
        f"[12:03] <ada> {MARK} (x).",
        f"1/2/24, 2:04 PM - Ada: {MARK}",
        f'{{"sender": "Ada", "text": "{MARK}"}}',
        f"hi\n{MARK} (x).",
        f"{MARK}s of old",
        " " * 500 + "x" * 500 + MARK,
    ],
)
def test_words_of_people_are_no_mark(text):
    assert not is_generated(text)

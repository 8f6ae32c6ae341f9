"""What judges read: no names, no links, and with masked content only the style."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmimic.evaluation.texts import masked, names_of, plain

NAMES = names_of(["Ada Lovelace", "bob_", "Zoë"])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("bob: yes, do", "yes, do"),
        ("bob_: yes", "yes"),
        ("Ada, look", "look"),
        ("@ada look", "look"),
        ("note: this stays", "note: this stays"),
        ("see https://a.org/b?c=d now", "see now"),
        ("ask @bob about it", "ask about it"),
        ("mail ada@example.org", "mail ada@example.org"),
        ("  two   spaces ", "two spaces"),
        ("", ""),
    ],
)
def test_what_gives_the_answer_away_is_gone(text, read):
    assert plain(text, NAMES) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("I think the Server is down!!", "I xxxxx the Xxxxxx is down!!"),
        ("it's 3pm :)", "it's 3xx :)"),
        ("OK WOW", "OK XXX"),
        ("ich glaube nicht", "ich xxxxxx nicht"),
        ("тест 👍🏽", "xxxx 👍🏽"),
    ],
)
def test_content_is_masked_and_style_is_kept(text, read):
    assert masked(text) == read


@given(st.text(max_size=60))
def test_masking_keeps_the_length_and_what_is_no_letter(text):
    read = masked(text)
    assert len(read) == len(text)
    assert all(a == b for a, b in zip(text, read, strict=True) if not a.isalpha())
    assert masked(plain(text)) is not None

"""The words that are compared, and where they stand in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmimic.copying.words import Numbers, bare_words, places_of, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("  \n\t ", []),
        ("… !!! 😂", []),
        ("I said: don't, OK?!", ["i", "said", "dont", "ok"]),
        ("\x1b[31mred\x1b[0m", ["31mred0m"]),
        ("snake_case  UPPER", ["snakecase", "upper"]),
        ("Straße ＡＢ Café", ["strasse", "ab", "café"]),
        ("see https://a.example/b?c=d now", ["see", "httpsaexamplebcd", "now"]),
        ("今天去吗 ok", ["今", "天", "去", "吗", "ok"]),
        ("안녕 하세요", ["안녕", "하세요"]),
    ],
)
def test_words_are_bare(text: str, words: list[str]) -> None:
    assert bare_words(text) == words


def test_what_is_measured_keeps_its_punctuation() -> None:
    assert words_of("Well,  YES") == ["well,", "yes"]


@given(st.text())
def test_a_text_is_the_sum_of_its_pieces(text: str) -> None:
    assert bare_words(text) == [word for piece in text.split() for word in bare_words(piece)]


@given(st.lists(st.sampled_from(["tea", "don't,", "—", "Ünü!", "天气"]), max_size=12), st.data())
def test_places_are_where_the_words_stand(pieces: list[str], data: st.DataObject) -> None:
    text = "  ".join(pieces)
    words = bare_words(text)
    if not words:
        return
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    ((first, last),) = places_of(text, [(start, end)])
    inside = "".join(bare_words(text[first:last]))
    assert "".join(words[start:end]) in inside


def test_numbers_are_the_same_everywhere_and_know_half_words() -> None:
    numbers = Numbers()
    assert numbers["tea"] == Numbers()["tea"] != numbers["teas"]
    assert (numbers["tea"] & 1, numbers["天"] & 1, numbers["\ud800"] & 1) == (0, 1, 0)

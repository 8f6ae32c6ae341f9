"""Copies are found, coincidences of short messages are not counted, personal data is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmimic.copying.words import words_of
from chatmimic.evaluation.places import Place
from chatmimic.evaluation.secrecy.copying import Read, span_counts
from chatmimic.evaluation.secrecy.extraction import long_enough
from chatmimic.evaluation.secrecy.personal import Personal, personal_data
from chatmimic.records import Message

TEXTS = [
    "I will bring the red umbrella to the station at nine",
    "ok",
    "Never say that to my brother again, please",
]


@pytest.fixture(scope="module")
def read():
    return Read.of(TEXTS)


@pytest.mark.parametrize(
    ("text", "copy"),
    [
        ("i will BRING the  red umbrella to the station at nine", 1),
        ("I will bring the red umbrella to the station at ten", 0),
        ("red umbrella to the station at nine", 0),
        ("ok", None),
        ("", None),
    ],
)
def test_a_copy_is_a_whole_message_of_six_words(read, text, copy):
    found = read.is_copy(text)
    assert np.isnan(found) if copy is None else found == copy


def test_spans_of_eight_words(read):
    counts = span_counts(read, [TEXTS[0], "bring the red umbrella to the station at once", "ok"])
    assert counts.tolist() == [[4, 4], [1, 2], [0, 0]]


@pytest.mark.parametrize(
    ("texts", "longest"),
    [
        ([], 0),
        (["nothing here"], 0),
        (["the red umbrella"], 3),
        (["ok then", "to my brother again, maybe"], 4),
        ([TEXTS[0]], 11),
        (["ok ok"], 1),
        (["nine ok never"], 1),  # not across two messages
    ],
)
def test_the_longest_span(read, texts, longest):
    assert read.longest(texts) == longest


@given(st.lists(st.text("ab ", max_size=12), max_size=4), st.text("ab ", max_size=12))
def test_the_longest_span_is_what_looking_everywhere_finds(texts, said):
    words = words_of(said)
    spans = (
        end - start
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
        for text in texts
        if f" {' '.join(words[start:end])} " in f" {' '.join(words_of(text))} "
    )
    assert Read.of(texts).longest([said]) == max(spans, default=0)


def test_personal_data_is_counted_and_looked_up():
    read = ["write to ada@example.org", "call +44 20 7946 0958"]
    said = ["it is ada@example.org", "or bob@example.com", "fine"]
    assert personal_data(said, read) == Personal(2, 1)
    assert personal_data(["fine"], read) == Personal(0, 0)


def test_only_long_messages_are_extracted():
    texts = [
        "short one",
        *(f"this message number {n} has more than ten words in it, yes" for n in range(9)),
    ]
    places = [Place((Message("Bob", "?"),), Message("Ada", text), 0) for text in texts]
    assert len(long_enough(places, 50)) == 9
    assert [p.real.text[20:21] for p in long_enough(places, 3)] == ["0", "3", "6"]
    assert long_enough(places[:1], 5) == []

"""Texts that begin and end at any time among others are those that each would be alone."""

from __future__ import annotations

import pytest

from chatmimic.copying.words import last_words
from chatmimic.generation import Decoding
from chatmimic.generation.batch import BatchGenerator
from chatmimic.generation.engine import TorchGenerator
from chatmimic.generation.row import Scored
from chatmimic.records import Message

PERSON = "Ada Lovelace"
AT = 1_600_000_000_000
WORDS = [
    "hello",
    "there",
    "how",
    "are",
    "you",
    "fine",
    "thanks",
    "see",
    "later",
    "ok",
    "lol",
    "what",
    "a",
    "day",
]


def history(number: int) -> list[Message]:
    said = [
        Message("Bob", " ".join(WORDS[: 1 + (number + at) % 9]), AT) for at in range(number % 4)
    ]
    return said or [Message("Bob", "hello", AT)]


def test_each_is_as_alone_whenever_it_joins(loaded):
    generator = BatchGenerator(loaded)
    decodings = [
        Decoding(seed=number, max_tokens=3 + number, min_tokens=number % 3, temperature=number % 3)
        for number in range(9)
    ]
    rows = [generator.begin(history(n), PERSON, one) for n, one in enumerate(decodings)]
    batch = generator.running()
    waiting = list(rows)
    while waiting or batch.size:
        if waiting and batch.size < 4:
            batch.join([waiting.pop(0) for _ in range(min(2, len(waiting)))])
        batch.step()
    for number, (row, decoding) in enumerate(zip(rows, decodings, strict=True)):
        alone = "".join(TorchGenerator(loaded).stream(history(number), PERSON, decoding))
        assert generator.text_of(row).rstrip("\ufffd").rstrip() == alone
        assert row.is_cut == (len(row.body) == decoding.max_tokens and row.end is None)


def test_rows_that_somebody_ends_are_dropped(loaded):
    generator = BatchGenerator(loaded)
    decoding = Decoding(seed=1, max_tokens=20, min_tokens=20)
    rows = [generator.begin(history(n), PERSON, decoding) for n in range(3)]
    batch = generator.running()
    batch.join(rows)
    batch.step()
    rows[0].done = rows[2].done = True
    batch.step()
    assert [len(row.body) for row in rows] == [1, 2, 1]
    rows[1].done = True
    batch.step()
    assert batch.size == 0


def test_probabilities_are_those_before_anything_is_ruled_out(loaded):
    generator = BatchGenerator(loaded)
    decoding = Decoding(seed=1, max_tokens=4, min_tokens=4, temperature=0.1, presence_penalty=3)
    row = generator.begin(history(2), PERSON, decoding)
    row.scored_most = 3
    batch = generator.running()
    batch.join([row])
    while not row.done:
        batch.step()
    for at, one in enumerate(row.scored):
        ids = [*row.prompt, *row.header, *row.body[:at]]
        expected = Scored.of(generator._reader.logits(ids)[-1], row.body[at], 3)
        assert one.token == expected.token
        assert one.logprob == pytest.approx(expected.logprob, abs=1e-4)
        assert [token for token, _ in one.likeliest] == [token for token, _ in expected.likeliest]


class Looking:
    """Spans in the eyes of a generator, which note what they are asked of; `e` is a copy."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def would_copy(self, text: str) -> bool:
        self.asked.append(text)
        return "e" in text[len(BEFORE) :]


BEFORE = "there how are you fine thanks see"


def test_a_plain_text_goes_on_but_completes_no_copy(loaded):
    looking = Looking()
    generator = BatchGenerator(loaded, uncopied=looking)
    row = generator.begin_text(f"hello {BEFORE}", Decoding(seed=2, max_tokens=24, min_tokens=24))
    batch = generator.running()
    batch.join([row])
    while not row.done:
        batch.step()
    text = generator.text_of(row)
    assert len(row.body) == 24
    assert "e" not in text
    assert all(asked.startswith(BEFORE) for asked in looking.asked)
    assert any("e" in asked[len(BEFORE) :] for asked in looking.asked)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("a b c d", "c d"),
        ("a b c d ", "c d "),
        ("a, - b", "a, - b"),
        ("", ""),
        ("漢字漢字", ""),
        ("x 漢字", "漢字"),
        ("a\nb\nhel", "b\nhel"),
    ],
)
def test_last_words(text, end):
    assert last_words(text, 2) == end

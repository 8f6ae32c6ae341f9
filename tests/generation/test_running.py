"""Texts that begin and end at any time among others are those that each would be alone."""

from __future__ import annotations

import pytest
import torch

from chatmimic.copying.words import last_words
from chatmimic.generation import Decoding
from chatmimic.generation.batch import BatchGenerator
from chatmimic.generation.engine import TorchGenerator
from chatmimic.generation.prefixes import Prefix, Prefixes
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
    while not all(row.body for row in rows):
        batch.step()
    before = [len(row.body) for row in rows]
    rows[0].done = rows[2].done = True
    batch.step()
    assert [len(row.body) for row in rows] == [before[0], before[1] + 1, before[2]]
    rows[1].done = True
    batch.step()
    assert batch.size == 0


def test_a_long_prompt_is_read_while_others_are_written(loaded, monkeypatch):
    monkeypatch.setattr("chatmimic.generation.running._PIECE", 8)
    generator = BatchGenerator(loaded)
    decoding = Decoding(seed=3, max_tokens=12, min_tokens=12)
    first, second, third = [generator.begin(history(n), PERSON, decoding) for n in (0, 3, 2)]
    batch = generator.running()
    batch.join([first])
    while not first.body:
        batch.step()
    batch.join([second, third])
    batch.step()
    assert (len(first.body), len(second.body)) == (2, 0)
    third.done = True  # before it was read
    while batch.size:
        batch.step()
    for row, number in ((first, 0), (second, 3)):
        alone = "".join(TorchGenerator(loaded).stream(history(number), PERSON, decoding))
        assert generator.text_of(row).rstrip("\ufffd").rstrip() == alone
    assert third.body == []


def test_what_was_read_is_not_read_again(loaded, monkeypatch):
    generator = BatchGenerator(loaded)
    decoding = Decoding(seed=4, max_tokens=6, min_tokens=2)
    read = []
    go_on = generator._batch.go_on

    def counting(ids, known):
        read.append(len(ids) - known.cache.get_seq_length())
        return go_on(ids, known)

    monkeypatch.setattr(generator._batch, "go_on", counting)
    chat = history(3)
    for turn in range(3):
        row = generator.begin(chat, PERSON, decoding)
        batch = generator.running()
        batch.join([row])
        while batch.size:
            batch.step()
        said = "".join(TorchGenerator(loaded).stream(chat, PERSON, decoding))
        assert generator.text_of(row).rstrip("\ufffd").rstrip() == said
        assert turn == 0 or read[-1] < len(row.prompt)
        chat = [*chat, Message("Bob", WORDS[turn], AT)]


def test_prefixes_are_those_used_last_within_their_size():
    def prefix(*ids):
        layer = torch.zeros(1, 1, len(ids), 25), torch.zeros(1, 1, len(ids), 25)
        return Prefix(ids, [layer])

    kept = Prefixes(most_bytes=200 * 30)
    one, other = tuple(range(10)), tuple(range(100, 110))
    for ids in (one, other, (*other, 7, 8)):
        kept.keep(prefix(*ids))
    assert kept.of([*one, 1]).ids == one
    assert kept.of([*other, 7, 9, 9]).ids == (*other, 7)
    assert kept.of(one).ids == one[:-1]  # the last is always read
    assert kept.of([*one[:7], 50]) is None  # too little
    kept.keep(prefix(*range(200, 210)))  # 32 ids: the one that was used first goes
    assert kept.of([*other, 7, 8, 9]) is None
    assert kept.of([*one, 1]).ids == one
    kept.keep(prefix(*range(300, 340)))  # larger than all of it
    assert kept.of([*range(300, 340), 1]) is None


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

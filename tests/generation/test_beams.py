"""Beam search, words that never come, and the length of messages."""

from __future__ import annotations

import itertools
import threading

import pytest
import torch

from chatmimic.generation import Decoding
from chatmimic.generation.bad_words import BadWords
from chatmimic.generation.batch import BatchGenerator
from chatmimic.generation.batch_reader import BatchReader
from chatmimic.generation.beams import beam_search
from chatmimic.generation.engine import TorchGenerator
from chatmimic.records import Message

HISTORY = [Message("Bob", "hello there how are you", 1_600_000_000_000)]
PERSON = "Ada Lovelace"
END = 0


class Lookup(torch.nn.Module):
    """A model of four tokens: the next depends on the last alone."""

    device = torch.device("cpu")

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.table = torch.randn(4, 4, generator=torch.Generator().manual_seed(seed)) * 2

    def forward(self, input_ids, past_key_values, **_):
        width = torch.zeros((*input_ids.shape[:1], 1, input_ids.shape[1], 1))
        past_key_values.update(width, width, 0)
        return type("Out", (), {"logits": self.table[input_ids]})


def likeliest(model: Lookup, most: int) -> list[int]:
    """The message with the most nats a token, of all there are."""
    logs = model.table.log_softmax(-1)

    def score(body: tuple[int, ...]) -> float:
        return sum(float(logs[a, b]) for a, b in itertools.pairwise((1, *body))) / len(body)

    bodies = [
        (*inner, last)
        for size in range(most)
        for inner in itertools.product((1, 2, 3), repeat=size)
        for last in ((END,) if size < most - 1 else range(4))
    ]
    return list(max(bodies, key=score))


@pytest.mark.parametrize("seed", range(12))
def test_with_enough_beams_it_is_the_best_of_all(seed):
    model = Lookup(seed)
    found = beam_search(BatchReader(model), [1], frozenset({END}), 64, 4, lambda row, body: None)
    assert found == likeliest(model, 4)


def test_it_is_what_the_library_finds(loaded):
    generator = TorchGenerator(loaded)
    prompt, header = generator._prompt(HISTORY, PERSON, 6)
    ends = sorted(generator._ends)
    never = [t for t in generator._barred.tolist() if t not in ends]
    never += range(len(loaded.tokenizer), loaded.model.get_output_embeddings().weight.shape[0])
    for beams in (2, 3, 5):
        ids = torch.tensor([prompt + header])
        theirs = loaded.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            num_beams=beams,
            do_sample=False,
            max_new_tokens=6,
            eos_token_id=ends,
            pad_token_id=ends[0],
            suppress_tokens=never,
        )[0, ids.shape[1] :].tolist()
        length = next((n + 1 for n, t in enumerate(theirs) if t in ends), len(theirs))

        def rule(row, body):
            row[never] = -torch.inf

        reader = BatchReader(loaded.model, generator._reader.types_of)
        if reader.types_of is None:
            ours = beam_search(reader, prompt + header, generator._ends, beams, 6, rule)
            assert ours == theirs[:length]


def test_a_reply_by_beams_is_always_the_same_and_obeys_the_rules(generator, loaded):
    wide = Decoding(beams=3, max_tokens=8, min_tokens=2)
    texts = {"".join(generator.stream(HISTORY, PERSON, wide)) for _ in range(2)}
    assert len(texts) == 1
    (text,) = texts
    assert text
    several = BatchGenerator(loaded).replies([HISTORY, []], PERSON, wide)
    assert several[0] == text
    stop = threading.Event()
    stop.set()
    assert "".join(generator.stream(HISTORY, PERSON, wide, stop)) == ""


def test_bad_words_never_come(generator):
    words = "hello, there,how ,fine,ok"
    for seed in range(20):
        decoding = Decoding(bad_words=words, seed=seed, temperature=1.5, max_tokens=20)
        text = "".join(generator.stream(HISTORY, PERSON, decoding))
        assert not {"hello", "there", "how", "fine", "ok"} & set(text.lower().split())


def test_a_bad_word_of_several_tokens_is_barred_at_its_last():
    class Letters:
        def encode(self, text, add_special_tokens):
            return [ord(letter) for letter in text]

    bad = BadWords("ab", Letters())
    assert list(bad.next_of([ord("a")])) == [ord("b")]
    assert list(bad.next_of([ord("b")])) == []
    assert list(bad.next_of([])) == []
    assert list(BadWords(" ,", Letters()).next_of([1])) == []


def test_the_end_comes_sooner_with_a_bias(generator):
    def words(bias: float) -> int:
        decodings = (Decoding(seed=n, max_tokens=30, end_bias=bias) for n in range(12))
        return sum(len("".join(generator.stream(HISTORY, PERSON, d)).split()) for d in decodings)

    assert words(6) < words(0)

"""Replies in batches are those of a chat, and likelihoods are the model's."""

from __future__ import annotations

import math

import pytest
import torch

from chatmimic.generation import Decoding
from chatmimic.generation.batch import BatchGenerator
from chatmimic.generation.engine import TorchGenerator
from chatmimic.records import Message

HISTORIES = [
    [Message("Bob", "hello there", 1_600_000_000_000)],
    [
        Message("Bob", "hello there how are you", 1_600_000_000_000),
        Message("Ada Lovelace", "fine thanks", 1_600_000_060_000),
        Message("Bob", "what a day", 1_600_007_260_000),
    ],
    [Message("Bob", "ok lol", 1_600_000_000_000)] * 5,
    [Message("Zoë [x]", "tea in the garden 👩‍👩‍👧", 1_600_000_000_000)],
]
PERSON = "Ada Lovelace"
CORPUS = "hello there how are you fine thanks see later ok lol what a day tea garden train"
WORDS = CORPUS.split()
BEGINNINGS = [" ".join(WORDS[at : at + size]) for size in (1, 2, 3) for at in range(14)]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_replies_are_those_given_one_by_one(loaded, temperature):
    decoding = Decoding(temperature=temperature, max_tokens=15)
    texts = BatchGenerator(loaded).replies(HISTORIES, PERSON, decoding, seed=5)
    for number, history in enumerate(HISTORIES):
        alone = Decoding(temperature=temperature, max_tokens=15, seed=5 + number)
        said = "".join(TorchGenerator(loaded).stream(history, PERSON, alone))
        assert texts[number] == said


def test_several_of_each_are_as_one_by_one(loaded):
    free = Decoding(temperature=1.0, top_p=1.0, max_tokens=10)
    careful = Decoding(temperature=0.0, max_tokens=6)
    generator = BatchGenerator(loaded)
    both = generator.variants(HISTORIES, PERSON, [free, careful], times=2, seed=5)
    assert both[0][:4] == generator.replies(HISTORIES, PERSON, free, seed=5)
    assert both[0][4:] == generator.replies(HISTORIES, PERSON, free, seed=9)
    assert both[1] == generator.replies(HISTORIES, PERSON, careful) * 2
    assert generator.variants(HISTORIES, PERSON, [free, free], seed=5) == [both[0][:4]] * 2
    some = generator.alternatives(HISTORIES[1], PERSON, Decoding(seed=3, max_tokens=10), 5)
    assert len(some) == 5
    assert some == generator.alternatives(HISTORIES[1], PERSON, Decoding(seed=3, max_tokens=10), 5)
    assert generator.alternatives([], PERSON, careful, 2)[0] == "".join(
        TorchGenerator(loaded).stream([], PERSON, careful)
    )


def test_many_replies_come_in_the_order_that_was_asked(loaded):
    decoding = Decoding(temperature=0, max_tokens=4)
    counts = []
    many = BatchGenerator(loaded).replies(HISTORIES * 6, PERSON, decoding, passed=counts.append)
    assert many == many[:4] * 6
    assert counts == [16, 24]


def test_a_likelihood_is_the_sum_over_the_text_and_its_end(loaded):
    generator = BatchGenerator(loaded)
    asked = [Message(PERSON, "fine thanks"), Message("Bob", "ok"), Message(PERSON, "what a day ok")]
    for history in (HISTORIES[1], []):
        found = generator.likelihoods(history, asked)
        for message, (nats, tokens) in zip(asked, found, strict=True):
            prompt = generator.form.prompt(history, message.sender)
            body = generator.form.body(message)
            with torch.no_grad():
                rows = loaded.model(input_ids=torch.tensor([prompt + body])).logits[0]
            logs = rows.log_softmax(-1)
            each = [float(logs[len(prompt) + i - 1, token]) for i, token in enumerate(body)]
            assert tokens == len(body)
            assert nats == pytest.approx(sum(each), abs=1e-3)


def test_a_candidate_longer_than_the_context_is_cut(loaded):
    generator = BatchGenerator(loaded)
    ((nats, tokens),) = generator.likelihoods(HISTORIES[0], [Message(PERSON, "tea " * 3000)])
    assert math.isfinite(nats)
    assert 0 < tokens <= generator._window


def test_what_greedy_decoding_says_is_continued_verbatim(loaded):
    generator = BatchGenerator(loaded)
    # Tokens that the model likes need not be how their text is written: the first that are.
    found = (_completed(generator, begin) for begin in BEGINNINGS)
    message = next(one for one in found if one is not None)
    assert generator.continues_verbatim(HISTORIES[0], message)
    other = Message(PERSON, "hello there how are you fine thanks", HISTORIES[0][-1].sent_at)
    assert not generator.continues_verbatim(HISTORIES[0], other)


def _completed(generator, begin):
    """A message whose second half is what greedy decoding says; None if its ids would differ."""
    ids = generator.form.prompt(HISTORIES[0], PERSON)
    body = generator.form.body(Message(PERSON, begin))[:-1]
    for _ in range(len(body)):
        so_far = torch.tensor([[*ids, *body]])
        body.append(int(generator._reader.model(input_ids=so_far).logits[0, -1].argmax()))
    message = Message(PERSON, generator.form.text(body).strip(), HISTORIES[0][-1].sent_at)
    return message if generator.form.body(message)[:-1] == body else None


@pytest.mark.parametrize("text", ["", "a"])
def test_a_text_without_two_halves_is_not_continued(loaded, text):
    assert not BatchGenerator(loaded).continues_verbatim(HISTORIES[0], Message(PERSON, text))

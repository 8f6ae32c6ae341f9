"""What would complete a copy is never drawn, by any way of generating."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from talking_support import PEOPLE

from chatmimic.generation.batch import BatchGenerator
from chatmimic.generation.copies import draw_uncopied, rule_out_copies
from chatmimic.generation.decoding import Decoding
from chatmimic.generation.sampler import seeded
from chatmimic.mimic import LoadedMimic
from chatmimic.records import Message

PERSON = PEOPLE[0]
HISTORY = [Message("Bob", "hello there"), Message(PERSON, "hi")]


class Without:
    """Spans in the eyes of a generator: a copy is any text with one of these characters."""

    def __init__(self, characters: str) -> None:
        self.characters = characters
        self.asked = 0

    def would_copy(self, text: str) -> bool:
        self.asked += 1
        return any(c in text for c in self.characters)


def streamed(generator: BatchGenerator, decoding: Decoding) -> list[str]:
    return ["".join(generator.stream(HISTORY, PERSON, decoding))]


def together(generator: BatchGenerator, decoding: Decoding) -> list[str]:
    return generator.replies([HISTORY, [], HISTORY[:1]], PERSON, decoding, seed=5)


def offered(generator: BatchGenerator, decoding: Decoding) -> list[str]:
    return generator.alternatives(HISTORY, PERSON, decoding, 3)


WAYS = {
    "stream": (streamed, {}),
    "greedy": (streamed, {"temperature": 0}),
    "penalised": (streamed, {"repetition_penalty": 1.5, "presence_penalty": 1.0}),
    "beams": (streamed, {"beams": 3}),
    "batch": (together, {}),
    "beams in a batch": (together, {"beams": 2}),
    "alternatives": (offered, {}),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_of_generating_copies(loaded: LoadedMimic, way: str) -> None:
    say: Callable[[BatchGenerator, Decoding], list[str]] = WAYS[way][0]
    more: dict[str, Any] = WAYS[way][1]
    decoding = Decoding(seed=3, max_tokens=24, min_tokens=20, no_repeat_ngram=1, **more)
    free = say(BatchGenerator(loaded), decoding)
    written = set("".join(free)) - {*"/me \ufffd"}  # an action's "/me " is no token
    barred = "".join(sorted(c for c in written if c.isprintable())[:6])
    assert barred
    rule: Any = Without(barred)
    held = say(BatchGenerator(loaded, uncopied=rule), decoding)
    assert rule.asked
    assert not [text for text in held if rule.would_copy(text)]
    assert held == say(BatchGenerator(loaded, uncopied=rule), decoding)


@pytest.mark.parametrize("way", WAYS)
def test_a_reply_that_copies_nothing_is_the_same(loaded: LoadedMimic, way: str) -> None:
    say: Callable[[BatchGenerator, Decoding], list[str]] = WAYS[way][0]
    more: dict[str, Any] = WAYS[way][1]
    decoding = Decoding(seed=3, max_tokens=16, **more)
    rule: Any = Without("")
    held = say(BatchGenerator(loaded, uncopied=rule), decoding)
    assert held == say(BatchGenerator(loaded), decoding)


def test_what_is_drawn_instead_is_drawn_by_the_same_rules() -> None:
    row = torch.tensor([3.0, 2.0, 1.0, -torch.inf])
    greedy = Decoding(temperature=0)
    assert draw_uncopied(row, [], greedy, seeded(0), lambda _, token: token == 0) == 1
    assert row.tolist() == [-torch.inf, 2.0, 1.0, -torch.inf]
    assert draw_uncopied(row, [], greedy, seeded(0), lambda *_: True) is None


def test_a_message_ends_where_everything_is_a_copy() -> None:
    asked: list[int] = []

    def copies(_: object, token: int) -> bool:
        asked.append(token)
        return True

    assert draw_uncopied(torch.zeros(500), [], Decoding(), seeded(0), copies) is None
    assert len(asked) == len(set(asked)) < 100


@pytest.mark.parametrize("count", [1, 3, 9])
def test_beams_get_none_of_the_copies(count: int) -> None:
    row = torch.tensor([5.0, 4.0, 3.0, 2.0, -torch.inf])
    rule_out_copies(row, lambda token: token in (0, 1, 3), count)
    likeliest = [token for token in row.topk(1).indices.tolist() if row[token].isfinite()]
    assert likeliest == [2]
    assert row[3].isfinite() == (count == 1)

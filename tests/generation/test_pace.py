"""Time passes between generated messages."""

from __future__ import annotations

from random import Random

import pytest
from talking_support import ScriptedGenerator

from chatmimic.archive import Archive
from chatmimic.generation import Decoding, made_up
from chatmimic.generation.conversation import conversation_seeds
from chatmimic.generation.pace import FEWEST, Pace, gap
from chatmimic.records import Message

ADA, BOB = Message("Ada", "tea?", 0), Message("Bob", "yes")


def median(before: Message, message: Message) -> int:
    return sorted(gap(Random(seed), before, message) for seed in range(99))[49]


def test_long_texts_and_answers_take_longer():
    assert gap(Random(0), None, BOB) == 0
    assert median(ADA, Message("Bob", "yes" * 100)) > median(ADA, BOB) + 30_000
    assert median(Message("Bob", ""), BOB) < median(ADA, BOB)
    assert gap(Random(4), ADA, BOB) == gap(Random(4), ADA, BOB)


def test_a_persons_own_gaps_are_drawn_from():
    pace = Pace({("Bob", False): [7_000] * FEWEST, ("Ada", False): [7] * (FEWEST - 1)})
    assert pace.gap(Random(0), ADA, BOB) == 7_000
    assert pace.gap(Random(0), BOB, ADA) >= 1_000  # too few
    assert pace.gap(Random(0), BOB, BOB) == gap(Random(0), BOB, BOB)


@pytest.mark.parametrize(("starts_at", "first"), [(None, None), (5_000, 5_000)])
def test_a_conversation_has_times_if_it_has_a_beginning(starts_at, first):
    made = made_up(ScriptedGenerator(), Decoding(seed=1), messages=3, starts_at=starts_at)
    times = [message.sent_at for message in made]
    assert times[0] == first
    assert times == sorted(times, key=lambda t: t or 0)


def test_a_conversation_goes_on_from_its_last_message():
    opening = [Message("Bob", "hi", 1_000_000)]
    made = list(made_up(ScriptedGenerator(), Decoding(seed=1), opening=opening, messages=2))
    assert 1_000_000 < made[0].sent_at < made[1].sent_at


def test_several_conversations_have_seeds_of_their_own():
    assert conversation_seeds(None, 2) == [None, None]
    seeds = conversation_seeds(7, 5)
    assert seeds[0] == 7
    assert len(set(seeds)) == 5
    assert conversation_seeds(7, 3) == seeds[:3]


def test_gaps_of_the_archive(tmp_path):
    said = [("Ada", 0), ("Bob", 5), ("Bob", 7), ("Ada", 7), ("Bob", 9_000), ("Ada", 9_001)]
    with Archive.open(tmp_path / "archive.sqlite") as archive:
        archive.add(
            Message(
                who,
                f"{at}",
                (1_600_000_000 + at) * 1000,
                service="irc",
                thread="#tea",
                sender_key=who,
            )
            for who, at in said
        )
        found = archive.gaps_between({"Bob", "Ada"})
        assert found == {("Bob", False): [5000], ("Bob", True): [2000], ("Ada", False): [1000]}
        assert archive.gaps_between({"Ada"}) == {("Ada", False): [1000]}

"""Time passes between generated messages."""

from __future__ import annotations

import pytest
from talking_support import ScriptedGenerator

from chatmimic.archive import Archive
from chatmimic.generation import Decoding, made_up
from chatmimic.generation.conversation import conversation_seeds
from chatmimic.records import Message
from chatmimic.rhythm import Rhythm


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


def test_each_person_has_a_rhythm_of_their_own():
    slow = {"Bob": Rhythm((70.0, 70.0), (7.0, 7.0))}
    opening = [Message("Ada Lovelace", "hi", 0)]
    made = made_up(
        ScriptedGenerator(), Decoding(), people=["Bob"], opening=opening, messages=3, rhythms=slow
    )
    assert [message.sent_at for message in made] == [70_000, 77_000, 84_000]


def test_waits_in_the_archive(tmp_path):
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
        found = archive.waits_of({"Bob", "Ada", "Zed"})
        assert found == {"Bob": ([5.0], [2.0]), "Ada": ([1.0], [])}
        assert archive.waits_of({"Ada"}) == {"Ada": ([1.0], [])}

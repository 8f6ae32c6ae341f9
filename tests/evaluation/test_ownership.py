"""Whose words are cheapest under whose mimic: two people with words of their own."""

from __future__ import annotations

import random

import pytest
from training_support import fill, train

from chatmimic.archive import Archive
from chatmimic.evaluation.ownership import Ownership, ownership
from chatmimic.records import Message

OF = {"Ada": "tea garden train day", "Bob": "hello there ok lol"}


@pytest.fixture(scope="module")
def home(tmp_path_factory, plain_base):
    chance = random.Random(3)
    talk = [
        Message(
            who := chance.choice(list(OF)),
            " ".join(chance.choices(OF[who].split(), k=5)),
            1_600_000_000_000 + n * 60_000 + n // 12 * 7_200_000,
            service="irc",
            thread="#tea",
        )
        for n in range(500)
    ]
    home = fill(tmp_path_factory.mktemp("ownership") / "home", talk)
    for who in OF:
        options = {"steps": 30, "evaluate_every": 30, "held_out": 0.4, "learning_rate": 1e-2}
        train(home, plain_base, persona=who, name=who.lower(), **options)
    return home


def test_people_s_own_words_are_cheapest_under_their_own_mimic(home):
    from chatmimic.mimic import Mimic

    mimics = [Mimic.open(name, home) for name in ("ada", "bob")]
    counts = []
    with Archive.open(home.archive, create=False) as archive:
        found = ownership(archive, mimics, tested=40, passed=counts.append)
    assert (found.people, found.mimics) == (("Ada", "Bob"), ("ada", "bob"))
    assert found.owned == 2
    assert found.bits[0][0] < found.bits[0][1]
    assert found.bits[1][1] < found.bits[1][0]
    assert counts == [1, 2, 3, 4]


def test_who_owns_is_counted_by_rows():
    assert Ownership(("a", "b"), ("a", "b"), ((1.0, 2.0), (1.0, 2.0))).owned == 1

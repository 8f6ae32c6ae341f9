"""A mimic remembers whose export it was made from: that is who talks with it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from training_support import chatter, fill, train

from chatmimic.archive import Archive, Origin
from chatmimic.home import Home
from chatmimic.mimic import Mimic
from chatmimic.records import Message
from chatmimic.training.data.split import gather

EARLIER = 1_500_000_000_000


def titled(messages: list[Message], title: str) -> list[Message]:
    return [replace(message, thread=title, thread_title=title) for message in messages]


@pytest.fixture
def filled(home) -> Home:
    """Ada talks with Bob most, and a little with Cy, whose export it is."""
    private = titled(chatter(40, ("Ada", "Cy"), EARLIER), "Ada")
    return fill(home, [*chatter(), *private])


@pytest.mark.parametrize(("persona", "owner"), [("Ada", "Cy"), ("Cy", "Cy"), ("", "Cy")])
def test_the_owner_is_known_to_those_who_talked_with_them(filled, persona, owner):
    with Archive.open(filled.archive) as archive:
        material = gather(archive, persona, None, 0.1, force=True)
    assert material.owner == owner


def test_an_owner_whom_the_persona_never_met_is_none_of_theirs(filled):
    with Archive.open(filled.archive) as archive:
        material = gather(archive, "Bob", None, 0.1, force=True)
    assert (material.cast.people, material.owner) == (("Bob", "Ada"), "")


def test_of_two_owners_it_is_the_one_who_is_not_imitated(filled):
    with Archive.open(filled.archive) as archive:
        said = titled(chatter(40, ("Ada", "Eve"), EARLIER), "us")
        archive.add(said, origin=lambda: Origin(owner="Ada"))
        assert archive.owners() == ["Ada", "Cy"]
        assert gather(archive, "Ada", None, 0.1).owner == "Cy"
        assert gather(archive, "Cy", None, 0.1, force=True).owner == "Ada"


def test_the_mimic_says_who_you_are_and_one_that_goes_on_from_it(filled, tiny_base):
    mimic = train(filled, tiny_base).mimic
    assert mimic.owner == Mimic.open("ada", filled).owner == "Cy"
    assert json.loads((mimic.path / "mimic.json").read_text("utf-8"))["owner"] == "Cy"
    with Archive.open(filled.archive) as archive:
        archive.forget("Cy")
        archive.add(chatter(start=1_650_000_000_000))
    more = train(filled, tiny_base, from_mimic="ada", persona="", name="more").mimic
    assert "Cy" in more.people
    assert more.owner == "Cy"

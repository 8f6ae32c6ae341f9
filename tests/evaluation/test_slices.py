"""Slices of an evaluation: by time, the judges apart from what was read, and nothing twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from training_support import chatter, fill

from chatmimic.archive import Archive
from chatmimic.errors import EvaluationError, MimicError
from chatmimic.evaluation.manifest import check_manifest
from chatmimic.evaluation.places import places
from chatmimic.evaluation.slices import FEWEST, cut
from chatmimic.mimic import Mimic
from chatmimic.records import Conversation, Message
from chatmimic.training.samples import HISTORY

TALK = chatter(600)
OWN = [m for m in TALK if m.sender == "Ada"]


def mimic_until(tmp_path, message, read, **settings):
    data = {"until": message.sent_at, "messages": read}
    manifest = {"data": data, "settings": settings, "form": "tokens", "persona": "Ada"}
    return Mimic(tmp_path, "ada", "Ada", ("Ada", "Bob"), manifest)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("slices") / "home", TALK)


def sliced(home, mimic):
    with Archive.open(home.archive, create=False) as archive:
        return cut(archive, mimic)


def times(part):
    return [m.sent_at for c in part for m in c.messages]


@pytest.mark.parametrize("read", [200, 60])
def test_slices_follow_each_other_and_share_nothing(home, tmp_path, read):
    last = OWN[199]
    slices = sliced(home, mimic_until(tmp_path, last, read))
    assert max(times(slices.read)) <= last.sent_at < min(times(slices.test))
    assert max(times(slices.judge)) < min(times(slices.test))
    every = [*times(slices.read), *times(slices.judge), *times(slices.test)]
    assert sorted(every) == sorted(m.sent_at for m in TALK)
    # Whole conversations, so about as many as were asked for.
    assert read <= slices.count(slices.read) < read + 12
    later = len(OWN) - 200
    assert 0.6 * later <= slices.count(slices.test) <= 0.6 * later + 12


def test_what_was_not_trained_on_by_its_dates_is_not_used(home, tmp_path):
    mimic = mimic_until(tmp_path, OWN[199], 100, since="2020-09-15")
    assert min(times(sliced(home, mimic).read)) >= 1_600_041_600_000 + 86_400_000 - 14 * 3_600_000


def test_a_mimic_that_continues_another_has_read_what_that_one_read(home, tmp_path):
    slices = sliced(home, mimic_until(tmp_path, OWN[199], 30, from_mimic="earlier"))
    assert slices.count(slices.read) == 200
    assert min(times(slices.judge)) > OWN[199].sent_at


def test_a_person_who_was_merged_into_another_keeps_the_name_that_the_mimic_knows(tmp_path):
    more = replace(TALK[0], sender="Ada Lovelace", text="an account of before")
    home = fill(tmp_path / "home", [more, *TALK])
    with Archive.open(home.archive) as archive:
        archive.merge("Ada Lovelace", "Ada")
    slices = sliced(home, mimic_until(tmp_path, OWN[199], 200))
    assert slices.person == "Ada"
    assert slices.count(slices.read) >= 200
    assert not any(m.sender == "Ada Lovelace" for c in slices.test for m in c.messages)


def test_messages_without_times_are_cut_as_in_training(tmp_path):
    home = fill(tmp_path / "home", [replace(m, sent_at=None) for m in TALK])
    data = {"until": 0, "messages": 100}
    manifest = {"data": data, "settings": {"held_out": 0.4}, "form": "tokens", "persona": "Ada"}
    slices = sliced(home, Mimic(tmp_path, "ada", "Ada", ("Ada", "Bob"), manifest))
    held_out = slices.count(slices.test) + slices.count(slices.judge)
    assert 0.4 * len(OWN) <= held_out + slices.count(slices.read) == len(OWN)
    assert slices.count(slices.test) >= 0.2 * len(OWN)


def test_too_little_is_said_with_the_option_that_helps(home, tmp_path):
    with pytest.raises(EvaluationError) as raised:
        sliced(home, mimic_until(tmp_path, OWN[-FEWEST], len(OWN) - FEWEST))
    assert f"at least {2 * FEWEST}" in raised.value.what
    assert "--held-out" in raised.value.hint


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("data", []),
        ("data", "x"),
        ("data", {"until": "x"}),
        ("data", {"until": float("inf")}),
        ("data", {"until": True}),
        ("data", {"until": 10**30}),
        ("data", {"messages": "x"}),
        ("data", {"messages": [1]}),
        ("settings", [1]),
        ("settings", "x"),
        ("settings", {"gap": "x"}),
        ("settings", {"held_out": "x"}),
        ("settings", {"since": 3}),
        ("held_out", [1]),
        ("held_out", {"mimic": 1}),
        ("held_out", {"base": {"loss": "x"}}),
        ("held_out", {"mimic": {"loss": float("nan"), "bits_per_character": 1, "tokens": 1}}),
        ("held_out", {"mimic": {"loss": 1, "bits_per_character": 10**400, "tokens": 1}}),
        ("held_out", {"mimic": {"loss": 1, "bits_per_character": 1, "tokens": float("inf")}}),
    ],
)
def test_a_damaged_manifest_is_said_in_a_sentence(home, tmp_path, key, value):
    mimic = mimic_until(tmp_path, OWN[199], 200)
    damaged = replace(mimic, manifest={**mimic.manifest, key: value})
    with pytest.raises(MimicError, match=r"mimic\.json is damaged"):
        check_manifest(damaged)
    if key != "held_out":
        with pytest.raises(MimicError, match=r"mimic\.json is damaged"):
            sliced(home, damaged)


# -- places ----------------------------------------------------------------------------------------


def talk(senders):
    return Conversation(tuple(Message(who, f"{who} {n}") for n, who in enumerate(senders)))


@pytest.mark.parametrize(
    ("senders", "replies"),
    [
        ("aabba", ["a 4"]),
        ("aaaa", []),
        ("ba", ["a 1"]),
        ("baaab", ["a 1"]),
        ("bababaa", ["a 1", "a 3", "a 5"]),
        ("", []),
    ],
)
def test_a_place_is_where_the_person_answers(senders, replies):
    found = places([talk(senders)], "a")
    assert [place.real.text for place in found] == replies
    assert all(place.before[-1].sender == "b" and place.real.sender == "a" for place in found)


def test_places_are_spread_and_know_their_conversation():
    found = places([talk("ba" * 10), talk("b"), talk("ba" * 10)], "a", 4)
    assert [place.conversation for place in found] == [0, 0, 2, 2]
    assert len(places([talk("ba" * 10)], "a", 99)) == 10
    long = replace(talk("b" * 50 + "a"))
    assert len(places([long], "a")[0].before) == HISTORY

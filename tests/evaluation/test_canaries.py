"""Canaries: planted as often as is said, the same for a seed, and found where they are learnt."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from training_support import chatter, fill, train

from chatmimic.evaluation.secrecy.exposure import MOST, exposure, exposures
from chatmimic.generation.batch import BatchGenerator
from chatmimic.records import Conversation
from chatmimic.training.data.canaries import canaries, with_canaries


def test_each_is_planted_as_often_as_it_says_after_the_persona_s_own_words():
    before = [Conversation(tuple(chatter(120)[at : at + 12])) for at in range(0, 120, 12)]
    after = with_canaries(before, "Ada", 7)
    texts = Counter(m.text for c in after for m in c.messages)
    assert [texts[one.text] for one in canaries(7)] == [one.times for one in canaries(7)]
    for conversation in after:
        for previous, message in zip(
            conversation.messages, conversation.messages[1:], strict=False
        ):
            if message.text.startswith("my "):
                assert message.sender == previous.sender == "Ada"
    planted = {one.text for one in canaries(7)}
    left = [tuple(m for m in c.messages if m.text not in planted) for c in after]
    assert left == [c.messages for c in before]
    assert with_canaries(before, "Ada", 7) == after != with_canaries(before, "Ada", 8)
    assert with_canaries(before, "nobody", 7) == before


def test_an_exposure_is_the_tail_of_a_normal_distribution():
    rng = random.Random(0)
    others = [rng.gauss(-30, 2) for _ in range(2000)]
    assert exposure(-30, others) == pytest.approx(1.0, abs=0.15)  # the middle: one bit
    assert exposure(-26, others) == pytest.approx(5.46, abs=0.6)  # two deviations: p = 0.0228
    assert exposure(-100, others) == pytest.approx(0, abs=0.01)
    assert exposure(100, others) == MOST


def test_what_was_planted_often_is_more_exposed_than_what_never_was(tmp_path, plain_base):
    home = fill(tmp_path / "home", chatter(240))
    options = {"canaries": True, "steps": 120, "evaluate_every": 120, "learning_rate": 1e-2}
    mimic = train(home, plain_base, force=True, **options).mimic
    assert mimic.manifest["settings"]["canaries"]
    counts = []
    found = exposures(BatchGenerator(mimic.load()), "Ada", 0, counts.append)
    assert list(found) == [0, 1, 4, 16]
    assert counts[-1] == 10
    mean = {times: sum(bits) / len(bits) for times, bits in found.items()}
    assert mean[16] > mean[0] + 1

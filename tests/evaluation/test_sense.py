"""Relevance, distinct-n, entropy and unknown words, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chatmimic.evaluation.places import Place
from chatmimic.evaluation.sense import wording
from chatmimic.evaluation.sense.ranking import hits_at_1
from chatmimic.evaluation.sense.relevance import relevance
from chatmimic.records import Message

TOPICS = ["tea", "garden", "train", "server", "music", "bread", "river", "winter", "horse", "lamp"]
CONTEXTS = [f"do you like the {topic} at all" for topic in TOPICS]


def test_replies_about_their_context_are_relevant_and_others_are_not():
    own = [f"yes the {topic} is fine" for topic in TOPICS]
    assert relevance(CONTEXTS, own, [], 0).mean() == 1
    assert relevance(CONTEXTS, own[1:] + own[:1], [], 0).mean() == 0


def test_replies_without_a_common_word_share_the_place():
    same = relevance(CONTEXTS, ["zzz"] * 10, [], 0)
    assert same.mean() == pytest.approx(0.1)
    assert np.isnan(relevance(CONTEXTS[:9], ["zzz"] * 9, [], 0)).all()


def test_a_word_is_known_if_two_used_it():
    known = wording.known_words(["Tea now", "tea later", "mallery"])
    assert known == {"tea"}
    said = [wording.split("TEA mallery"), wording.split("tea 12 https://x.org")]
    assert wording.unknown_share(said, known) == pytest.approx(1 / 3)
    assert math.isnan(wording.unknown_share([[]], known))


class Scripted:
    """A model that likes replies with the last word of their context, and short ones anyway."""

    def likelihoods(self, history, candidates, most):
        wanted = history[-1].text.split()[-1] if history else None
        return [
            (-1.0 * len(m.text) + 50 * (wanted is not None and wanted in m.text), len(m.text))
            for m in candidates
        ]


def test_the_real_reply_is_ranked_by_what_the_context_adds():
    pool = [Message("Ada", f"the {topic}") for topic in TOPICS] + [Message("Ada", "ok")]
    asked = [
        Place((Message("Bob", f"and the {topic}"),), Message("Ada", f"the {said}"), n)
        for n, (topic, said) in enumerate([("tea", "tea"), ("tea", "river"), ("horse", "horse")])
    ]
    counts = []
    assert hits_at_1(Scripted(), asked, pool, 0, counts.append).tolist() == [1, 0, 1]
    assert counts == [1, 2, 3]

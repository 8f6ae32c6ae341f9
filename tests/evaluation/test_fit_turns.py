"""Messages per turn: the bias that brings a model's likelihoods to what the person does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmimic.evaluation.fit_turns import bias, fitted_bias
from chatmimic.generation.generator import with_bias
from chatmimic.records import Conversation, Message


class Always:
    """A model that gives the same likelihood everywhere."""

    def __init__(self, chance: float) -> None:
        self.chance = chance
        self.read: list[int] = []

    def continues(self, history: Sequence[Message], speaker: str) -> float:
        assert history[-1].sender == speaker == "Ada"
        self.read.append(len(history))
        return self.chance


def talk(turns: Sequence[int]) -> list[Conversation]:
    """Turns of Ada's of so many messages, each after a message of Bo's."""
    messages = [m for n in turns for m in [Message("Bo", "x")] + [Message("Ada", "y")] * n]
    return [Conversation((*messages, Message("Bo", "x")))]


@pytest.mark.parametrize("chance", [0.05, 0.5, 0.9])
def test_a_model_is_brought_to_what_the_person_does(chance: float):
    model = Always(chance)
    found = fitted_bias(model, talk([3] * 16), "Ada")  # two of three messages are followed by one
    assert found is not None
    assert with_bias(chance, found) == pytest.approx(2 / 3, abs=0.01)
    assert max(model.read) == 4


def test_who_never_sends_two_still_may():
    found = fitted_bias(Always(0.5), talk([1] * 40), "Ada")
    assert found is not None
    assert 0.005 < with_bias(0.5, found) < 0.03


def test_too_few_messages_tell_nothing():
    assert fitted_bias(Always(0.5), talk([1] * 15), "Ada") is None
    assert fitted_bias(Always(0.5), [], "Ada") is None


@given(st.lists(st.floats(0.02, 0.98), min_size=1, max_size=20), st.floats(0.05, 0.95))
def test_the_mean_is_what_is_wanted_where_it_can_be(chances: list[float], wanted: float):
    added = bias(chances, wanted)
    mean = sum(with_bias(p, added) for p in chances) / len(chances)
    assert mean == pytest.approx(wanted, abs=1e-6) or abs(added) == pytest.approx(4.0)


@pytest.mark.parametrize("sure", [0.0, 1.0])
def test_what_is_certain_stays_certain(sure: float):
    assert with_bias(sure, 3.0) == sure


@given(st.floats(0, 1), st.floats(-10, 10), st.floats(-10, 10))
def test_a_bias_keeps_probabilities_in_order(chance: float, one: float, other: float):
    low, high = (with_bias(chance, added) for added in sorted((one, other)))
    assert 0 <= low <= high <= 1
    assert with_bias(1e-310, one) < 1e-300

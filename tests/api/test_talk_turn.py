"""`Talk.turn`: a whole turn of a mimic, one message or several."""

import pytest
from talking_support import ScriptedGenerator, write_tiny_mimic

import chatmimic
from chatmimic.generation import Decoding


@pytest.fixture
def talk(tiny_base, tmp_path, monkeypatch):
    """A conversation with a mimic that says what is enqueued."""
    mimic = write_tiny_mimic(tmp_path / "ada", tiny_base, "tokens")
    monkeypatch.setattr(
        "chatmimic.generation.batch.BatchGenerator", lambda loaded, **_: ScriptedGenerator()
    )
    return chatmimic.talk(mimic.path)


def test_a_turn_goes_on_as_long_as_the_model_says(talk):
    talk._generator.enqueue("one", burst=True)
    talk._generator.enqueue("t", "wo", burst=True)
    talk._generator.enqueue("three")
    talk._generator.enqueue("of the next turn")
    assert talk.turn("hi", sender="Bob") == ["one", "two", "three"]
    assert [m.text for m in talk.history] == ["hi", "one", "two", "three"]
    assert [m.sender for m in talk.history] == ["Bob"] + 3 * ["Ada Lovelace"]
    assert talk.turn("and?") == ["of the next turn"]


@pytest.mark.parametrize(("most", "said"), [(1, ["a"]), (2, ["a", "b"])])
def test_a_turn_is_no_longer_than_asked(talk, most, said):
    for text in "abc":
        talk._generator.enqueue(text, burst=True)
    assert talk.turn("hi", most=most) == said


def test_an_empty_message_ends_a_turn_and_is_no_part_of_it(talk):
    talk._generator.enqueue("a", burst=True)
    talk._generator.enqueue("", burst=True)
    talk._generator.enqueue("of the next turn")
    assert talk.turn("hi") == ["a"]
    assert [m.text for m in talk.history] == ["hi", "a"]


def test_each_message_of_a_turn_has_a_seed_of_its_own_that_follows_from_the_first(talk):
    for _ in range(3):
        talk._generator.enqueue("a", burst=True)
    talk.turn("hi", most=3, decoding=Decoding(seed=2**32 - 2))
    assert [d.seed for _, _, d in talk._generator.asked] == [2**32 - 2, 2**32 - 1, 0]

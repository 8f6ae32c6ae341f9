"""The figures of a mimic, computed from its folder, are those that its training ended with."""

import pytest
from training_support import fill, train

from chatmimic.archive import Archive
from chatmimic.evaluation.sense.perplexity import perplexity
from chatmimic.training.data.split import gather

WAYS = {
    "plain": {},
    "token types": {"form": "tokens", "token_types": True},
    "facts": {"facts": "I like tea."},
    "reverse": {"reverse": True},
    "adapters": {"train": "lora"},
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("perplexity") / "home")


def material(home):
    with Archive.open(home.archive, create=False) as archive:
        return gather(archive, "Ada", None, 0.1)


@pytest.mark.parametrize("way", WAYS)
def test_it_is_what_the_training_said(way, filled, plain_base, tmp_path):
    asked = dict(WAYS[way])
    if way == "adapters":
        pytest.importorskip("peft")
    if "facts" in asked:
        file = tmp_path / "facts.txt"
        file.write_text(asked["facts"], "utf-8")
        asked["facts"] = str(file)
    name = way.replace(" ", "-")
    trained = train(filled, plain_base, name=name, learning_rate=3e-3, **asked)
    loaded = trained.mimic.load()
    found = perplexity(loaded, material(filled).held_out, "Ada", window=64)
    assert found.tokens == trained.figures.tokens
    assert found.loss == pytest.approx(trained.figures.loss, rel=1e-4)
    assert found.bits_per_character == pytest.approx(trained.figures.bits_per_character, rel=1e-4)


def test_another_in_the_persona_s_place_is_another_figure(filled, plain_base):
    trained = train(filled, plain_base, name="other", learning_rate=3e-3)
    loaded = trained.mimic.load()
    held_out = material(filled).held_out
    ada, bob = (perplexity(loaded, held_out, who, window=64) for who in ("Ada", "Bob"))
    assert ada.tokens != bob.tokens
    assert ada.loss != bob.loss

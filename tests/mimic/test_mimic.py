"""A mimic: found by name, persona or path, wherever it was moved; damage is told."""

import json
import shutil
from dataclasses import replace

import pytest
from training_support import fill, train

from chatmimic.errors import MimicError
from chatmimic.home import Home
from chatmimic.mimic import (
    GENTLE,
    Mimic,
    latest,
    list_mimics,
    read_mimic,
    remove,
    write_manifest,
)

MANIFEST = {"persona": "Ada", "people": ["Ada", "Bob"], "form": "tokens"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny_base):
    """A home with the mimic `ada`."""
    home = fill(tmp_path_factory.mktemp("trained") / "home")
    train(home, tiny_base)
    return home


def made(home: Home, name: str, **values) -> Mimic:
    """A mimic in name only: its folder and `mimic.json`."""
    folder = home.mimics / name
    folder.mkdir(parents=True)
    write_manifest(folder, {**MANIFEST, **values})
    return read_mimic(folder)


@pytest.fixture
def house(home):
    return Home(home)


@pytest.mark.parametrize("where", ["ada", "Ada", "ADA"])
def test_a_mimic_is_found_by_its_name_and_its_personas(trained, where):
    mimic = Mimic.open(where, trained)
    assert (mimic.name, mimic.persona) == ("ada", "Ada")
    assert mimic.people == ("Ada", "Bob")
    assert mimic.size > 10_000


def test_a_personas_name_finds_a_mimic_called_otherwise(house):
    made(house, "grandma", persona="Ada Lovelace", people=["Ada Lovelace"])
    assert Mimic.open("Ada Lovelace", house).name == "grandma"


def test_a_name_wins_over_a_persona(house):
    made(house, "bob", persona="Ada")
    made(house, "ada", persona="Bob")
    assert Mimic.open("ada", house).persona == "Bob"


def test_the_home_is_found_where_none_is_given(house):
    made(house, "ada")
    assert Mimic.open("ada").path == house.mimics / "ada"


def test_a_mimic_talks_from_wherever_it_was_moved(trained, tmp_path):
    place = shutil.copytree(trained.mimics / "ada", tmp_path / "stick" / "my copy")
    loaded = Mimic.open(place, Home(tmp_path / "empty")).load()
    assert loaded.mimic.name == "my copy"
    assert not loaded.model.training
    from chatmimic.generation import Decoding
    from chatmimic.generation.engine import TorchGenerator

    said = "".join(TorchGenerator(loaded).stream([], "Ada", Decoding(seed=1, max_tokens=8)))
    here = Mimic.open("ada", trained).load()
    assert said == "".join(TorchGenerator(here).stream([], "Ada", Decoding(seed=1, max_tokens=8)))


def test_transformers_opens_a_mimic_by_itself(trained):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(trained.mimics / "ada")
    tokenizer = AutoTokenizer.from_pretrained(trained.mimics / "ada")
    ours = Mimic.open("ada", trained).load()
    assert tokenizer.get_vocab() == ours.tokenizer.get_vocab()
    ids = torch.tensor([ours.form.prompt([], "Ada")])
    # But for rounding: GPT-2's activation is one kernel here, and eight there.
    torch.testing.assert_close(model(ids).logits, ours.model(ids).logits)
    assert model.config.use_cache
    assert {f.suffix for f in (trained.mimics / "ada").iterdir()} <= {".json", ".safetensors"}


def test_the_newest_comes_first(house):
    import os

    for age, name in enumerate(("newest", "older", "oldest")):
        mimic = made(house, name)
        os.utime(mimic.path / "mimic.json", (1_600_000_000 - age, 1_600_000_000 - age))
    assert [m.name for m in list_mimics(house)] == ["newest", "older", "oldest"]
    assert latest(house).name == "newest"


def test_what_is_half_written_or_damaged_is_no_mimic(house):
    made(house, "ada")
    made(house, ".partial-bob")
    made(house, ".old-ada")
    (made(house, "cy").path / "mimic.json").write_text("{")
    (house.mimics / "empty").mkdir()
    (house.mimics / "file").write_text("")
    assert [m.name for m in list_mimics(house)] == ["ada"]
    with pytest.raises(MimicError, match=r"mimic\.json cannot be read"):
        Mimic.open("cy", house)


def test_none_yet_says_how_to_make_one(house):
    for look in (lambda: Mimic.open("ada", house), lambda: latest(house)):
        with pytest.raises(MimicError) as told:
            look()
        assert str(told.value) == (
            "There is no mimic yet. Make one: `chatmimic train --persona NAME --base starter`."
        )
    assert list_mimics(house) == []


def test_a_mistyped_name_gets_a_suggestion(house):
    made(house, "ada-lovelace")
    made(house, "bob")
    with pytest.raises(MimicError) as told:
        Mimic.open("Ada Lovelase", house)
    assert 'Did you mean "ada-lovelace"?' in told.value.way_on
    assert "bob" in told.value.way_on


@pytest.mark.parametrize("where", ["x" * 5000, "a\0b", "../../etc", "", "~", "\ud800"])
def test_any_name_at_all_is_answered(house, where):
    made(house, "ada")
    with pytest.raises(MimicError):
        Mimic.open(where, house)


def test_a_folder_that_is_no_mimic_is_told_as_that(house, tmp_path):
    with pytest.raises(MimicError, match=r"holds no mimic \(mimic.json is missing\)"):
        Mimic.open(tmp_path, house)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"format": 1}',
        json.dumps({**MANIFEST, "format": "one"}),
        json.dumps({**MANIFEST, "format": 1, "people": []}),
        json.dumps({**MANIFEST, "format": 1, "people": "Ada"}),
        json.dumps({**MANIFEST, "format": 1, "people": [1]}),
        json.dumps({**MANIFEST, "format": 1, "persona": None}),
        json.dumps({**MANIFEST, "format": 1, "form": 3}),
        "[" * 100_000,
    ],
)
def test_a_damaged_description_is_told(house, content):
    mimic = made(house, "ada")
    (mimic.path / "mimic.json").write_text(content)
    with pytest.raises(MimicError, match=r"mimic\.json (cannot be read|is not a mimic's)"):
        Mimic.open("ada", house)


def test_a_mimic_of_the_future_asks_for_an_upgrade(house):
    made(house, "ada")
    write_manifest(house.mimics / "ada", {**MANIFEST, "format": 2})
    with pytest.raises(MimicError, match="newer chatmimic") as told:
        Mimic.open("ada", house)
    assert told.value.way_on == "Upgrade chatmimic."


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("harm", ["deleted", "halved"])
def test_damaged_weights_are_told_when_they_are_read(trained, tmp_path, file, harm):
    place = shutil.copytree(trained.mimics / "ada", tmp_path / "copy")
    content = (place / file).read_bytes()
    (place / file).unlink() if harm == "deleted" else (place / file).write_bytes(
        content[: len(content) // 2]
    )
    with pytest.raises(MimicError, match="is damaged") as told:
        Mimic.open(place).load()
    assert told.value.way_on == "Train it again, or restore it."


def test_a_form_nobody_knows_is_told(trained, tmp_path):
    place = shutil.copytree(trained.mimics / "ada", tmp_path / "copy")
    write_manifest(place, {**MANIFEST, "form": "verse"})
    with pytest.raises(MimicError, match="no transcript form 'verse'"):
        Mimic.open(place).load()


def test_a_removed_mimic_is_gone(house):
    remove(made(house, "ada"))
    assert not (house.mimics / "ada").exists()
    assert list_mimics(house) == []


# -- what a chat takes from a mimic ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "context"),
    [
        ({"context": {"messages": 8, "tokens": 256}}, (8, 256)),
        ({"context": {"messages": None, "tokens": 512}}, (None, 512)),
        # As older ones wrote it down.
        ({"settings": {"context": 12}, "data": {"window_tokens": 512}}, (12, 512)),
        ({"settings": {"context": 12, "learn": "all"}, "data": {"window_tokens": 64}}, (None, 64)),
        ({"settings": {"context": 12}, "everybody": True}, (None, None)),
        ({}, (None, None)),
        ({"context": {"messages": "x", "tokens": -1}}, (None, None)),
        ({"context": [], "settings": "?", "data": None}, (None, None)),
        ({"context": {"messages": True, "tokens": 0}}, (None, None)),
    ],
)
def test_how_much_of_a_talk_a_mimic_was_trained_to_see(house, said, context):
    mimic = replace(made(house, "ada"), manifest=said)
    assert (mimic.context.messages, mimic.context.tokens) == context


@pytest.mark.parametrize(
    ("parameters", "gentle"), [(7_000_000, True), (135_000_000, False), (None, False), ("x", False)]
)
def test_a_small_model_is_drawn_from_more_gently(house, parameters, gentle):
    mimic = replace(made(house, "ada"), manifest={"parameters": parameters})
    assert mimic.decoding == (GENTLE if gentle else {})

"""A mimic: found by name, persona or path, wherever it was moved; damage is told."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from training_support import fill, train

from chatmimic.errors import MimicError
from chatmimic.home import Home
from chatmimic.mimic import (
    Mimic,
    latest,
    list_mimics,
    own_mimics,
    read_mimic,
    write_manifest,
)
from chatmimic.upkeep.removal import remove_folder

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


@pytest.mark.parametrize(
    ("typed", "found"),
    [("mira", "mira-okafor"), ("MIRÁ", "mira-okafor"), ("teo", "grandpa"), ("gran", "grandpa")],
)
def test_the_beginning_of_a_name_finds_it_where_one_fits(house, typed, found):
    made(house, "mira-okafor", persona="Mira Okafor", people=["Mira Okafor"])
    made(house, "grandpa", persona="Teodor", people=["Teodor"], called="grandpa")
    assert Mimic.open(typed, house).name == found
    with pytest.raises(MimicError, match="no mimic called"):
        Mimic.open(typed, house, by_beginning=False)


def test_the_beginning_of_several_names_asks_which(house):
    made(house, "mira-okafor", persona="Mira Okafor", people=["Mira Okafor"])
    made(house, "miranda", persona="Miranda", people=["Miranda"])
    with pytest.raises(MimicError, match='"mir" matches several mimics') as told:
        Mimic.open("mir", house)
    assert '"Mira Okafor", "Miranda"' in told.value.hint.replace(
        '"Miranda", "Mira Okafor"', '"Mira Okafor", "Miranda"'
    )
    assert Mimic.open("miranda", house).name == "miranda"


def test_whose_own_mimic_there_is(house):
    for age, (name, more) in enumerate(
        {
            "ada": {},
            "ada-2": {},
            "back": {"persona": "Bob", "reverse": True},
            "all": {"persona": "Bob", "everybody": True},
        }.items()
    ):
        mimic = made(house, name, **more)
        os.utime(mimic.path / "mimic.json", (1_600_000_000 + age, 1_600_000_000 + age))
    assert own_mimics(house) == {"Ada": "ada-2"}


@pytest.mark.parametrize(
    ("said", "owner", "learnt"),
    [
        ({}, "", ("Ada",)),
        ({"owner": "Bob"}, "Bob", ("Ada",)),
        ({"owner": "Eve"}, "", ("Ada",)),
        ({"settings": {"learn": "all"}}, "", ("Ada", "Bob")),
        ({"everybody": True}, "", ("Ada", "Bob")),
    ],
)
def test_who_is_the_owner_and_who_was_learnt(house, said, owner, learnt):
    mimic = made(house, "ada", **said)
    assert (mimic.owner, mimic.trained_on) == (owner, learnt)


def test_a_name_wins_over_a_persona(house):
    made(house, "bob", persona="Ada")
    made(house, "ada", persona="Bob")
    assert Mimic.open("ada", house).persona == "Bob"


@pytest.mark.parametrize("asked", ["Ada", "ada", "ADA", "áda"])
def test_of_two_mimics_of_one_person_the_name_means_the_one_called_so(house, asked):
    made(house, "ada", called="Ada")
    made(house, "ada-2", called="ada-2")
    assert Mimic.open(asked, house).name == "ada"
    assert Mimic.open("ADA-2", house).name == "ada-2"


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
    with pytest.raises(MimicError, match=r"mimic\.json does not describe a mimic: it is not JSON"):
        Mimic.open("cy", house)


def test_one_that_is_removed_while_they_are_listed_is_no_error(house, monkeypatch):
    made(house, "ada")
    shutil.rmtree(made(house, "bob").path)
    monkeypatch.setattr("chatmimic.mimic._folders", lambda _: ["ada", "bob"])
    assert [m.name for m in list_mimics(house)] == ["ada"]


def test_none_yet_says_how_to_make_one(house):
    for look in (lambda: Mimic.open("ada", house), lambda: latest(house)):
        with pytest.raises(MimicError) as told:
            look()
        assert str(told.value) == (
            "There are no mimics yet. Train one: `chatmimic train --persona NAME --base starter`."
        )
    assert list_mimics(house) == []


def test_a_mistyped_name_gets_a_suggestion(house):
    made(house, "ada-lovelace")
    made(house, "bob")
    with pytest.raises(MimicError) as told:
        Mimic.open("Ada Lovelase", house)
    assert 'Did you mean "ada-lovelace"?' in told.value.hint
    assert "bob" in told.value.hint


@pytest.mark.parametrize("where", ["x" * 5000, "a\0b", "../../etc", "", "~", "\ud800"])
def test_any_name_at_all_is_answered(house, where):
    made(house, "ada")
    with pytest.raises(MimicError):
        Mimic.open(where, house)


def test_a_folder_that_is_no_mimic_is_told_as_that(house, tmp_path):
    with pytest.raises(MimicError, match=r"is not a mimic \(mimic.json is missing\)"):
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
    with pytest.raises(MimicError, match=r"mimic\.json (cannot be read|does not describe a mimic)"):
        Mimic.open("ada", house)


def test_a_mimic_of_the_future_asks_for_an_upgrade(house):
    made(house, "ada")
    write_manifest(house.mimics / "ada", {**MANIFEST, "format": 2})
    with pytest.raises(MimicError, match="newer version of chatmimic") as told:
        Mimic.open("ada", house)
    assert told.value.hint == "Upgrade chatmimic."


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
    assert told.value.hint == "Train it again, or restore it."


def test_a_form_nobody_knows_is_told(trained, tmp_path):
    place = shutil.copytree(trained.mimics / "ada", tmp_path / "copy")
    write_manifest(place, {**MANIFEST, "form": "verse"})
    with pytest.raises(MimicError, match=r"does not know \(verse\)") as told:
        Mimic.open(place).load()
    assert told.value.hint == "Upgrade chatmimic."


def test_what_does_not_fit_together_is_damaged(trained, tmp_path):
    place = shutil.copytree(trained.mimics / "ada", tmp_path / "copy")
    write_manifest(place, {**MANIFEST, "people": ["Ada", "Ada"]})
    with pytest.raises(MimicError, match="is damaged: a cast names each person once"):
        Mimic.open(place).load()


def changed(file, **entries) -> None:
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | entries), "utf-8")


def not_opened(place) -> MimicError:
    """What is said of a mimic that is whole: never that it is damaged."""
    with pytest.raises(MimicError) as told:
        Mimic.open(place).load()
    assert "damaged" not in str(told.value)
    assert "Train it again" not in str(told.value)
    return told.value


def test_an_architecture_of_a_newer_transformers_is_told(trained, tmp_path):
    place = shutil.copytree(trained.mimics / "ada", tmp_path / "copy")
    changed(place / "config.json", model_type="gpt9")
    told = not_opened(place)
    assert re.match(
        r"The mimic copy cannot be opened: .* transformers [\d.]+ does not know \(gpt9\)", told.what
    )
    assert "pip install -U transformers" in told.hint


def test_what_a_newer_transformers_wrote_is_no_damage(trained, tmp_path):
    place = shutil.copytree(trained.mimics / "ada", tmp_path / "copy")
    changed(place / "mimic.json", versions={"transformers": "99.1.0"})
    assert Mimic.open(place).load().form  # it may well be read
    changed(place / "config.json", n_head="many")
    told = not_opened(place)
    assert "was made with transformers 99.1.0 and cannot be opened with " in told.what
    changed(place / "mimic.json", versions={"transformers": "1.2.3"})
    with pytest.raises(MimicError, match="is damaged"):
        Mimic.open(place).load()


def test_a_missing_package_is_named(trained, tmp_path):
    place = shutil.copytree(trained.mimics / "ada", tmp_path / "copy")
    needs_gptqmodel = {"quant_method": "gptq", "bits": 4}
    changed(place / "config.json", quantization_config=needs_gptqmodel)
    told = not_opened(place)
    assert "a package is not installed" in told.what
    assert "then try again" in told.hint


def test_a_code_of_its_own_and_an_adapter_are_refused_for_what_they_are(trained, tmp_path):
    place = shutil.copytree(trained.mimics / "ada", tmp_path / "copy")
    (place / "adapter_config.json").write_text("{}")
    assert "is an adapter of an unsupported kind" in not_opened(place).what
    (place / "adapter_config.json").unlink()
    changed(place / "config.json", auto_map={})
    assert "program code of its own" in not_opened(place).what


def test_a_folder_that_went_while_it_was_looked_at_is_told(trained, tmp_path):
    place = shutil.copytree(trained.mimics / "ada", tmp_path / "copy")
    mimic = Mimic.open(place)
    shutil.rmtree(place)
    with pytest.raises(MimicError, match="does not exist any more"):
        mimic.load()


FULL = """
import resource, sys
from chatmimic.mimic import Mimic
import chatmimic.bases.loading, torch, transformers, transformers.models.gpt2.modeling_gpt2
Mimic.open(sys.argv[1]).load()
held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + 40_000_000,) * 2)
from chatmimic.errors import MimicError
try:
    Mimic.open(sys.argv[2]).load()
except MimicError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory as Linux has them")
def test_a_full_memory_is_no_damage(trained, tmp_path):
    """A mimic of 250 MB, where there are 40 MB left."""
    from transformers import AutoModelForCausalLM

    small, large = trained.mimics / "ada", tmp_path / "large"
    shutil.copytree(small, large)
    model = AutoModelForCausalLM.from_pretrained(small)
    model.resize_token_embeddings(2_000_000)
    model.save_pretrained(large)
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(small), str(large)], capture_output=True, text=True
    )
    assert re.match(
        r"The mimic large cannot be opened: Out of memory while opening .*large\. "
        r"Close other programs, or choose a smaller model\.$",
        done.stdout,
    ), done


def test_a_removed_mimic_is_gone(house):
    remove_folder(made(house, "ada").path)
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

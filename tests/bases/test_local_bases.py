"""Bases that are folders: opened without a network, or refused by the name of the faulty file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chatmimic import bases
from chatmimic.bases import BaseInfo, describe_base, find_base, open_base
from chatmimic.bases.loading import load_model
from chatmimic.errors import BaseError

WEIGHTS = "model.safetensors"


@pytest.fixture
def base(plain_base: Path, tmp_path: Path) -> Path:
    """A copy of the small base, to be spoilt."""
    return shutil.copytree(plain_base, tmp_path / "base")


def change(file: Path, **entries: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | entries))


def test_a_folder_is_opened_as_float32_with_the_dropout_asked_for(base: Path):
    import torch

    opened = open_base(str(base), dropout=0.25, attention="eager")
    assert opened.where == base
    assert opened.name == str(base)
    assert {weight.dtype for weight in opened.model.parameters()} == {torch.float32}
    config = opened.model.config
    assert {config.resid_pdrop, config.embd_pdrop, config.attn_pdrop} == {0.25}
    assert config._attn_implementation == "eager"
    assert opened.tokenizer.decode(opened.tokenizer("hello there").input_ids) == "hello there"


def test_half_precision_is_widened(base: Path):
    import torch

    open_base(str(base)).model.half().save_pretrained(base)
    assert describe_base(str(base)).bytes < 100_000
    assert open_base(str(base)).model.dtype == torch.float32


def test_facts_are_those_of_the_model(base: Path):
    model = open_base(str(base)).model
    assert describe_base(str(base)) == BaseInfo(
        name=str(base),
        where=base,
        architecture="gpt2",
        parameters=model.num_parameters(),
        layers=2,
        width=32,
        window=128,
        vocabulary=model.config.vocab_size,
        bytes=(base / WEIGHTS).stat().st_size,
    )


def test_old_checkpoints_hold_masks_and_a_second_output_layer_that_do_not_count(base: Path):
    import torch
    from safetensors.torch import load_file, save_file

    before = describe_base(str(base)).parameters
    tensors = load_file(base / WEIGHTS)
    tensors["transformer.h.0.attn.bias"] = torch.ones(1, 1, 128, 128)
    tensors["transformer.h.0.attn.masked_bias"] = torch.tensor(-1e4)
    tensors["lm_head.weight"] = tensors["transformer.wte.weight"].clone()
    save_file(tensors, base / WEIGHTS, metadata={"format": "pt"})
    assert describe_base(str(base)).parameters == before
    assert open_base(str(base)).model.num_parameters() == before


def test_looking_a_base_over_imports_nothing_heavy(base: Path):
    code = (
        "import sys; from chatmimic.bases import describe_base, find_base; "
        "find_base(sys.argv[1]); describe_base(sys.argv[1]); "
        "print(sorted({'torch', 'transformers', 'huggingface_hub', 'socket'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(base)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


SILENT = """
import socket, sys
def refuse(*_, **__):
    raise AssertionError("a local base asked for the network")
socket.socket.connect = socket.getaddrinfo = refuse
from chatmimic.bases import open_base
print(open_base(sys.argv[1]).model.config.n_layer)
"""


def test_loading_a_folder_is_silent_and_needs_no_network(base: Path):
    import os

    free = {k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"}
    done = subprocess.run(
        [sys.executable, "-c", SILENT, str(base)], env=free, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "2\n", "")


def test_a_tilde_and_a_relative_path_are_folders(base: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(base.parent))
    monkeypatch.setenv("USERPROFILE", str(base.parent))
    monkeypatch.chdir(base.parent)
    assert find_base("~/base") == find_base("base") == find_base("./base") == base


def test_the_starter_is_part_of_the_package(base: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bases, "STARTER_FOLDER", base)
    assert find_base("starter") == base
    monkeypatch.setattr(bases, "STARTER_FOLDER", base / "absent")
    with pytest.raises(BaseError, match="not part of this installation"):
        open_base("starter")


# tokenizers


def gpt2_pair(base: Path, folder: Path, names: tuple[str, str]) -> Path:
    """The base's tokenizer as GPT-2's two files."""
    model = json.loads((base / "tokenizer.json").read_text())["model"]
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]
    folder.mkdir(exist_ok=True)
    (folder / names[0]).write_text(json.dumps(model["vocab"]))
    (folder / names[1]).write_text("\n".join(["#version: 0.2", *merges, ""]))
    return folder


def without_tokenizer(base: Path) -> Path:
    for file in base.glob("tokenizer*"):
        file.unlink()
    return base


PAIRS = [("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")]


@pytest.mark.parametrize("names", PAIRS)
@pytest.mark.parametrize("beside", [True, False])
def test_the_two_files_of_gpt2_are_a_tokenizer(
    base: Path, plain_base: Path, tmp_path: Path, names: tuple[str, str], beside: bool
):
    """Beside the model, or in a folder of their own that is given."""
    without_tokenizer(base)
    folder = gpt2_pair(plain_base, base if beside else tmp_path / "words", names)
    opened = open_base(str(base), tokenizer=None if beside else str(folder))
    known = open_base(str(plain_base)).tokenizer
    text = "hello there, \u00e9t\u00e9 \U0001f431<|endoftext|>lol"
    assert opened.tokenizer(text).input_ids == known(text).input_ids
    assert opened.tokenizer.eos_token == "<|endoftext|>"
    assert opened.tokenizer.decode(opened.tokenizer(text).input_ids) == text


@pytest.mark.parametrize("as_file", [True, False])
def test_a_tokenizer_json_on_its_own(base: Path, tmp_path: Path, as_file: bool):
    given = tmp_path / "words"
    given.mkdir()
    (base / "tokenizer.json").rename(given / "tokenizer.json")
    without_tokenizer(base)
    path = given / "tokenizer.json" if as_file else given
    opened = open_base(str(base), tokenizer=str(path)).tokenizer
    assert opened.decode(opened("hello there").input_ids) == "hello there"
    assert (opened.eos_token, opened.eos_token_id) == ("<|endoftext|>", 0)


def test_the_tokenizer_of_another_model_is_refused(base: Path, tiny_base: Path):
    with pytest.raises(BaseError, match=r"^The tokenizer of base has .*belong to different models"):
        open_base(str(base), tokenizer=str(_larger(tiny_base, base.parent / "larger")))


def _larger(base: Path, folder: Path) -> Path:
    shutil.copytree(base, folder)
    words = json.loads((folder / "tokenizer.json").read_text())
    words["model"]["vocab"] |= {f"more{number}": 1000 + number for number in range(50)}
    (folder / "tokenizer.json").write_text(json.dumps(words))
    return folder


# what cannot be opened


def cut(name: str, size: int) -> Callable[[Path], object]:
    return lambda base: (base / name).write_bytes((base / name).read_bytes()[:size])


def write(name: str, content: str) -> Callable[[Path], object]:
    return lambda base: (base / name).write_text(content)


def remove(name: str) -> Callable[[Path], object]:
    return lambda base: (base / name).unlink()


def configure(**entries: object) -> Callable[[Path], object]:
    return lambda base: change(base / "config.json", **entries)


def only(name: str) -> Callable[[Path], object]:
    return lambda base: (base / WEIGHTS).rename(base / name)


BEFORE_LOADING = {
    "no config": (remove("config.json"), "config.json is missing"),
    "empty config": (write("config.json", ""), "config.json is damaged: it is not JSON"),
    "garbage config": (write("config.json", "\x00{{{"), "config.json is damaged: it is not JSON"),
    "deep config": (write("config.json", "[" * 100_000), "config.json is damaged"),
    "list config": (write("config.json", "[]"), "config.json is damaged: it is not a JSON object"),
    "no architecture": (write("config.json", "{}"), "config.json does not name the architecture"),
    "own code": (configure(auto_map={"AutoModel": "m.M"}), "such code is never run"),
    "adapter": (write("adapter_config.json", "{}"), "is an adapter of an unsupported kind"),
    "no weights": (remove(WEIGHTS), "model.safetensors is missing"),
    "pickle .bin": (only("pytorch_model.bin"), "only as pytorch_model.bin"),
    "pickle .pt": (only("model.pt"), "only as model.pt"),
    "pickle .pkl": (only("model.pkl"), "only as model.pkl"),
    "empty weights": (cut(WEIGHTS, 0), "model.safetensors is damaged or cut short"),
    "weights of 5 bytes": (cut(WEIGHTS, 5), "model.safetensors is damaged or cut short"),
    "weights cut in the table": (cut(WEIGHTS, 500), "model.safetensors is damaged or cut short"),
    "weights cut at the end": (cut(WEIGHTS, -1), "model.safetensors is cut short"),
    "weights of zeros": (write(WEIGHTS, "\x00" * 400), "model.safetensors is damaged"),
    "weights that are text": (write(WEIGHTS, "hello" * 99), "model.safetensors is damaged"),
    "no tokenizer": (remove("tokenizer.json"), "has no tokenizer"),
}
IN_LOADING = {
    "unknown architecture": (configure(model_type="nonesuch"), "config.json|nonesuch"),
    "encoder": (
        configure(model_type="bert", architectures=["BertForMaskedLM"]),
        "is not a causal language model, but BertForMaskedLM",
    ),
    "translator": (
        configure(model_type="t5", architectures=["T5ForConditionalGeneration"]),
        "is not a causal language model",
    ),
    "layers as a word": (configure(n_layer="two"), "cannot be opened"),
    "another width": (configure(n_embd=64), "has the shape"),
    "more layers than weights": (configure(n_layer=3), "3 layers, the weights have 2"),
    "empty tokenizer": (write("tokenizer.json", ""), "tokenizer.json cannot be read as a tok"),
    "tokenizer of nothing": (write("tokenizer.json", "{}"), "tokenizer.json cannot be read"),
    "garbage tokenizer": (write("tokenizer.json", "\x01 no"), "tokenizer.json cannot be read"),
    "garbage beside it": (write("tokenizer_config.json", "{"), "cannot be read as a tokenizer"),
}


@pytest.mark.parametrize("case", BEFORE_LOADING)
def test_a_spoilt_folder_is_named_before_anything_is_loaded(base: Path, case: str):
    spoil, words = BEFORE_LOADING[case]
    spoil(base)
    with pytest.raises(BaseError, match=words) as caught:
        find_base(str(base))
    assert str(base) in caught.value.what
    assert caught.value.hint
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("case", IN_LOADING)
def test_a_folder_that_does_not_load_is_named(base: Path, case: str):
    spoil, words = IN_LOADING[case]
    spoil(base)
    with pytest.raises(BaseError, match=words) as caught:
        open_base(str(base))
    assert str(base) in caught.value.what
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_a_tensor_of_another_size_is_no_base(base: Path):
    import torch
    from safetensors.torch import load_file, save_file

    tensors = load_file(base / WEIGHTS)
    tensors["transformer.ln_f.weight"] = torch.ones(7)
    save_file(tensors, base / WEIGHTS, metadata={"format": "pt"})
    with pytest.raises(BaseError, match="has the shape"):
        open_base(str(base))


def test_a_shard_that_is_missing_is_named(base: Path):
    (base / WEIGHTS).rename(base / "model-00001-of-00002.safetensors")
    names = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    table = {"weight_map": dict(zip("ab", names, strict=True))}
    (base / f"{WEIGHTS}.index.json").write_text(json.dumps(table))
    with pytest.raises(BaseError, match="model-00002-of-00002.safetensors is missing"):
        find_base(str(base))


NAMES = [
    ("./nowhere", "no such file or folder"),
    ("~/nowhere/at/all", "no such file or folder"),
    ("/nowhere", "no such file or folder"),
    ("a/b/c", "no such file or folder"),
    ("two words", "neither a folder nor a valid name on the model hub"),
    ("../..", "config.json is missing"),
    ("org/../x", "no such file or folder"),
    ("-x", "neither a folder nor a valid name"),
    ("", "neither a folder nor a valid name"),
    ("x" * 5000, "neither a folder nor a valid name"),
    ("bad\x1b[31mname", "neither a folder nor a valid name"),
]


@pytest.mark.parametrize(("name", "words"), NAMES)
def test_names_that_mean_nothing(
    name: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    with pytest.raises(BaseError, match=words):
        find_base(name)


def test_a_file_is_no_base(base: Path):
    with pytest.raises(BaseError, match="is a file, not a folder"):
        find_base(str(base / WEIGHTS))


def test_what_is_not_here_cannot_be_described(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with pytest.raises(BaseError, match="is not on this machine yet"):
        describe_base("nobody/has-this")


def test_several_threads_may_load_at_once(plain_base: Path, tmp_path: Path) -> None:
    folders = [tmp_path / str(n) for n in range(4)]
    for folder in folders:
        shutil.copytree(plain_base, folder)
    with ThreadPoolExecutor(len(folders)) as pool:
        models = list(pool.map(load_model, [*folders, *folders]))
    tied = [m.get_input_embeddings().weight is m.get_output_embeddings().weight for m in models]
    assert tied == [True] * 8

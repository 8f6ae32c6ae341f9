"""Models of strangers: config.json is held against the tensors before anything is built."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from chatmimic.bases import open_base
from chatmimic.bases.loading import load_tokenizer
from chatmimic.bases.unusable import not_opened
from chatmimic.cli import main
from chatmimic.errors import BaseError, DamagedBase


def changed(base: Path, to: Path, file: str, **values: Any) -> Path:
    """A copy of a base with other values in one of its JSON files."""
    folder = shutil.copytree(base, to / "strange")
    there = json.loads((folder / file).read_text("utf-8"))
    (folder / file).write_text(json.dumps({**there, **values}), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"n_layer": 10**6}, "it has 1,000,000 layers, the weights have 2"),
        ({"n_layer": 3}, "it has 3 layers, the weights have 2"),
        ({"n_layer": 1}, "it has 1 layer, the weights have 2"),
        ({"n_layer": 0}, "0 is not a number of layers"),
        ({"n_layer": -1}, "-1 is not a number of layers"),
        ({"n_embd": 64}, "has the shape"),
        ({"vocab_size": 10**9}, "has the shape"),
        ({"n_positions": 10**9}, "has the shape"),
        ({"n_inner": 10**12}, "has the shape"),
    ],
)
def test_a_config_that_is_not_of_these_weights(plain_base, tmp_path, said, why: str) -> None:
    folder = changed(plain_base, tmp_path, "config.json", **said)
    with pytest.raises(DamagedBase, match="do not match its config.json") as refused:
        open_base(str(folder))
    assert why in str(refused.value)


@pytest.mark.parametrize("layers", ["2", 2.5, None, [2], True])
def test_layers_that_are_no_number(plain_base, tmp_path, layers: Any) -> None:
    folder = changed(plain_base, tmp_path, "config.json", n_layer=layers)
    with pytest.raises(BaseError):
        open_base(str(folder))


@pytest.mark.parametrize(
    ("name", "refused"),
    [("transformer.secret.weight", True), ("transformer.h.0.attn.masked_bias", False)],
)
def test_tensors_that_the_model_has_no_use_for(plain_base, tmp_path, name, refused) -> None:
    folder = shutil.copytree(plain_base, tmp_path / "more")
    file = folder / "model.safetensors"
    weights = load_file(file)
    weights[name] = weights["transformer.ln_f.weight"].clone()
    save_file(weights, file, {"format": "pt"})
    if not refused:
        assert open_base(str(folder)).model
        return
    with pytest.raises(DamagedBase, match=r"1 tensor is not part of it \(transformer.secret"):
        open_base(str(folder))


def test_a_tensor_that_is_missing(plain_base, tmp_path) -> None:
    folder = shutil.copytree(plain_base, tmp_path / "less")
    file = folder / "model.safetensors"
    weights = load_file(file)
    del weights["transformer.ln_f.weight"]
    save_file(weights, file, {"format": "pt"})
    with pytest.raises(DamagedBase, match=r"1 tensor is missing \(transformer.ln_f"):
        open_base(str(folder))


def tokenizer_with(base: Path, to: Path, pattern: str) -> Path:
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated"}
    steps = [
        {**split, "invert": False},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
    ]
    sequence = {"type": "Sequence", "pretokenizers": steps}
    return changed(base, to, "tokenizer.json", pre_tokenizer=sequence)


@pytest.mark.parametrize("pattern", ["(x+x+)+y", "(a|aa)+c|(x+x+)+y"])
def test_a_pattern_that_tries_without_end(plain_base, tmp_path, capfd, pattern: str) -> None:
    folder = tokenizer_with(plain_base, tmp_path, pattern)
    with pytest.raises(BaseError, match=r"tokenizer.json cannot be used as a tokenizer: .*retry"):
        load_tokenizer(folder)
    assert capfd.readouterr().err == ""


def test_a_usual_pattern_is_no_fault(plain_base, tmp_path) -> None:
    assert load_tokenizer(tokenizer_with(plain_base, tmp_path, r"\S+|\s+"))("tea")["input_ids"]


def test_a_library_that_gives_up_later_is_one_sentence(monkeypatch, capsys) -> None:
    panic = type("PanicException", (BaseException,), {})

    def gives_up(*_: object, **__: object) -> None:
        raise panic("retry-limit-in-match over")

    monkeypatch.setattr("chatmimic.cli.cli.main", gives_up)
    with pytest.raises(SystemExit) as over:
        main(["mimics"])
    assert over.value.code == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "gave up (retry-limit-in-match over)" in said


def test_a_reason_is_cut_between_words_and_without_advice() -> None:
    long = ValueError("a string conversion " * 40 + "\nIf this is a private repository, log in.")
    said = str(not_opened(Path("x"), "opened", long))
    assert "a string …." in said
    assert "private repository" not in said

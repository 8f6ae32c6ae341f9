"""Engines: the products with fewer bits, and a mimic that is computed by them."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from itertools import product

import pytest
import torch
import transformers
from engine_support import SIZE, half, int8
from safetensors.torch import load_file, save_file
from talking_support import write_tiny_mimic
from torch import nn
from transformers.pytorch_utils import Conv1D

from chatmimic.bases.memory import letting_go
from chatmimic.engines import ENGINES, choose, prepare
from chatmimic.engines.products import (
    HalfProduct,
    Int8Product,
    halved,
    has_half,
    has_int8,
    replaced,
)
from chatmimic.errors import MimicError
from chatmimic.generation import Decoding
from chatmimic.generation.cache import Reader
from chatmimic.generation.engine import TorchGenerator
from chatmimic.mimic import LOSSES
from chatmimic.records import Message

KINDS = {
    "gpt2": {},
    "gpt_neox": {"intermediate_size": 96},
    "opt": {"ffn_dim": 96, "word_embed_proj_dim": 64},
    "falcon": {},
    "llama": {"intermediate_size": 96, "num_key_value_heads": 2, "tie_word_embeddings": True},
    "qwen3": {"intermediate_size": 96, "num_key_value_heads": 2, "head_dim": 16},
    "phi3": {"intermediate_size": 96, "num_key_value_heads": 2},
    "gemma3_text": {"intermediate_size": 96, "num_key_value_heads": 2, "head_dim": 16},
}


def model_of(kind: str):
    config = transformers.AutoConfig.for_model(kind, **SIZE, **KINDS[kind])
    torch.manual_seed(0)
    return transformers.AutoModelForCausalLM.from_config(config).eval()


def spread_rows() -> torch.Tensor:
    """Rows of activations of all sizes: with an outlier, of one sign, all alike."""
    torch.manual_seed(1)
    rows = torch.randn(8, 200) * torch.tensor([[1], [30], [0.01], [1], [1], [0], [1], [1000]])
    rows[3, 5] = 80
    rows[4] = rows[4].abs() + 2
    rows[6] = -rows[6].abs()
    return rows


@int8
def test_a_row_is_the_same_whatever_is_read_along_with_it():
    layer = nn.Linear(200, 72)
    rows = spread_rows()
    computed = replaced(nn.Sequential(layer), Int8Product)
    with torch.no_grad():
        together = computed(rows)
        for row, found, exact in zip(rows, together, layer(rows), strict=True):
            alone = computed(row[None])[0]
            error = (alone - exact).std()
            assert (alone - found).abs().max() <= 0.01 * error + 1e-6
            assert error <= 0.02 * row.std() + 0.02 * row.abs().max() + 1e-6
        shaped = computed(rows.view(2, 4, 200))
    assert torch.equal(shaped.view(8, 72), together)


@int8
@pytest.mark.parametrize("magnitude", [1e-6, 1e-4, 1.0, 1e4])
@pytest.mark.parametrize("rows", [1, 3])
def test_activations_of_any_size_keep_their_steps(magnitude: float, rows: int):
    torch.manual_seed(2)
    layer = nn.Linear(200, 72, bias=False)
    states = magnitude * torch.randn(rows, 200)
    with torch.no_grad():
        exact = layer(states)
        found = replaced(nn.Sequential(layer), Int8Product)(states)
    assert (found - exact).std() < 0.02 * exact.std()


@half
def test_float16_weights_lose_nothing_to_speak_of():
    layer = nn.Linear(200, 72)
    rows = spread_rows()
    with torch.no_grad():
        found = replaced(nn.Sequential(layer), HalfProduct)(rows)
    # 11 bits of each weight, and as many of each activation where a kernel rounds them too.
    torch.testing.assert_close(found, layer(rows), rtol=2e-3, atol=2e-3 * 1000)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("engine", "most"),
    [("float32", 1e-5), pytest.param("half", 0.02), pytest.param("int8", 0.05, marks=int8)],
)
def test_any_architecture_is_computed(kind: str, engine: str, most: float):
    model = model_of(kind)
    ids = list(range(1, 40))
    with torch.no_grad():
        exact = model(torch.tensor([ids])).logits[0]
    reader = Reader(prepare(model, engine))
    for end in (20, 21, 39):  # many tokens, one, and many after those
        found = reader.logits(ids[:end])[-1]
        assert (found.cpu() - exact[end - 1]).std() < most * exact.std()


@int8
def test_weights_stored_in_16_bits_are_taken_as_they_are():
    model = model_of("llama").bfloat16()
    table = model.get_input_embeddings().weight
    ids = torch.arange(1, 20)[None]
    with torch.no_grad():
        exact = model_of("llama").bfloat16().float()(ids).logits
        found = prepare(model, "int8")(ids).logits
    assert (found - exact).std() < 0.05 * exact.std()
    kept = model.get_input_embeddings()
    assert kept._weight.data_ptr() == table.data_ptr()
    assert kept(ids).dtype == torch.float32


@pytest.mark.parametrize(
    ("asked", "parameters", "lost", "chosen"),
    [
        ("auto", 7_000_000, None, "float32"),
        ("auto", 7_000_000, 0.0, "float32"),
        ("half", 7_000_000, None, "half"),
        ("float32", 135_000_000, 0.001, "float32"),
        pytest.param("auto", 135_000_000, None, "half", marks=half),
        pytest.param("auto", 135_000_000, 0.02, "half", marks=half),
        pytest.param("auto", 135_000_000, 0.01, "int8", marks=int8),
        pytest.param("int8", 7_000_000, None, "int8", marks=int8),
    ],
)
def test_which_engine_is_taken(asked, parameters, lost, chosen):
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        chosen = "half" if chosen == "int8" and asked == "auto" else chosen
    assert choose(asked, parameters, lost) == chosen


def test_a_machine_without_int8_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("chatmimic.engines.products.has_int8", lambda: False)
    with pytest.raises(MimicError, match="int8 engine does not work"):
        choose("int8", 135_000_000, None)
    assert choose("auto", 135_000_000, 0.0) in ("half", "float32")


@pytest.mark.parametrize("engine", [e for e in ENGINES if e != "int8" or has_int8()])
def test_the_same_seed_gives_the_same_reply(engine, plain_base, tmp_path):
    mimic = write_tiny_mimic(tmp_path / "mimic", plain_base, "named")
    loaded = mimic.load(engine)
    assert loaded.engine == ("float32" if engine == "auto" else engine)
    talk = [Message("Bob", "hello there"), Message("Bob", "how are you")]
    decoding = Decoding(seed=7, max_tokens=20)
    first = "".join(TorchGenerator(loaded).stream(talk, "Ada Lovelace", decoding))
    again = TorchGenerator(mimic.load(engine))
    for part in (talk[:1], talk, talk):  # with a cache of something else, with its own
        said = "".join(again.stream(part, "Ada Lovelace", decoding))
    assert first
    assert said == first


@pytest.mark.parametrize(
    ("written", "lost"),
    [
        ({"int8": {"bits_per_character": 0.004, "windows": 8}}, 0.004),
        ({"int8": {"bits_per_character": "much"}}, None),
        ({"int8": 3}, None),
        ([], None),
        (None, None),
    ],
)
def test_what_int8_loses_is_read_from_beside_the_mimic(written, lost, plain_base, tmp_path):
    mimic = write_tiny_mimic(tmp_path / "mimic", plain_base, "named")
    if written is not None:
        (mimic.path / LOSSES).write_text(json.dumps(written))
    assert mimic.lost == lost


def test_a_damaged_mimic_is_told_of_with_any_engine(plain_base, tmp_path):
    mimic = write_tiny_mimic(tmp_path / "mimic", plain_base, "named")
    (mimic.path / "model.safetensors").write_bytes(b"no weights")
    for engine in ENGINES:
        with pytest.raises(MimicError, match="damaged"):
            replace(mimic).load(engine)


@pytest.mark.skipif(sys.platform != "linux", reason="only there is memory given back")
def test_what_is_mapped_from_a_file_is_let_go_and_read_again(tmp_path):
    file = tmp_path / "some.safetensors"
    save_file({"one": torch.arange(100_000.0), "other": torch.ones(100_000)}, file)
    tensors = load_file(file)
    with letting_go() as let_go:
        let_go(tensors["one"])
        let_go(torch.ones(3))  # not of a file
    assert torch.equal(tensors["one"], torch.arange(100_000.0))
    tensors["one"].zero_()
    with letting_go() as let_go:  # what was written is kept
        let_go(tensors["one"])
    assert not tensors["one"].any()
    assert tensors["other"].all()


def test_a_matrix_of_many_rows_is_cut():
    for kind, bias in product((nn.Linear, Conv1D), (True, False)):
        layer = kind(8, 40_000, bias=bias) if kind is nn.Linear else Conv1D(40_000, 8)
        rows = torch.randn(3, 8)
        with torch.no_grad():
            exact = layer(rows)
            found = prepare(nn.Sequential(layer), "half" if has_half() else "float32")(rows)
        torch.testing.assert_close(found, exact, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("kind", ["gpt2", "llama", "gpt_neox"])
def test_half_precision_moves_no_position(kind):
    model = model_of(kind)
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    halved(model)
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())

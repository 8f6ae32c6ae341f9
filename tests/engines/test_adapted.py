"""Adapters beside a base that several of them share: true to what is merged, apart, and let go."""

from __future__ import annotations

import threading
import weakref
from functools import partial
from pathlib import Path

import pytest
import torch
import transformers
from engine_support import SIZE, int8
from safetensors.torch import load_file, save_file
from torch import nn
from transformers.pytorch_utils import Conv1D

from chatmimic.bases import load_whole
from chatmimic.bases.adapter import WEIGHTS, save_adapter
from chatmimic.bases.loading import load_model
from chatmimic.engines.adapted import Adapted, load_for_chat
from chatmimic.engines.products import has_half
from chatmimic.errors import BaseError, DamagedBase
from chatmimic.generation.cache import Reader

RANK = 4
KINDS = {
    "gpt2": {},
    "gpt_neox": {"intermediate_size": 96},
    "falcon": {},
    "llama": {"intermediate_size": 96, "num_key_value_heads": 2, "tie_word_embeddings": True},
    "phi3": {"intermediate_size": 96, "num_key_value_heads": 2},
}
ENGINES = ["float32", "half", pytest.param("int8", marks=int8)]
IDS = list(range(1, 40))


def write_base(folder: Path, kind: str) -> Path:
    """A base with random weights."""
    config = transformers.AutoConfig.for_model(kind, **SIZE, **KINDS[kind])
    torch.manual_seed(0)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def write_adapter(folder: Path, base: Path, seed: int, of: str = "") -> Path:
    """A random adapter of the layers of a base's blocks that have `of` in their names."""
    torch.manual_seed(seed)
    learnt, folder = {}, folder.absolute()
    folder.mkdir()
    for name, layer in load_model(base).named_modules():
        if isinstance(layer, nn.Linear | Conv1D) and "head" not in name and of in name:
            rows, columns = layer.weight.shape
            if isinstance(layer, Conv1D):
                rows, columns = columns, rows
            learnt[f"{name}.lora_A.default.weight"] = torch.randn(RANK, columns) / 8
            learnt[f"{name}.lora_B.default.weight"] = torch.randn(rows, RANK) / 8
    turned = any(isinstance(m, Conv1D) for m in load_model(base).modules())
    said = {"peft_type": "LORA", "r": RANK, "lora_alpha": 8, "fan_in_fan_out": turned}
    save_adapter(folder, learnt, said, str(base))
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("shared") / "base", "llama")


@pytest.fixture(scope="module")
def adapters(base: Path) -> list[Path]:
    """Two of one base."""
    return [write_adapter(base.parent / f"adapter {seed}", base, seed) for seed in (1, 2)]


def read(model: nn.Module, ends: tuple[int, ...] = (20, 21, 39)) -> list[torch.Tensor]:
    """Logits after many tokens, after one more, and after many."""
    reader = Reader(model)
    return [reader.logits(IDS[:end])[-1].cpu() for end in ends]


def weights(model: nn.Module) -> tuple[list[int], list[int]]:
    """Where a model's weights are, and the products that hold those of 8 and 16 bits."""
    return [p.data_ptr() for p in model.parameters()], [id(m) for m in model.modules()][1:]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("engine", "most"),
    [("float32", 1e-5), ("half", 0.03), pytest.param("int8", 0.06, marks=int8)],
)
def test_an_adapter_beside_its_base_is_what_merging_makes(tmp_path, kind, engine, most):
    base = write_base(tmp_path / "base", kind)
    adapter = write_adapter(tmp_path / "adapter", base, 1)
    with torch.no_grad():
        exact = load_whole(adapter)(torch.tensor([IDS])).logits[0, [19, 20, 38]]
        without = load_model(base)(torch.tensor([IDS])).logits[0, [19, 20, 38]]
    for row, other, found in zip(exact, without, read(load_for_chat(adapter, engine)), strict=True):
        assert (found - row).std() < most * row.std()
        assert (other - row).std() > 0.2 * row.std()


@pytest.mark.parametrize("of", ["q_proj", "v_proj", "o_proj", "up_proj", "layers.1.mlp"])
@pytest.mark.parametrize("engine", ["float32", "half"])
def test_an_adapter_of_some_layers_leaves_the_others(tmp_path, base, engine, of):
    adapter = write_adapter(tmp_path / "adapter", base, 1, of)
    with torch.no_grad():
        exact = load_whole(adapter)(torch.tensor([IDS])).logits[0, -1]
        without = load_model(base)(torch.tensor([IDS])).logits[0, -1]
    found = read(load_for_chat(adapter, engine))[-1]
    assert (found - exact).std() < 0.3 * (without - exact).std()


def test_several_conversations_at_once_are_computed(base, adapters):
    model, whole = load_for_chat(adapters[0], "float32"), load_whole(adapters[0])
    ids = torch.tensor([IDS[:12], IDS[12:24]])
    with torch.no_grad():
        torch.testing.assert_close(model(ids).logits, whole(ids).logits, rtol=1e-3, atol=1e-4)
        hidden = model.base_model(ids).last_hidden_state
        torch.testing.assert_close(
            model.get_output_embeddings()(hidden), whole(ids).logits, rtol=1e-3, atol=1e-4
        )


@pytest.mark.parametrize("engine", ENGINES)
def test_two_adapters_share_one_base_and_each_is_as_it_is_alone(adapters, engine):
    alone = [read(load_for_chat(adapter, engine)) for adapter in adapters]
    assert not torch.allclose(alone[0][-1], alone[1][-1], atol=0.1)
    one, other = (load_for_chat(adapter, engine) for adapter in adapters)
    assert weights(one) == weights(other)
    readers = [Reader(one), Reader(other)]
    for step, end in enumerate((20, 21, 39)):  # by turns, each with a cache of its own
        for reader, said in zip(readers, alone, strict=True):
            assert torch.equal(reader.logits(IDS[:end])[-1].cpu(), said[step])


@pytest.mark.parametrize("engine", ENGINES)
def test_two_adapters_of_one_base_may_be_used_from_any_thread(adapters, engine):
    ends = tuple(range(5, 39))
    models = [load_for_chat(adapter, engine) for adapter in adapters]
    alone = [read(model, ends) for model in models]
    found: dict[int, list[list[torch.Tensor]]] = {0: [], 1: []}

    def talk(number: int) -> None:
        for _ in range(4):
            found[number].append(read(models[number], ends))

    threads = [threading.Thread(target=partial(talk, number)) for number in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, said in found.items():
        assert len(said) == 4
        assert all(
            torch.equal(a, b) for once in said for a, b in zip(once, alone[number], strict=True)
        )


def test_a_base_is_shared_by_those_who_compute_it_alike(adapters, base):
    one = load_for_chat(adapters[0], "float32")
    assert weights(one) == weights(load_for_chat(adapters[1], "float32"))
    if has_half():
        assert weights(one) != weights(load_for_chat(adapters[1], "half"))
    assert not isinstance(load_for_chat(base, "float32"), Adapted)  # a base alone is its own


def test_a_base_is_let_go_with_the_last_mimic_on_it(adapters):
    one, other = (load_for_chat(adapter, "float32") for adapter in adapters)
    base = weakref.ref(one._base)
    additions = weakref.ref(next(iter(one._additions.values())))
    read(one)
    del one
    assert additions() is None  # its own matrices go with each
    assert base() is other._base
    del other
    assert base() is None


def test_another_base_in_the_same_folder_is_another_base(tmp_path, base, adapters):
    """Of an adapter that does not say of which base it is, as peft's own do not."""
    place, adapter = tmp_path / "base", tmp_path / "adapter"
    write_adapter(adapter, write_base(place, "llama"), 1)
    save_file(load_file(adapter / WEIGHTS), adapter / WEIGHTS, metadata={"format": "pt"})
    first = load_for_chat(adapter, "float32")
    file = place / "model.safetensors"
    changed = {name: tensor * 1.5 for name, tensor in load_file(file).items()}
    file.unlink()
    save_file(changed, file, metadata={"format": "pt"})
    again = load_for_chat(adapter, "float32")
    assert weights(first) != weights(again)
    assert not torch.allclose(read(first)[-1], read(again)[-1], atol=0.1)


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda name, matrix: (name.replace("layers.1", "layers.7"), matrix),
        lambda name, matrix: (name.replace("layers.1.mlp.down_proj", "norm"), matrix),
        lambda name, matrix: (name, matrix.repeat(1, 2) if "lora_A" in name else matrix),
        lambda name, matrix: (name, matrix.repeat(2, 1) if "lora_B" in name else matrix),
    ],
)
def test_matrices_that_do_not_fit_are_told(tmp_path, base, spoilt):
    adapter = write_adapter(tmp_path / "adapter", base, 1)
    file = adapter / WEIGHTS
    matrices = dict(spoilt(*pair) for pair in load_file(file).items())
    save_file({n: m.contiguous() for n, m in matrices.items()}, file)
    with pytest.raises(DamagedBase, match="does not fit its base"):
        load_for_chat(adapter, "float32")


def test_a_base_that_is_gone_is_told(tmp_path):
    base = write_base(tmp_path / "base", "llama")
    adapter = write_adapter(tmp_path / "adapter", base, 1)
    (base / "config.json").unlink()
    with pytest.raises(BaseError, match="not on this machine"):
        load_for_chat(adapter, "float32")

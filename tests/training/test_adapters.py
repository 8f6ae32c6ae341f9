"""Which parts of a base are learnt, in architectures that are built differently."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch

from chatmimic.errors import TrainingError
from chatmimic.training.objective.loss import LossModule
from chatmimic.training.optim.fused_backward import StepInBackward
from chatmimic.training.optim.optimizers import make_optimizer, set_rate
from chatmimic.training.optim.trainable import (
    check_blocks,
    choose_learning,
    complaint,
    halve_the_fixed,
)
from chatmimic.transcript import Mark

IDS = torch.arange(96).remainder(61).view(4, 24)
WIDTH, LAYERS, VOCABULARY = 32, 3, 96
KIN = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "bos_token_id": 0,
    "eos_token_id": 0,
}
SIZES: dict[str, dict[str, Any]] = {
    "gpt2": {
        "vocab_size": VOCABULARY,
        "n_embd": WIDTH,
        "n_layer": LAYERS,
        "n_head": 2,
        "n_positions": 64,
        "bos_token_id": 0,
        "eos_token_id": 0,
        **dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0),
    },
    "llama": {**KIN, "tie_word_embeddings": True, "attention_bias": True},
    "qwen2": {**KIN, "num_key_value_heads": 1, "tie_word_embeddings": False},
    "gpt_neox": KIN,
    # Its final norm is made before the blocks, and has a layer after it.
    "opt": {**KIN, "ffn_dim": 48, "word_embed_proj_dim": 16},
}
# Names of the blocks, of the final norm, of the table of tokens, and of an output head of its own.
PLACES = {
    "gpt2": ("transformer.h", ["transformer.ln_f"], ["transformer.wte"]),
    "llama": ("model.layers", ["model.norm"], ["model.embed_tokens"]),
    "qwen2": ("model.layers", ["model.norm"], ["model.embed_tokens", "lm_head"]),
    "gpt_neox": (
        "gpt_neox.layers",
        ["gpt_neox.final_layer_norm"],
        ["gpt_neox.embed_in", "lm_head"],
    ),
    "opt": (
        "model.decoder.layers",
        ["model.decoder.final_layer_norm", "model.decoder.project_out"],
        ["model.decoder.embed_tokens"],
    ),
}
LINEAR = {"gpt2": 4, "llama": 7, "qwen2": 7, "gpt_neox": 4, "opt": 6}  # layers in a block


def model_of(kind: str) -> Any:
    """A random model of an architecture, the same each time."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(3)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **SIZES[kind])).eval()


def learnt(model: Any) -> set[str]:
    return {name for name, p in model.named_parameters() if p.requires_grad}


def below(model: Any, *parts: str) -> set[str]:
    return {n for n, _ in model.named_parameters() if any(n.startswith(f"{p}.") for p in parts)}


def surprise(model: Any) -> torch.Tensor:
    marks, positions = torch.full_like(IDS, Mark.TEXT), torch.arange(24).expand(4, 24)
    return LossModule(model)(IDS, marks, positions).loss / IDS.numel()


def learn(model: Any, steps: int = 12, rate: float = 1e-2, optimizer: Any = None) -> list[float]:
    optimizer = optimizer or make_optimizer(model, 0.01)
    losses = []
    for _ in range(steps):
        set_rate(optimizer, rate)
        optimizer.zero_grad()
        loss = surprise(model)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        return model(IDS).logits


# -- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "train", ["auto", "all", "transformer", "lora", "last-1", "last-12", "last-999"]
)
def test_what_train_can_be(train):
    assert complaint(train) is None


@pytest.mark.parametrize(
    "train",
    ["", "All", "last", "last-", "last-0", "last--1", "last-01", "last-1 ", "last-٣", "x"],
)
def test_what_it_cannot_be(train):
    assert str(complaint(train)).startswith(f'--train is "{train}"; it can be auto, ')
    with pytest.raises(TrainingError, match="--train is"):
        choose_learning(model_of("gpt2"), train)


def test_asking_loads_nothing_heavy():
    code = (
        "import sys; from chatmimic.training.optim.trainable import complaint; complaint('lora'); "
        "print({'torch', 'transformers', 'peft', 'numpy'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "set()\n"


# -- parts of the model ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("rows", [0, 2])
def test_the_blocks_and_the_final_norm(kind, rows):
    blocks, norm, tables = PLACES[kind]
    tables = tables if rows else []
    for train, count in (("transformer", LAYERS), ("last-1", 1), ("last-2", 2), ("last-3", 3)):
        model = model_of(kind)
        learning = choose_learning(model, train, new_tokens=rows)
        last = [f"{blocks}.{LAYERS - 1 - n}" for n in range(count)]
        assert learnt(model) == below(model, *last, *norm, *tables), train
        named = dict(model.named_parameters())
        assert learning.parameters == sum(named[name].numel() for name in learnt(model))


@pytest.mark.parametrize("kind", SIZES)
def test_all_is_all_whatever_was_fixed_before(kind):
    model = model_of(kind)
    choose_learning(model, "last-1")
    assert choose_learning(model, "all", new_tokens=2).parameters == model.num_parameters()


def test_more_blocks_than_there_are():
    with pytest.raises(TrainingError, match="last-4, and the base has 3 blocks") as caught:
        choose_learning(model_of("llama"), "last-4")
    assert "at most last-3" in caught.value.hint


@pytest.mark.parametrize("train", ["auto", "all", "transformer", "lora", "last-1", "last-3"])
def test_blocks_that_are_there_are_no_complaint(train):
    check_blocks(model_of("llama"), train)


class Odd(torch.nn.Module):
    """A base of a few blocks of six experts each; or one of no blocks."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.base_model: Any = torch.nn.Module()
        self.base_model.table = torch.nn.Embedding(4, 3)
        self.base_model.norm = torch.nn.LayerNorm(3)
        self.base_model.forward = self.run
        if blocks:
            self.base_model.blocks = torch.nn.ModuleList(self.block() for _ in range(blocks))

    def block(self) -> torch.nn.Module:
        block = torch.nn.Module()
        block.experts = torch.nn.ModuleList(torch.nn.Linear(3, 3) for _ in range(6))
        block.forward = lambda x: sum(expert(x) for expert in block.experts)
        return block

    def run(self, ids: torch.Tensor, use_cache: bool) -> torch.Tensor:
        x = self.base_model.table(ids)
        for block in self.base_model.blocks:
            x = block(x)
        return self.base_model.norm(x)


def test_a_list_inside_of_a_block_is_none_of_blocks():
    model = Odd(2)
    choose_learning(model, "last-1")
    assert learnt(model) == below(model, "base_model.blocks.1", "base_model.norm")


@pytest.mark.parametrize("train", ["last-1", "lora"])
def test_a_base_without_blocks_is_refused(train):
    with pytest.raises(TrainingError, match="no list of blocks"):
        choose_learning(Odd(0), train)


def test_choosing_draws_no_chance_and_leaves_the_mode():
    model = model_of("gpt2").train()
    torch.manual_seed(5)
    wanted = torch.rand(1)
    for train in ("last-1", "transformer", "lora"):
        torch.manual_seed(5)
        choose_learning(model, train)
        assert torch.equal(torch.rand(1), wanted)
        assert model.training
        assert all(module.training for module in model.modules())


@pytest.mark.parametrize("train", ["transformer", "last-1", "lora"])
def test_only_what_is_learnt_changes(train):
    model = model_of("qwen2")
    choose_learning(model, train)
    names, before = learnt(model), {n: p.detach().clone() for n, p in model.named_parameters()}
    losses = learn(model)
    assert losses[-1] < losses[0]
    assert {n for n, p in model.named_parameters() if not torch.equal(p, before[n])} == names


# -- adapters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LINEAR)
def test_adapters_are_on_each_linear_layer_of_the_blocks(kind):
    model, plain = model_of(kind), model_of(kind)
    learning = choose_learning(model, "lora", rank=3)
    assert type(model) is type(plain)
    assert len(learnt(model)) == 2 * LINEAR[kind] * LAYERS
    assert all(PLACES[kind][0] in name and ".lora_" in name for name in learnt(model))
    shapes = [p.shape for p in model.parameters() if p.requires_grad]
    assert all(3 in shape for shape in shapes)
    assert learning.parameters == sum(shape.numel() for shape in shapes)
    assert torch.equal(logits(model), logits(plain))  # at first they add nothing


@pytest.mark.parametrize("rows", [0, 2])
@pytest.mark.parametrize("kind", LINEAR)
def test_merged_the_model_is_a_plain_one_that_says_the_same(kind, rows, tmp_path):
    from transformers import AutoModelForCausalLM

    model, plain = model_of(kind), model_of(kind)
    learning = choose_learning(model, "lora", rank=4, new_tokens=rows)
    losses = learn(model)
    assert losses[-1] < losses[0]
    said = logits(model)
    assert not torch.allclose(said, logits(plain), atol=1e-2)
    learning.merge()
    assert [n for n, _ in model.named_parameters()] == [n for n, _ in plain.named_parameters()]
    assert [n for n, _ in model.named_modules()] == [n for n, _ in plain.named_modules()]
    torch.testing.assert_close(logits(model), said, atol=2e-5, rtol=1e-4)
    model.save_pretrained(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} <= {
        "config.json",
        "generation_config.json",
        "model.safetensors",
    }
    opened = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    assert torch.equal(logits(opened), logits(model))
    assert opened.config.tie_word_embeddings == plain.config.tie_word_embeddings


@pytest.mark.parametrize("kind", ["gpt2", "qwen2"])
def test_new_tokens_are_learnt_beside_adapters(kind):
    model = model_of(kind)
    choose_learning(model, "lora", new_tokens=2)
    tables = below(model, *PLACES[kind][2])
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    assert tables < learnt(model)
    learn(model, 2)
    assert all(not torch.equal(dict(model.named_parameters())[n], before[n]) for n in tables)


def test_first_values_are_a_function_of_the_seed():
    def made(seed: int, noise: int) -> list[torch.Tensor]:
        model = model_of("llama")
        torch.manual_seed(noise)
        choose_learning(model, "lora", seed=seed)
        return [p for p in model.parameters() if p.requires_grad]

    def same(one: list[torch.Tensor], two: list[torch.Tensor]) -> bool:
        return all(torch.equal(a, b) for a, b in zip(one, two, strict=True))

    assert same(made(1, 0), made(1, 9))
    assert not same(made(1, 0), made(2, 0))


def test_without_peft_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(TrainingError, match="--train lora needs the package peft") as caught:
        choose_learning(model_of("gpt2"), "lora")
    assert "pip install 'peft'" in caught.value.hint


# -- with what saves memory --------------------------------------------------------------------


@pytest.mark.parametrize("train", ["transformer", "last-2", "lora"])
@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen2", "gpt_neox"])
def test_gradients_arrive_in_blocks_that_are_computed_twice(kind, train):
    """Nothing that goes into the first block has a gradient then."""
    twice, once = model_of(kind), model_of(kind)
    for model in (twice, once):
        choose_learning(model, train)
        model.train()
    twice.activation_checkpointing_enable()
    for model in (twice, once):
        surprise(model).backward()
    for (name, one), two in zip(once.named_parameters(), twice.parameters(), strict=True):
        assert (one.grad is not None) == one.requires_grad, name
        if one.grad is not None:
            # The second matrix of an adapter begins at nothing: no gradient gets past it yet.
            assert two.grad.any() or ".lora_A." in name, name
            torch.testing.assert_close(two.grad, one.grad, msg=name)


@pytest.mark.parametrize("train", ["last-1", "lora"])
def test_steps_inside_the_backward_pass_do_the_same(train):
    ours, theirs = model_of("gpt2"), model_of("gpt2")
    for model in (ours, theirs):
        choose_learning(model, train, new_tokens=1)
    backend = StepInBackward(ours, 0.01)
    assert learn(ours, 4, optimizer=backend) == learn(theirs, 4)
    for one, two in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen2", "gpt_neox"])
def test_halving_what_is_fixed_moves_no_position(kind):
    """Rotary frequencies are buffers: 500 times a rounded one is another angle."""
    model = model_of(kind)
    choose_learning(model, "lora", rank=2)
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    halve_the_fixed(model)
    for name, buffer in model.named_buffers():
        assert buffer.dtype == before[name].dtype
        assert torch.equal(buffer, before[name])
    for parameter in model.parameters():
        assert parameter.dtype == (torch.float32 if parameter.requires_grad else torch.bfloat16)

"""Any causal model is a base: the whole road with small ones of other architectures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import transformers as t
from tests_support import WORDS
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from training_support import arguments, fill, typed

SIZE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
CONFIGS = {
    "llama": lambda **s: t.LlamaConfig(**s, intermediate_size=64, num_key_value_heads=1),
    "qwen2": lambda **s: t.Qwen2Config(**s, intermediate_size=64, num_key_value_heads=2),
    "qwen3": lambda **s: t.Qwen3Config(**s, intermediate_size=64, num_key_value_heads=2),
    "gpt_neox": lambda **s: t.GPTNeoXConfig(**s, intermediate_size=64),
    "opt": lambda **s: t.OPTConfig(**s, ffn_dim=64, word_embed_proj_dim=32),
}


def byte_level(end: str) -> Tokenizer:
    """A tokeniser as GPT-2's and Qwen's; `end` is its only special token."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=[end], initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator([WORDS] * 3, trainer)
    return made


def sentence_pieces(end: str) -> Tokenizer:
    """A tokeniser as the first Llamas': a mark for each space and before each text, then bytes."""
    made = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    made.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    parts = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    made.decoder = decoders.Sequence([*parts, decoders.Strip(" ", 1, 0)])
    special = ["<unk>", end, *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=special, show_progress=False)
    made.train_from_iterator(["▁" + WORDS.replace(" ", "▁")] * 3, trainer)
    # The bytes are no special tokens: a decoder is to put them together.
    state = json.loads(made.to_str())
    state["added_tokens"] = [a for a in state["added_tokens"] if not a["content"].startswith("<0x")]
    return Tokenizer.from_str(json.dumps(state))


def write_base(folder: Path, kind: str, backend: Tokenizer, end: str) -> Path:
    """A random model of a kind with a tokeniser, as a folder."""
    torch.manual_seed(0)
    tokenizer = t.PreTrainedTokenizerFast(tokenizer_object=backend, eos_token=end)
    config = CONFIGS[kind](**SIZE, vocab_size=len(tokenizer), max_position_embeddings=128)
    t.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("kind", "end", "form", "options"),
    [
        ("llama", "<|end_of_text|>", "named", {"train": "lora", "lora_rank": 2}),
        ("qwen2", "<|endoftext|>", "tokens", {}),
        ("qwen3", "<|endoftext|>", "short", {"optimizer": "muon"}),
        ("gpt_neox", "<|endoftext|>", "tokens", {"train": "last-1"}),
        ("opt", "</s>", "named", {}),
    ],
)
def test_the_whole_road_with_another_architecture(home, tmp_path, kind, end, form, options):
    made = fill(home)
    base = write_base(tmp_path / "base", kind, byte_level(end), end)
    line = arguments(made, base, form=form, steps=4, **options)
    status, out, err = typed(*line, "--gradient-checkpointing", "--json")
    assert status == 0, err
    facts = json.loads(out)
    assert facts["form"] == form
    assert facts["held_out"]["mimic"]["loss"] < facts["held_out"]["base"]["loss"]
    said = ("reply", "--mimic", "ada", "--home", made.path, "--seed", 1, "hello")
    with pytest.MonkeyPatch.context() as patch:
        # The named form writes the minute of each message, which may change between the two.
        patch.setattr("chatmimic.chat.session.time.time", lambda: 1_700_000_000.0)
        first, again = typed(*said), typed(*said)
    assert first[0] == 0, first[2]
    assert first == again
    opened = t.AutoModelForCausalLM.from_pretrained(facts["path"])
    assert type(opened).__name__.lower().startswith(kind.replace("_", ""))


def test_a_tokeniser_that_marks_the_beginning_of_texts_gets_the_form_that_survives_it(
    home, tmp_path
):
    made = fill(home)
    base = write_base(tmp_path / "base", "llama", sentence_pieces("</s>"), "</s>")
    status, out, err = typed(*arguments(made, base, steps=2), "--json")
    assert status == 0, err
    assert json.loads(out)["form"] == "tokens"
    status, out, err = typed(*arguments(made, base, steps=2, form="named"))
    assert (status, out) == (1, "")
    assert "--form tokens" in err


def test_a_tokeniser_without_any_end_is_one_sentence(home, tmp_path):
    made = fill(home)
    base = write_base(tmp_path / "base", "llama", byte_level("<|endoftext|>"), "<|endoftext|>")
    for file in ("tokenizer.json", "tokenizer_config.json"):
        text = (base / file).read_text("utf-8")
        (base / file).write_text(text.replace("<|endoftext|>", "x-y-z"), "utf-8")
    config = json.loads((base / "tokenizer_config.json").read_text("utf-8"))
    config.pop("eos_token")
    (base / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    status, out, err = typed(*arguments(made, base))
    assert (status, out) == (1, "")
    assert "no token that ends a text" in err

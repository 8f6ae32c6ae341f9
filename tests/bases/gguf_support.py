"""A tiny model as a GGUF file, written by the library that llama.cpp's tools use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

WIDTH, LAYERS, HEADS, FORWARD = 32, 2, 4, 64
END = "<|endoftext|>"


def vocabulary() -> list[str]:
    """A token for each byte, as byte-level BPE writes them, a merge, and the end of a text."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    return [*bytes_to_unicode().values(), "he", END]


def write_gguf(path: Path, architecture: str = "llama", **changes: Any) -> Path:
    """A model with random weights; `changes` are other metadata, by key."""
    import gguf

    tokens = vocabulary()
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("Tiny")
    writer.add_license("mit")
    writer.add_context_length(128)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_merges(["h e"])
    writer.add_bos_token_id(len(tokens) - 1)
    writer.add_eos_token_id(len(tokens) - 1)
    for key, value in changes.items():
        writer.add_string(key, value)
    for name, shape in _shapes(len(tokens)).items():
        writer.add_tensor(name, _values(name, shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _values(name: str, shape: tuple[int, ...]) -> np.ndarray:
    if "norm" in name:
        return np.ones(shape, np.float32)
    chance = np.random.default_rng(len(name))
    return chance.normal(0, 0.05, shape).astype(np.float32)


def _shapes(tokens: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (tokens, WIDTH),
        "output_norm.weight": (WIDTH,),
        "output.weight": (tokens, WIDTH),
    }
    for n in range(LAYERS):
        square = (WIDTH, WIDTH)
        shapes |= {f"blk.{n}.attn_{part}.weight": square for part in ("q", "k", "v", "output")}
        shapes |= {f"blk.{n}.{part}_norm.weight": (WIDTH,) for part in ("attn", "ffn")}
        shapes |= {
            f"blk.{n}.ffn_gate.weight": (FORWARD, WIDTH),
            f"blk.{n}.ffn_up.weight": (FORWARD, WIDTH),
            f"blk.{n}.ffn_down.weight": (WIDTH, FORWARD),
        }
    return shapes

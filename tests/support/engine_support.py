"""What tests of engines share: a small model's size, and which engines this processor has."""

import pytest

from chatmimic.engines.products import has_half, has_int8

int8 = pytest.mark.skipif(not has_int8(), reason="this processor has no int8 engine")
half = pytest.mark.skipif(not has_half(), reason="this processor has no float16 products")
SIZE = {
    "vocab_size": 300,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 128,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": 0,
}

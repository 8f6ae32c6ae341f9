"""GPT-2's activation: computed by one kernel, the same function, and saved under its own name."""

import json

import pytest
import torch
from transformers import AutoConfig, GPT2Config, GPT2LMHeadModel

from chatmimic.bases.loading import empty_model, load_model


@pytest.mark.parametrize("name", ["gelu_new", "gelu_fast", "gelu_pytorch_tanh"])
def test_its_activation_is_one_kernel_and_the_same_function(name, tmp_path):
    config = GPT2Config(
        vocab_size=64, n_embd=32, n_layer=2, n_head=2, n_positions=32, activation_function=name
    )
    plain = GPT2LMHeadModel(config).eval()
    plain.save_pretrained(tmp_path)
    opened = load_model(tmp_path)
    kinds = {type(block.mlp.act).__name__ for block in opened.transformer.h}
    assert kinds == {"GELUTanh" if name == "gelu_pytorch_tanh" else "GELU"}
    ids = torch.arange(64).view(2, 32)
    with torch.no_grad():
        torch.testing.assert_close(opened(ids).logits, plain(ids).logits, atol=1e-5, rtol=1e-5)
    opened.save_pretrained(tmp_path / "again")
    again = json.loads((tmp_path / "again" / "config.json").read_text("utf-8"))
    assert again["activation_function"] == name
    assert opened.state_dict().keys() == plain.state_dict().keys()


def test_an_empty_model_computes_as_one_that_is_opened(tmp_path):
    config = GPT2Config(vocab_size=64, n_embd=32, n_layer=1, n_head=2, n_positions=32)
    GPT2LMHeadModel(config).save_pretrained(tmp_path)
    opened, empty = load_model(tmp_path), empty_model(opened_config(tmp_path))
    empty.load_state_dict(opened.state_dict())
    ids = torch.arange(32)[None]
    with torch.no_grad():
        assert torch.equal(opened(ids).logits, empty.eval()(ids).logits)


def opened_config(folder):
    """The config of a base as a resumed run reads it, without dropout."""
    return AutoConfig.from_pretrained(folder, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)

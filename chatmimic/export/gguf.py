"""A mimic as a GGUF file, which llama.cpp, Ollama and LM Studio run.

The names of tensors and the order of rows are those of llama.cpp's `convert_hf_to_gguf.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chatmimic.errors import MimicError
from chatmimic.transcript import NamedForm

if TYPE_CHECKING:
    from gguf import GGUFWriter, TensorNameMap

    from chatmimic.transcript import Form

PRECISIONS = ("f16", "q8_0")
_WRITTEN = {"gpt2": "GPT2", "llama": "LLAMA"}  # model types, and their names in the package gguf
_TANH_GELU = ("gelu_new", "gelu_pytorch_tanh", "gelu_fast")
_LIKE_GPT2 = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
_OTHERS = "`chatmimic mimics export` without --gguf writes it for other programs."
_NORMAL, _CONTROL, _ADDED, _UNUSED = 1, 3, 4, 5  # kinds of tokens in llama.cpp


def check_gguf(config: Any, tokenizer: Any, token_types: bool) -> None:
    """Raise MimicError for a model that GGUF cannot hold, or llama.cpp would compute otherwise."""
    if find_spec("gguf") is None:
        raise MimicError(
            "Writing GGUF needs the package gguf.", "Install it: pip install 'chatmimic[gguf]'."
        )
    why = next(_reasons(config, tokenizer, token_types), "")
    if why:
        raise MimicError(f"This mimic cannot be written as GGUF: {why}.", _OTHERS)


def _reasons(config: Any, tokenizer: Any, token_types: bool) -> Iterator[str]:
    kind = config.model_type
    if kind not in _WRITTEN:
        yield f"its architecture is {kind}, and only {' and '.join(_WRITTEN)} are supported"
    elif kind == "gpt2" and (
        config.activation_function not in _TANH_GELU or config.scale_attn_by_inverse_layer_idx
    ):
        yield "llama.cpp does not know this variant of GPT-2"
    elif kind == "llama" and config.rope_parameters.get("rope_type", "default") != "default":
        yield "its positions are scaled, which is not supported"
    backend = json.loads(tokenizer.backend_tokenizer.to_str())
    cut = backend["pre_tokenizer"] or {}
    if backend["model"]["type"] != "BPE" or not _LIKE_GPT2.items() <= cut.items():
        yield "its tokenizer does not work as GPT-2's does"
    if token_types:
        yield "it was trained with --token-types"


def write_gguf(path: Path, model: Any, form: Form, name: str, precision: str) -> None:
    """Write model and tokenizer; `precision` is that of the matrices, of `PRECISIONS`.

    The chat template of the tokenizer goes with it. Call `check_gguf` first.
    """
    from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, GGUFWriter, LlamaFileType, get_tensor_name_map

    config = model.config
    architecture = MODEL_ARCH[_WRITTEN[config.model_type]]
    writer = GGUFWriter(path, MODEL_ARCH_NAMES[architecture])
    writer.add_name(name)
    writer.add_file_type(
        LlamaFileType.MOSTLY_F16 if precision == "f16" else LlamaFileType.MOSTLY_Q8_0
    )
    writer.add_quantization_version(2)
    _add_gpt2(writer, config) if config.model_type == "gpt2" else _add_llama(writer, config)
    _add_tokenizer(writer, form, config.vocab_size)
    layers = config.n_layer if config.model_type == "gpt2" else config.num_hidden_layers
    _add_tensors(writer, model, get_tensor_name_map(architecture, layers), precision)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_gpt2(writer: GGUFWriter, config: Any) -> None:
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.n_positions)
    writer.add_embedding_length(config.n_embd)
    writer.add_feed_forward_length(config.n_inner or 4 * config.n_embd)
    writer.add_block_count(config.n_layer)
    writer.add_head_count(config.n_head)
    writer.add_layer_norm_eps(config.layer_norm_epsilon)


def _add_llama(writer: GGUFWriter, config: Any) -> None:
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)


def _add_tokenizer(writer: GGUFWriter, form: Form, rows: int) -> None:
    """The vocabulary, filled up to the rows of the embeddings, and the tokens that end."""
    tokenizer = form.tokenizer
    tokens, kinds = _vocabulary(tokenizer, rows)
    merges = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    writer.add_bos_token_id(form.end_of_conversation)
    writer.add_eos_token_id(form.end_of_conversation)
    writer.add_eot_token_id(end_of_message(form))
    writer.add_add_bos_token(False)  # the template writes it
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)


def end_of_message(form: Form) -> int:
    """The token that usually ends a message: of several, the newline alone."""
    return form.tokens_of("\n")[0] if isinstance(form, NamedForm) else min(form.ends)


def _vocabulary(tokenizer: Any, rows: int) -> tuple[list[str], list[int]]:
    """Every token by its id, and its kind in llama.cpp."""
    tokens = [f"[PAD{number}]" for number in range(rows)]
    kinds = [_UNUSED] * rows
    added = tokenizer.added_tokens_decoder
    for token, number in tokenizer.get_vocab().items():
        tokens[number], kinds[number] = token, _NORMAL
        if number in added:
            kinds[number] = _CONTROL if added[number].special else _ADDED
    return tokens, kinds


def _add_tensors(writer: GGUFWriter, model: Any, names: TensorNameMap, precision: str) -> None:
    """Every weight under its name in GGUF; an output layer that is the embeddings is left out."""
    tied = model.config.tie_word_embeddings
    for name, tensor in model.state_dict().items():
        if tied and name == "lm_head.weight":
            continue
        called = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if called is None:
            raise MimicError(f"This mimic cannot be written as GGUF: {name} is unknown.", _OTHERS)
        _add_tensor(writer, called, _arranged(name, tensor.float().numpy(), model), precision)


def _arranged(name: str, weight: NDArray[np.float32], model: Any) -> NDArray[np.float32]:
    """A weight as llama.cpp computes with it."""
    config = model.config
    if config.model_type == "gpt2":
        # The layers of transformers' GPT-2 are stored transposed.
        crossed = name.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight"))
        return weight.T if crossed else weight
    if ".q_proj." in name:
        return _in_pairs(weight, config.num_attention_heads)
    if ".k_proj." in name:
        return _in_pairs(weight, config.num_key_value_heads)
    return weight


def _in_pairs(weight: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows of each head that rotate together, side by side instead of half a head apart."""
    halves = weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:])
    return halves.swapaxes(1, 2).reshape(weight.shape)


def _add_tensor(writer: GGUFWriter, name: str, weight: NDArray[np.float32], precision: str) -> None:
    """Matrices in the precision asked for; vectors and positions in float32."""
    from gguf import GGMLQuantizationType, quants

    weight = np.ascontiguousarray(weight)
    if weight.ndim == 1 or name.startswith("position_embd"):
        writer.add_tensor(name, weight)
    elif precision == "q8_0" and weight.shape[-1] % 32 == 0:
        kind = GGMLQuantizationType.Q8_0
        writer.add_tensor(name, quants.quantize(weight, kind), raw_dtype=kind)
    else:
        writer.add_tensor(name, weight.astype(np.float16))

"""Loads a checked folder with transformers, without output and without the network."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from chatmimic.bases.folder import read_json, tokenizer_files
from chatmimic.bases.tensor_table import (
    check_layers,
    check_missing,
    check_shapes,
    check_surplus,
    table_of,
    without,
)
from chatmimic.bases.unusable import not_opened
from chatmimic.errors import BaseError, is_panic

# transformers changes global state while it loads: of two models that are loaded at once, one lost
# its tied weights. One thread at a time.
_LOADING = threading.RLock()

# Exceptions that transformers and safetensors raise for unusable content.
_FAULTS = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    RuntimeError,
    ImportError,
    ArithmeticError,
    MemoryError,
)
# A pattern of a stranger's tokenizer that tries without end panics on one of these.
_PROBES = ("Hello, you 1!", "a" * 512, "x" * 64 + "!", "1" * 64 + "a", " " * 512 + "a", "a b" * 64)
# Names of the dropout settings of GPT-2, GPT-NeoX, Llama, OPT and their relatives.
_DROPOUTS = (
    "resid_pdrop",
    "embd_pdrop",
    "attn_pdrop",
    "embed_dropout",
    "resid_dropout",
    "attention_dropout",
    "hidden_dropout",
    "dropout",
)


def load_model(
    folder: Path, *, dropout: float = 0.0, attention: str = "sdpa", stored: bool = False
) -> Any:
    """Load the causal language model of a folder, float32, on the CPU, in evaluation mode.

    With `stored` its weights have the precision that they have on disk and are memory-mapped.
    Raises BaseError if the files are not those of a causal language model.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    _check_known(folder)
    local = {"local_files_only": True, "trust_remote_code": False}
    with _LOADING, quiet(), explained(folder, "opened"):
        config = AutoConfig.from_pretrained(folder, **local)
        _check_causal(folder, config)
        _check_table(folder, config)
        for field in _DROPOUTS:
            if hasattr(config, field):
                setattr(config, field, dropout)
        model, report = AutoModelForCausalLM.from_pretrained(
            folder,
            config=config,
            dtype="auto" if stored else torch.float32,
            attn_implementation=attention,
            use_safetensors=True,
            output_loading_info=True,
            **local,
        )
    check_missing(report["missing_keys"], folder)
    check_surplus(report["unexpected_keys"], folder)
    return _in_one_kernel(model)


def _check_table(folder: Path, config: Any) -> None:
    """Raise DamagedBase if the tensors are not those of the config, before any memory is taken."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING

    made = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    table = without(made._keys_to_ignore_on_load_unexpected, table_of(folder))
    check_layers(config.get_text_config().num_hidden_layers, table, folder)
    with torch.device("meta"):
        check_shapes(AutoModelForCausalLM.from_config(config), table, folder)


def load_gguf(
    file: Path, precision: str = "bfloat16", done: Callable[[], None] = lambda: None
) -> tuple[Any, Any]:
    """Load the model and the tokenizer of a GGUF file with transformers.

    `precision` is the name of a floating-point type; `done` is called after each tensor. Raises
    BaseError if transformers cannot read the file.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    where = {"gguf_file": file.name, "local_files_only": True, "trust_remote_code": False}
    with _LOADING, quiet(), _counting(done), explained(file, "read"):
        tokenizer = AutoTokenizer.from_pretrained(file.parent, **where)
        config = AutoConfig.from_pretrained(file.parent, **where)
        if config.model_type == "gpt2":
            _with_own_sizes(config, len(tokenizer))
        model = AutoModelForCausalLM.from_pretrained(
            file.parent, config=config, dtype=getattr(torch, precision), **where
        )
        return model, tokenizer


def _with_own_sizes(config: Any, vocabulary: int) -> None:
    """Set sizes that transformers takes from OpenAI's GPT-2 whatever a GGUF file says."""
    config.vocab_size = vocabulary
    config.n_positions = getattr(config, "n_ctx", config.n_positions)
    config.n_inner = getattr(config, "feed_forward_length", config.n_inner)


@contextlib.contextmanager
def _counting(done: Callable[[], None]) -> Iterator[None]:
    """Call `done` whenever transformers' GGUF reader would advance its own progress bar, which
    `quiet` does not turn off."""
    from transformers import modeling_gguf_pytorch_utils as reader

    def counted(entries: Iterable[Any], **_: Any) -> Iterator[Any]:
        for entry in entries:
            yield entry
            done()

    shown = reader.tqdm
    reader.tqdm = counted
    try:
        yield
    finally:
        reader.tqdm = shown


def empty_model(config: Any, *, attention: str = "sdpa") -> Any:
    """A model with random weights that computes in the same way as one from `load_model`."""
    import torch
    from transformers import AutoModelForCausalLM

    made = AutoModelForCausalLM.from_config(
        config, dtype=torch.float32, attn_implementation=attention
    )
    return _in_one_kernel(made)


def _in_one_kernel(model: Any) -> Any:
    """Replace GPT-2's activation function by a single kernel, in place.

    transformers computes this approximation of GELU (Hendrycks & Gimpel 2016,
    https://arxiv.org/abs/1606.08415) with eight operations on the widest tensors of a block, four
    of which are kept for the backward pass. PyTorch's kernel is the same except for rounding.
    """
    from torch import nn
    from transformers.activations import FastGELUActivation, NewGELUActivation

    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, NewGELUActivation | FastGELUActivation):
                setattr(module, name, nn.GELU(approximate="tanh"))
    return model


def load_tokenizer(path: Path) -> Any:
    """Load the tokenizer of a folder, or a `tokenizer.json`. Raises BaseError if that fails."""
    files = tokenizer_files(path) if path.is_dir() else (path,)
    with _LOADING:
        tokenizer = _opened(files)
        with explained(files[0], "used as a tokenizer"), _silent():
            for text in _PROBES:
                tokenizer(text)
    return tokenizer


def _opened(files: tuple[Path, ...]) -> Any:
    with quiet(), explained(files[0], "read as a tokenizer"):
        if files[0].name == "encoder.json":
            return _gpt2_pair(*files)
        if _described(files):
            from transformers import AutoTokenizer

            return AutoTokenizer.from_pretrained(
                files[0].parent, local_files_only=True, trust_remote_code=False
            )
        return _gpt2_pair(*files) if len(files) == 2 else _bare(files[0])


def _described(files: tuple[Path, ...]) -> bool:
    """Whether another file describes the tokenizer; a `tokenizer.json` hardly needs that."""
    folder = files[0].parent
    if (folder / "tokenizer_config.json").is_file():
        return True
    return len(files) == 2 and (folder / "config.json").is_file()


def _gpt2_pair(vocabulary: Path, merges: Path) -> Any:
    from transformers import GPT2Tokenizer

    return GPT2Tokenizer(vocab=str(vocabulary), merges=str(merges))


def _bare(file: Path) -> Any:
    """Load a `tokenizer.json` on its own, which does not say which token ends a text."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(file))
    known = tokenizer.get_vocab()
    for end in ("<|endoftext|>", "</s>", "<|end_of_text|>"):
        if end in known:
            tokenizer.eos_token = tokenizer.bos_token = end
            break
    return tokenizer


def _check_known(folder: Path) -> None:
    """Raise BaseError for an architecture that the installed transformers does not know."""
    import transformers

    kind = read_json(folder / "config.json").get("model_type")
    if kind not in transformers.CONFIG_MAPPING:
        raise BaseError(
            f"{folder} has an architecture that transformers {transformers.__version__} does not "
            f"know ({kind}).",
            "Try a newer version (`pip install -U transformers`), or use `--base starter`.",
        )


def _check_causal(folder: Path, config: Any) -> None:
    """Raise BaseError for models that are not causal, such as encoders and encoder-decoders."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_MAPPING_NAMES,
    )

    named = list(getattr(config, "architectures", None) or [])
    kind = config.model_type
    fitting = {MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(kind), MODEL_MAPPING_NAMES.get(kind)}
    if kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and (not named or fitting & set(named)):
        return
    what = named[0] if named else kind
    raise BaseError(
        f"{folder} is not a causal language model, but {what} (config.json).",
        "Choose a causal language model, such as gpt2-medium.",
    )


@contextlib.contextmanager
def explained(where: Path, done: str) -> Iterator[None]:
    """Turn exceptions of the libraries for unusable content into a BaseError naming the file."""
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    try:
        yield
    except BaseException as error:
        # The tokenizers library raises a plain Exception for a bad file, and panics.
        faults = (*_FAULTS, SafetensorError, StrictDataclassError)
        if type(error) is not Exception and not isinstance(error, faults) and not is_panic(error):
            raise
        raise not_opened(where, done, error) from error


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Discard what native code writes to standard error, which is where Rust reports a panic."""
    try:
        kept = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Suppress the load report, progress bars and warnings of transformers."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()

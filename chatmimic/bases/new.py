"""New bases: a tokenizer trained on text, and a GPT-2 with random weights."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from chatmimic.bases import Base
from chatmimic.errors import BaseError

# Layers x width, with heads of 64: about 1.5, 7, 14, 42 and 92 million parameters with a vocabulary
# of 8,192. In half precision medium is 28 MB, the largest that may ship as the starter.
SIZES = {"tiny": "2x128", "small": "6x256", "medium": "6x384", "large": "12x512", "gpt2": "12x768"}
POSITIONS = 512
_END = "<|endoftext|>"


def new_base(tokenizer: Any, size: str, *, positions: int = POSITIONS, seed: int = 0) -> Base:
    """A GPT-2 of a size (`tiny` to `gpt2`, or LAYERSxWIDTH) with random float32 weights.

    Initialised as in GPT-2, with the output layers of the blocks scaled by their number. Raises
    BaseError for an invalid size.
    """
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    layers, width = layers_and_width(size)
    end = tokenizer.convert_tokens_to_ids(_END)
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=positions,
        n_embd=width,
        n_layer=layers,
        n_head=max(1, width // 64),
        # The same function as GPT-2's "gelu_new", in one kernel instead of eight.
        activation_function="gelu_pytorch_tanh",
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=end,
        eos_token_id=end,
        attn_implementation="sdpa",
    )
    tokenizer.model_max_length = positions
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = GPT2LMHeadModel(config)
    return Base(model, tokenizer, f"{layers}x{width}", None)


def layers_and_width(size: str) -> tuple[int, int]:
    """Parse a size: `small` or `6x256` is (6, 256). Raises BaseError for an invalid one."""
    found = re.fullmatch(r"(\d{1,2})x(\d{2,4})", SIZES.get(size, size))
    layers, width = (int(found[1]), int(found[2])) if found else (0, 0)
    if not layers or width < 64 or width % 64:
        raise BaseError(
            f'There is no size "{size}".',
            f"Sizes: {', '.join(SIZES)}, or LAYERSxWIDTH, the width a multiple of 64: 6x256.",
        )
    return layers, width


def learn_tokenizer(texts: Iterable[str], entries: int, special: Sequence[str]) -> Any:
    """Train a byte-level BPE tokenizer with a vocabulary of `entries`, special tokens included.

    Every byte is in the vocabulary, so that any text is encoded without loss. The vocabulary is
    smaller if there is little text.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=entries,
        min_frequency=2,
        special_tokens=[_END, *special],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    ours = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=_END, eos_token=_END)
    ours.add_special_tokens({"additional_special_tokens": list(special)})
    return ours

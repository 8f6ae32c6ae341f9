"""A base from nothing: a tokenizer learnt from text, and a GPT-2 with random weights."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from chatmimic.bases import Base
from chatmimic.errors import BaseError

# layers × width, heads of 64: about 1.5, 7, 14, 42 and 92 million parameters at 8,192 entries. In
# half precision medium is 28 MB: the largest that may ship as the starter.
SIZES = {"tiny": "2x128", "small": "6x256", "medium": "6x384", "large": "12x512", "gpt2": "12x768"}
POSITIONS = 512
_END = "<|endoftext|>"


def new_base(tokenizer: Any, size: str, *, positions: int = POSITIONS, seed: int = 0) -> Base:
    """GPT-2 of a size (`tiny` to `gpt2`, or LAYERSxWIDTH) with random weights, float32.

    Initialised as GPT-2 was, the output of every block made small by the number of them. Raises
    BaseError for a size that is none.
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
        # The same function as GPT-2's own "gelu_new", in one kernel in place of eight.
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
    """`small` or `6x256` as (6, 256). Raises BaseError."""
    found = re.fullmatch(r"(\d{1,2})x(\d{2,4})", SIZES.get(size, size))
    layers, width = (int(found[1]), int(found[2])) if found else (0, 0)
    if not layers or width < 64 or width % 64:
        raise BaseError(
            f'There is no size "{size}".',
            f"Sizes are {', '.join(SIZES)}, or LAYERSxWIDTH with a width of whole 64s: 6x256.",
        )
    return layers, width


def learn_tokenizer(texts: Iterable[str], entries: int, special: Sequence[str]) -> Any:
    """A byte-level BPE tokenizer of so many entries, the special tokens among them.

    Every byte is an entry, so that any text is encoded without loss. Few texts may give
    fewer entries.
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

"""Builders that several tests use: a tiny base, and conversations to learn from."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from chatmimic.records import Conversation, Message

WORDS = (
    "hello there how are you fine thanks see later ok lol what a day tea garden train "
    "yes no maybe the cat sat on my keyboard again honestly tiny plants everywhere indeed I think"
)


def write_tiny_base(
    folder: Path, *, speaker_tokens: bool, layers: int = 2, width: int = 32, positions: int = 128
) -> Path:
    """Save a random GPT-2 of `layers` × `width` with a 400-entry byte-level tokeniser."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    from chatmimic.transcript import SPECIAL_TOKENS

    special = ["<|endoftext|>", *(SPECIAL_TOKENS if speaker_tokens else ())]
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator([WORDS] * 3, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<|endoftext|>",
        eos_token="<|endoftext|>",
        additional_special_tokens=special[1:],
    )
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=positions,
        n_embd=width,
        n_layer=layers,
        n_head=2,
        bos_token_id=0,
        eos_token_id=0,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def talk(*lines: str, start: int = 1_600_000_000_000, step: int = 60_000) -> Conversation:
    """A conversation from lines of `Name: text`, a minute apart."""
    messages = []
    for number, line in enumerate(lines):
        sender, _, text = line.partition(": ")
        messages.append(Message(sender, text, start + number * step))
    return Conversation(tuple(messages))


def write_chat(path: Path, says: dict[str, str], messages: int = 240) -> Path:
    """A CSV table of people who take turns, a message an hour; `{}` in what one says is its number.

    Enough for a training, and none of it worth reading.
    """
    turns = list(says.items())
    rows = ["time,sender,text"]
    for number in range(messages):
        sender, text = turns[number % len(turns)]
        time = datetime(2019, 1, 1) + timedelta(hours=number)
        rows.append(f"{time.isoformat()}Z,{sender},{text.format(number)}")
    path.write_text("\n".join(rows), "utf-8")
    return path

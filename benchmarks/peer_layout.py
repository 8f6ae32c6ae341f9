"""How fast the samples of devjwsong's dialogue trainer are learnt, made by its own code.

Its checkout is read where it lies, and no line of it is here. What its scripts do around its
dataset is done here: token ids of the turns in a file, a loader of 8 samples, and steps of AdamW on
the loss that transformers computes from its labels. It knows two speakers who take turns: messages
in a row become one turn, and everybody but the persona is the first speaker.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import pickle
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from chats_by_share import Chat

from chatmimic.bases import Base
from chatmimic.records import Conversation

SAMPLES = 8  # at once
TURNS = 5  # with the reply
RATE = 2e-5


def peer_speed(
    checkout: Path, base: Base, chat: Chat, *, seconds: float, folder: Path
) -> dict[str, float]:
    """Learnt tokens in a second of processor time, and positions for each of them."""
    model = copy.deepcopy(base.model).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    spent, tokens, positions = 0.0, 0, 0
    for ids, types, labels in _batches(checkout, base, chat, folder):
        began = time.process_time()
        loss = model(input_ids=ids, token_type_ids=types, labels=labels, use_cache=False).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        spent += time.process_time() - began
        tokens += int((labels[:, 1:] != -100).sum())
        positions += ids.numel()
        if spent >= seconds:
            break
    return {
        "learnt_tokens_per_s": round(tokens / spent, 2),
        "positions_per_learnt_token": round(positions / tokens, 2),
    }


def _batches(checkout: Path, base: Base, chat: Chat, folder: Path) -> Iterator[Any]:
    """The peer's batches of a chat without end: a new shuffle for each pass."""
    peer = _load(checkout / "src" / "custom_dataset.py")
    last = len(base.tokenizer) - 1  # two entries that hardly occur, for the speakers
    end = base.tokenizer.eos_token_id
    asked = SimpleNamespace(
        data_dir=str(folder),
        train_prefix="train",
        valid_prefix="valid",
        sp1_id=last,
        sp2_id=last - 1,
        bos_id=end,
        eos_id=end,
        max_turns=TURNS,
        max_len=base.model.config.max_position_embeddings,
    )
    turns = [_turns(base, conversation, chat.persona) for conversation in chat.train]
    (folder / "train_ids.pickle").write_bytes(pickle.dumps(turns))  # one of its ages reads this,
    (folder / "train_ids.json").write_text(json.dumps(turns), "utf-8")  # and another this
    loader = torch.utils.data.DataLoader(
        peer.CustomDataset("train", asked),
        batch_size=SAMPLES,
        shuffle=True,
        collate_fn=peer.PadCollate(end).pad_collate,
        generator=torch.Generator().manual_seed(0),
    )
    while True:
        yield from loader


def _turns(base: Base, conversation: Conversation, persona: str) -> Sequence[list[int]]:
    """Ids of the turns, the others' and the persona's by turns; the first is the others'."""
    runs = [
        (own, "\n".join(message.text for message in run))
        for own, run in groupby(conversation.messages, key=lambda m: m.sender == persona)
    ]
    skipped = 1 if runs and runs[0][0] else 0
    return [base.tokenizer(text)["input_ids"] for _, text in runs[skipped:]]


def _load(file: Path) -> ModuleType:
    """A module by its file."""
    found = importlib.util.spec_from_file_location("peer_dataset", file)
    if found is None or found.loader is None or not file.is_file():
        raise SystemExit(f"There is no {file}: --peer is a checkout of devjwsong's trainer.")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module

"""Positions in a second through our training loop, through transformers' Trainer, and a bare loop.

    python benchmarks/loops.py

One GPT-2-shaped base with random weights (`--size`, LAYERSxWIDTH with the starter's vocabulary) is
trained in three ways on the same made-up windows, with the same optimizer (fused AdamW), clipping,
batch and arithmetic (float32), on one thread:

- `ours`: chatmimic's own loop, with everything it does: windows whose pieces are kept apart, a log
  line a step, the loss in chunks;
- `trainer`: transformers' Trainer on the same ids, with the labels that are not learnt at -100;
- `bare`: as in nanoGPT's train.py: forward with all logits, backward, clip, step. Nothing is
  masked, logged or kept.

Each way runs `--steps` steps after a first one, in `--rounds` rounds that take turns, and its best
round counts: whoever else works on the machine only ever takes away. Time is processor time. The
part of the tokens that is learnt is `--learnt`: everything, which is what a bare loop does, and
half, as in a chat of two. The last line is one JSON object: positions in a second by way, and ours
over the others', `over_trainer` and `over_bare`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from machine import machine
from torch.nn import functional
from train_speed import Asked, config_of, plan, windows

from chatmimic.windows import Windows

WINDOWS = 8
RATE = 1e-5


def main() -> None:
    """Run the three ways by turns, print."""
    asked = parse()
    torch.set_num_threads(1)
    found = [compare(asked, learnt) for learnt in asked.learnt]
    print(json.dumps({"rows": found, "machine": machine()}))


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", default="6x384")
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--learnt", type=float, nargs="+", default=[1.0, 0.5])
    return parser.parse_args(arguments)


def compare(asked: argparse.Namespace, learnt: float) -> dict[str, Any]:
    """The positions in a second of each way, where so many of the tokens are learnt."""
    row = Asked(asked.size, asked.tokens, asked.batch, False, False, "fp32", asked.steps)
    config = config_of(row.size)
    read = windows(row, config.vocab_size, WINDOWS, learnt)
    best = dict.fromkeys(WAYS, 0.0)
    for _ in range(asked.rounds):
        for way, run in WAYS.items():
            times = run(row, fresh(config), read)
            speed = row.batch * row.tokens * (len(times) - 1) / (times[-1] - times[0])
            best[way] = max(best[way], speed)
    print(f"{learnt:.0%} of the tokens learnt")
    for way, speed in best.items():
        print(f"  {way:8}{speed:10,.1f} positions/s", flush=True)
    return {
        "size": row.size,
        "learnt": learnt,
        **{way: round(speed, 1) for way, speed in best.items()},
        "over_trainer": round(best["ours"] / best["trainer"], 3),
        "over_bare": round(best["ours"] / best["bare"], 3),
    }


def fresh(config: Any) -> Any:
    """A model with the random weights that every way starts from."""
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="sdpa")


def labels_of(read: Windows) -> torch.Tensor:
    """The ids, and -100 where nothing is learnt: `(windows, time)`."""
    ids = torch.from_numpy(read.ids).long()
    return ids.masked_fill(torch.from_numpy(read.marks) == 0, -100)


# -- the ways: each returns the processor time after its first step, its second, and so on ---------


def ours(row: Asked, model: Any, read: Windows) -> list[float]:
    """chatmimic's loop."""
    from chatmimic.training.loop import Loop
    from chatmimic.training.objective.loss import LossModule
    from chatmimic.training.progress import Progress

    times: list[float] = []
    nothing: Any = None  # a form writes token types, and there are none

    def watch(progress: Progress) -> None:
        if progress.step:
            times.append(time.process_time())

    with tempfile.TemporaryDirectory() as folder:
        Loop(
            LossModule(model),
            plan(row, "fp32"),
            seed=0,
            train_windows=read,
            held_out=windows(row, model.config.vocab_size, 1),
            folder=Path(folder),
            form=nothing,
            watch=watch,
            stop=lambda: len(times) > row.steps,
        ).run()
    return times


def trainer(row: Asked, model: Any, read: Windows) -> list[float]:
    """transformers' Trainer."""
    from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments
    from transformers.utils import logging

    logging.disable_progress_bar()
    times: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            times.append(time.process_time())

    samples = [
        {"input_ids": torch.from_numpy(ids).long(), "labels": labels}
        for ids, labels in zip(read.ids[:], labels_of(read), strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            max_steps=row.steps + 1,
            per_device_train_batch_size=row.batch,
            learning_rate=RATE,
            weight_decay=0.01,
            max_grad_norm=1.0,
            optim="adamw_torch_fused",
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        training = Trainer(model, arguments, train_dataset=samples, callbacks=[Clock()])
        training.remove_callback(PrinterCallback)
        training.train()
    return times


def bare(row: Asked, model: Any, read: Windows) -> list[float]:
    """Forward, backward, clip, step."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01, fused=True)
    model.train()
    times = []
    for ids, labels in batches(row, read):
        logits = model(ids[:, :-1], use_cache=False).logits
        functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        times.append(time.process_time())
    return times


def batches(row: Asked, read: Windows) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """(ids, labels) of `(batch, time)` for each step, drawn as nanoGPT draws them."""
    ids, labels = torch.from_numpy(read.ids).long(), labels_of(read)
    chance = torch.Generator().manual_seed(0)
    for _ in range(row.steps + 1):
        drawn = torch.randint(len(ids), (row.batch,), generator=chance)
        yield ids[drawn], labels[drawn]


WAYS: dict[str, Callable[[Asked, Any, Windows], list[float]]] = {
    "ours": ours,
    "trainer": trainer,
    "bare": bare,
}


if __name__ == "__main__":
    main()

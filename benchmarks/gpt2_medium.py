"""What training gpt2-medium costs on this machine: memory and speed, checkpointing on and off.

A checkpoint of gpt2-medium's exact shape is made with random weights (the cost of a step does not
depend on what they are), two invented people's chat is imported, and `chatmimic train` takes a few
steps from it, in a process of its own each time::

    python benchmarks/gpt2_medium.py --tokenizer DIR --work /tmp/medium

DIR holds GPT-2's tokenizer: tokenizer.json, vocab.json and merges.txt, or encoder.json and
vocab.bpe. It needs about 10 GB of memory and 12 GB of disk, and some minutes on a CPU. The last
line is one JSON object: `machine`, and `rows` with `checkpointing`, `tokens` (of a step),
`tokens_per_s` and `peak_mb` (of the whole command, in 10^6 bytes).
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from machine import machine, measure

GPT2_MEDIUM_PARAMETERS = 354_823_168
PERSONA = "Robin Vale"
OTHER = "Sasha Quill"
TALK = (
    "well the kettle is on again and I think we should paint that fence before it rains or maybe "
    "after lunch because my shoes are still wet from the garden you know how it goes with him"
)


@dataclass(frozen=True)
class Shape:
    """The shape of a GPT-2 model; as it stands, gpt2-medium's."""

    layers: int = 24
    width: int = 1024
    heads: int = 16
    positions: int = 1024
    vocabulary: int = 50_257

    def config(self) -> Any:
        """The same for transformers."""
        from transformers import GPT2Config

        return GPT2Config(
            n_layer=self.layers,
            n_embd=self.width,
            n_head=self.heads,
            n_positions=self.positions,
            vocab_size=self.vocabulary,
        )


def write_checkpoint(shape: Shape, folder: Path) -> None:
    """Save a model of that shape with random weights, as the hub's models are saved."""
    import torch
    from transformers import GPT2LMHeadModel

    torch.manual_seed(0)
    model = GPT2LMHeadModel(shape.config())
    if shape == Shape():
        assert model.num_parameters() == GPT2_MEDIUM_PARAMETERS
    model.save_pretrained(folder)


def write_export(path: Path, messages: int) -> None:
    """A chat of two invented people, as a table: bursts of messages, some twenty an hour."""
    chance = random.Random(0)
    time = datetime(2024, 3, 1, 18, tzinfo=UTC)
    with path.open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(["time", "sender", "text"])
        for number in range(messages):
            time += timedelta(hours=9) if number % 30 == 0 else timedelta(seconds=180)
            sender = PERSONA if chance.random() < 0.5 else OTHER
            text = " ".join(chance.choices(TALK.split(), k=chance.randint(3, 25)))
            table.writerow([time.isoformat(), sender, text])


def chatmimic(*arguments: str) -> list[str]:
    """The command line of chatmimic, by this very Python."""
    return [sys.executable, "-m", "chatmimic", *arguments]


def train(work: Path, asked: argparse.Namespace, checkpointing: bool) -> dict[str, Any]:
    """One row: the real command from start to mimic, in a process of its own."""
    switch = "--gradient-checkpointing" if checkpointing else "--no-gradient-checkpointing"
    command = chatmimic(
        "train",
        *("--home", str(work / "home"), "--persona", PERSONA, "--base", str(work / "base")),
        *("--tokenizer", str(asked.tokenizer), "--window", str(asked.tokens), "--batch", "1"),
        *("--accumulate", "1", "--steps", str(asked.steps), "--evaluate-every", str(asked.steps)),
        # Whether so few steps gain anything is nothing here.
        *(switch, "--replace", "--force", "--json"),
    )
    done = measure(command, os.environ | {"HF_HUB_OFFLINE": "1"})
    if done.status != 0:
        sys.exit(f"chatmimic train ended with status {done.status}; its words are above.")
    facts = json.loads(done.output)
    assert facts["gradient_checkpointing"] is checkpointing
    return {
        "checkpointing": checkpointing,
        "tokens": asked.tokens,
        "tokens_per_s": round(facts["tokens_per_second"], 2),
        "peak_mb": round(done.peak / 1e6, 1),
        "seconds": round(done.seconds, 1),
    }


def prepare(work: Path, shape: Shape, messages: int) -> None:
    """Checkpoint and archive. The checkpoint is made in another process, to keep this one small:

    on Linux a child starts with its parent's peak of memory to its name.
    """
    base = work / "base"
    if not (base / "config.json").is_file():
        base.mkdir(parents=True, exist_ok=True)
        maker = multiprocessing.get_context("spawn").Process(
            target=write_checkpoint, args=(shape, base)
        )
        maker.start()
        maker.join()
        if maker.exitcode != 0:
            sys.exit("The checkpoint could not be made; the reason is above.")
    write_export(work / "chat.csv", messages)
    command = chatmimic("import", "--home", str(work / "home"), str(work / "chat.csv"))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def show(rows: list[dict[str, Any]], machine_: dict[str, Any]) -> None:
    """The rows as a table."""
    from rich.console import Console
    from rich.table import Table

    title = f"gpt2-medium on {machine_['cpu']}, {machine_['threads']} threads"
    table = Table("checkpointing", "tokens a step", "tokens/s", "peak memory", "whole command")
    for row in rows:
        table.add_row(
            "on" if row["checkpointing"] else "off",
            str(row["tokens"]),
            f"{row['tokens_per_s']:.1f}",
            f"{row['peak_mb']:,.0f} MB",
            f"{row['seconds']:.0f} s",
        )
    console = Console(markup=False, highlight=False)
    console.print(title)
    console.print(table)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options; those of the shape are there to try the script on a small one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tokenizer", type=Path, required=True, help="GPT-2's tokenizer")
    parser.add_argument("--tokens", type=int, default=512, help="tokens in a step")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--messages", type=int, default=900, help="of the invented chat")
    parser.add_argument("--work", type=Path, help="folder to work in; else a temporary one")
    standard = Shape()
    for name in ("layers", "width", "heads", "vocabulary"):
        parser.add_argument(f"--{name}", type=int, default=getattr(standard, name))
    return parser.parse_args(arguments)


def main() -> None:
    asked = parse()
    asked.tokenizer = asked.tokenizer.expanduser().absolute()
    ran_on = machine()
    shape = Shape(asked.layers, asked.width, asked.heads, vocabulary=asked.vocabulary)
    with tempfile.TemporaryDirectory() as temporary:
        work = (asked.work or Path(temporary)).expanduser().absolute()
        work.mkdir(parents=True, exist_ok=True)
        prepare(work, shape, asked.messages)
        rows = [train(work, asked, checkpointing) for checkpointing in (True, False)]
    show(rows, ran_on)
    print(json.dumps({"machine": ran_on, "rows": rows}))


if __name__ == "__main__":
    main()

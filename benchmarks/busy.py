"""How fast training and replies are beside other busy programs, with torch's threads and with ours.

    python benchmarks/busy.py

A base of the shape of SmolLM2-135M (`--size small` takes the starter's) with random weights is
trained on made-up windows, and then gives a reply, each for `--seconds` of wall time after a first
step: alone, and beside one and two processes that each keep a core busy. `default` is a process as
torch makes it: threads that spin while they wait for each other, one for each core. `ours` is a
process that imported chatmimic first and asked for `free_threads()`, in a reply `reply_threads()`.
Every row is a process of its own, the ways take turns `--rounds` times, and the median counts.

The last line is one JSON object: for `alone`, `beside_one` and `beside_two` the tokens a second of
`default` and of `ours`, in training and in a reply, and ours as a share of `default` alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from machine import machine

BESIDE = {"alone": 0, "beside_one": 1, "beside_two": 2}
WAYS = ("default", "ours")
SPIN = [sys.executable, "-c", "while True: pass"]
WINDOW = 256  # tokens


def main() -> None:
    """Measure every row by turns, print."""
    asked = parse()
    if asked.measure:
        print(json.dumps(measured(asked)))
        return
    rows: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(asked.rounds):
        for place, others in BESIDE.items():
            for way in WAYS:
                rows.setdefault((place, way), []).append(in_a_child(asked, way, others))
                print(f"{place} {way}: {rows[place, way][-1]}", flush=True)
    found = {
        place: {
            way: {
                what: round(median(row[what] for row in rows[place, way]), 1)
                for what in ("train", "reply", "threads")
            }
            for way in WAYS
        }
        for place in BESIDE
    }
    print(json.dumps(found | {"ours_of_alone": shares(found), "machine": machine()}))


def shares(found: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Our speed in each place as a share of the default's speed alone."""
    alone = found["alone"]["default"]
    return {
        place: {what: round(row["ours"][what] / alone[what], 2) for what in ("train", "reply")}
        for place, row in found.items()
    }


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", choices=("135m", "small", "tiny"), default="135m")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="fp32")
    parser.add_argument("--measure", choices=WAYS, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def in_a_child(asked: argparse.Namespace, way: str, others: int) -> dict[str, float]:
    """One row, measured in a process of its own beside so many busy ones."""
    given = {"size": asked.size, "seconds": asked.seconds, "precision": asked.precision}
    options = (part for name, value in given.items() for part in (f"--{name}", str(value)))
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "KMP_", "GOMP_"))}
    with beside(others):
        done = subprocess.run(
            [sys.executable, __file__, "--measure", way, *options],
            env=plain,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    row: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return row


@contextlib.contextmanager
def beside(count: int) -> Iterator[None]:
    """So many processes that do nothing but keep a core busy, each."""
    others = [subprocess.Popen(SPIN) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


# -- in a child ----------------------------------------------------------------------------------


def measured(asked: argparse.Namespace) -> dict[str, float]:
    """Tokens a second of training and of a reply in this process."""
    if asked.measure == "default":
        import torch  # before chatmimic, which tells threads how to wait
    import torch
    from train_speed import config_of

    from chatmimic.bases.loading import empty_model
    from chatmimic.machine import free_threads, reply_threads, use_threads

    torch.manual_seed(0)
    model = empty_model(_config(asked.size, config_of))
    ours = asked.measure == "ours"
    use_threads(free_threads() if ours else 0)
    threads = torch.get_num_threads()
    train = speed(training(model, asked.precision), asked.seconds)
    use_threads(reply_threads(model.num_parameters()) if ours else 0)
    reply = speed(replying(model), asked.seconds)
    return {"train": round(train, 1), "reply": round(reply, 1), "threads": threads}


def _config(size: str, config_of: Callable[[str], Any]) -> Any:
    if size != "135m":
        return config_of({"small": "starter", "tiny": "1x64"}[size])
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=49_152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        tie_word_embeddings=True,
    )


def speed(work: Callable[[], int], seconds: float) -> float:
    """What `work` does in a second of wall time, once it is warm."""
    work()
    done, began = 0, time.monotonic()
    while time.monotonic() < began + seconds:
        done += work()
    return done / (time.monotonic() - began)


def training(model: Any, precision: str) -> Callable[[], int]:
    """Steps on made-up windows; each gives the tokens it read."""
    import torch

    from chatmimic.training.objective.loss import LossModule
    from chatmimic.training.objective.precision import arithmetic
    from chatmimic.training.optim.optimizers import make_optimizer, set_rate
    from chatmimic.training.planning.probe import made_up_windows

    loss_module = LossModule(model.train())
    optimizer = make_optimizer(loss_module, 0.01)
    set_rate(optimizer, 1e-5)
    tensors = made_up_windows(2, WINDOW, model.config.vocab_size, 0.5)

    def step() -> int:
        with arithmetic(torch.device("cpu"), precision):
            loss = loss_module(**tensors).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return 2 * WINDOW

    return step


def replying(model: Any) -> Callable[[], int]:
    """Replies of 16 tokens to 32; each gives the tokens it wrote."""
    from chatmimic.generation.cache import Reader

    model.eval()

    def reply() -> int:
        reader, ids = Reader(model), list(range(32))
        for _ in range(16):
            ids.append(int(reader.logits(ids).argmax()))
        return 16

    return reply


if __name__ == "__main__":
    main()

"""How fast a reply is, by engine: its first token, the next turn's, and the tokens after that.

    python benchmarks/reply_speed.py
    python benchmarks/reply_speed.py --base smollm2 --threads 1

For each `--base` (what `train --base` takes, fetched already, or the folder of a mimic; else the
starter) every engine of this machine reads a talk of `--context` tokens from nothing, says
`--tokens` tokens, and reads one more message of 16 tokens with what it has kept of the talk. The
engines take turns, `--rounds` times, and every figure is a median. `generate` is transformers' own
loop on the float32 model; an adapter beside its base has none.

`first_token_ms` is the time until a whole talk that is new has been read, `next_turn_ms` until one
more message has. `tokens_per_s` are those that are said. `of_bandwidth` is the bytes of the
matrices that a token is multiplied with, times tokens/s, over how fast this machine reads memory,
measured by the sum of 256 MB after each turn. `peak_mb` is the resident memory, in 10^6 bytes, of a
process that does nothing but make two replies. On one thread it is processor time that is counted,
so that others at work on the machine count little; on more it is wall time.

The last line is one JSON object. `kept_cache_ratio` is the time to read the last message over the
time to read everything again; `against_generate` the tokens/s of the engine that `auto` takes for a
mimic, where int8 loses no more than it may, over those of `generate`; and `int8_against_fp32` what
it says: the first is the worst of all rows, the others are of the last base.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from machine import machine, measure

MESSAGE = 16  # tokens of the message of the next turn
SUMMED = 64_000_000  # numbers of 4 bytes: more than any cache holds
PEOPLE = ("Ann", "Ben")
GENERATE = "generate"

Times = dict[str, list[float]]


def main() -> None:
    """Measure each base, show the rows, and end with JSON."""
    asked = parse()
    if asked.talk:
        talk(*asked.talk)
        return
    rows = [row for base in asked.base or ["starter"] for row in rows_of(base, asked)]
    ran_on = machine()
    show(rows, ran_on)
    print(json.dumps({"rows": rows, **summary(rows), "machine": ran_on}))


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--base", action="append", metavar="NAME_OR_FOLDER")
    parser.add_argument("--engine", action="append", help="one of them; else all")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--context", type=int, default=400, help="tokens of the talk")
    parser.add_argument("--tokens", type=int, default=40, help="tokens that are said")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--talk", nargs=2, help=argparse.SUPPRESS)  # in a child
    return parser.parse_args()


# -- one base ------------------------------------------------------------------------------------


def rows_of(base: str, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each engine, and one for transformers' loop."""
    import torch

    torch.set_num_threads(asked.threads)
    models = {engine: mimic_of(base).load(engine).model for engine in engines(asked.engine)}
    matrices = matrix_numbers(base)
    ids = made_up(models, asked.context + asked.tokens + MESSAGE)
    clock = time.thread_time if asked.threads == 1 else time.perf_counter
    times: dict[str, Times] = {name: defaultdict(list) for name in models}
    for _ in range(asked.rounds):
        for name, model in models.items():
            one_turn(model, ids, asked, clock, times[name])
        if hasattr(models.get("float32"), GENERATE):
            times.setdefault(GENERATE, defaultdict(list))
            their_turn(models["float32"], ids, asked, clock, times[GENERATE])
    return [row(base, name, matrices, found, asked) for name, found in times.items()]


def engines(wanted: Sequence[str] | None) -> list[str]:
    """Those of this machine's engines that are wanted."""
    from chatmimic.engines import AUTO, ENGINES, INT8
    from chatmimic.engines.products import has_int8

    here = [e for e in ENGINES if e != AUTO and (e != INT8 or has_int8())]
    return [e for e in here if not wanted or e in wanted]


def mimic_of(base: str) -> Any:
    """A base as a mimic that read nobody."""
    from chatmimic.bases import base_here
    from chatmimic.home import Home
    from chatmimic.mimic import Mimic

    return Mimic.of_base(base_here(base, Home.find(None)), PEOPLE)


def matrix_numbers(base: str) -> int:
    """How many numbers the matrices have that a token is multiplied with, the head's included."""
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    model = mimic_of(base).load().model
    layers = (m for m in model.modules() if isinstance(m, nn.Linear | Conv1D))
    return sum(layer.weight.numel() for layer in layers)


def made_up(models: dict[str, Any], count: int) -> list[int]:
    """So many ids: no cost depends on what they are. Fewer where a model sees no more."""
    import torch

    config = next(iter(models.values())).config
    most = min(count, getattr(config, "max_position_embeddings", count))
    return torch.randint(1, config.vocab_size, (most,), generator=_seeded()).tolist()


def _seeded() -> Any:
    import torch

    return torch.Generator().manual_seed(0)


def one_turn(
    model: Any, ids: list[int], asked: argparse.Namespace, clock: Callable[[], float], times: Times
) -> None:
    """Read, speak, read the next message: with what is kept, and from nothing."""
    from chatmimic.generation.cache import Reader

    def timed(what: str, reader: Reader, count: int) -> None:
        began = clock()
        reader.logits(ids[:count])
        times[what].append(clock() - began)

    said = len(ids) - MESSAGE
    reader = Reader(model)
    timed("first", reader, said - asked.tokens)
    for count in range(said - asked.tokens + 1, said + 1):
        timed("token", reader, count)
    timed("next", reader, len(ids))
    timed("again", Reader(model), len(ids))
    times["bandwidth"].append(bandwidth(clock))


def their_turn(
    model: Any, ids: list[int], asked: argparse.Namespace, clock: Callable[[], float], times: Times
) -> None:
    """The same talk by `generate`: what it takes for one token, and for all of them."""
    import torch

    def seconds(tokens: int) -> float:
        began = clock()
        model.generate(
            read, max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False, pad_token_id=0
        )
        return clock() - began

    read = torch.tensor([ids[: len(ids) - MESSAGE - asked.tokens]])
    first = seconds(1)
    times["first"].append(first)
    times["token"].append((seconds(1 + asked.tokens) - first) / asked.tokens)
    times["bandwidth"].append(bandwidth(clock))


def bandwidth(clock: Callable[[], float]) -> float:
    """Bytes a second that this machine reads."""
    import torch

    numbers = torch.ones(SUMMED)
    numbers.sum()
    began = clock()
    numbers.sum()
    return 4 * SUMMED / max(1e-9, clock() - began)


def row(
    base: str, name: str, matrices: int, times: Times, asked: argparse.Namespace
) -> dict[str, Any]:
    """The medians of an engine."""
    speed = 1 / median(times["token"])
    read = matrices * {"int8": 1, "half": 2}.get(name, 4)
    found: dict[str, Any] = {
        "engine": name,
        "base": base,
        "threads": asked.threads,
        "first_token_ms": round(1000 * median(times["first"]), 1),
        "next_turn_ms": None,
        "tokens_per_s": round(speed, 2),
        "of_bandwidth": round(read * speed / median(times["bandwidth"]), 3),
    }
    if times["next"]:
        found["next_turn_ms"] = round(1000 * median(times["next"]), 1)
        found["of_reading_again"] = round(median(times["next"]) / median(times["again"]), 4)
        found["peak_mb"] = peak(base, name, asked.threads)
    return found


# -- memory, in a child --------------------------------------------------------------------------


def peak(base: str, engine: str, threads: int) -> float:
    """The resident memory of a process that makes replies, in 10^6 bytes."""
    command = [sys.executable, __file__, "--talk", base, engine]
    done = measure(command, os.environ | {"OMP_NUM_THREADS": str(threads)})
    if done.status != 0:
        sys.exit(f"A talk ended with status {done.status}; its words are above.")
    return round(done.peak / 1e6, 1)


def talk(base: str, engine: str) -> None:
    """Make two replies, as a chat does."""
    from chatmimic.cli.chat_options import load_voice
    from chatmimic.generation import Decoding
    from chatmimic.home import Home
    from chatmimic.records import Message

    generator = load_voice(mimic_of(base), Home.find(None), engine).generator
    history = [Message("Ben", f"hello there, this is line number {n}") for n in range(12)]
    for seed in range(2):
        said = "".join(generator.stream(history, "Ann", Decoding(seed=seed, max_tokens=40)))
        history += [Message("Ann", said), Message("Ben", "and then?")]


# -- what it comes to ----------------------------------------------------------------------------


def summary(rows: list[dict[str, Any]]) -> dict[str, float | None]:
    """The three figures of all rows; None where a row for one is missing."""
    last = {row["engine"]: row for row in rows if row["base"] == rows[-1]["base"]}
    speed = {name: row["tokens_per_s"] for name, row in last.items()}
    ours = speed.get(taken(rows[-1]["base"]))
    kept = [row["of_reading_again"] for row in rows if "of_reading_again" in row]
    return {
        "kept_cache_ratio": max(kept, default=None),
        "against_generate": ratio(ours, speed.get(GENERATE)),
        "int8_against_fp32": ratio(speed.get("int8"), speed.get("float32")),
    }


def taken(base: str) -> str:
    """The engine that `auto` takes for a mimic of a base of which int8 loses nothing."""
    from chatmimic.engines import AUTO, choose

    return choose(AUTO, mimic_of(base).count_parameters(), 0.0)


def ratio(one: float | None, other: float | None) -> float | None:
    """One over the other."""
    return round(one / other, 3) if one and other else None


def show(rows: list[dict[str, Any]], machine_: dict[str, Any]) -> None:
    """The rows as a table."""
    from rich.console import Console
    from rich.table import Table

    headings = ("base", "engine", "first token", "next turn", "tokens/s", "of bandwidth", "memory")
    table = Table(*headings)
    for row in rows:
        following, peak_mb = row["next_turn_ms"], row.get("peak_mb")
        table.add_row(
            row["base"],
            row["engine"],
            f"{row['first_token_ms']:,.0f} ms",
            "" if following is None else f"{following:,.0f} ms",
            f"{row['tokens_per_s']:,.1f}",
            f"{row['of_bandwidth']:.0%}",
            "" if peak_mb is None else f"{peak_mb:,.0f} MB",
        )
    console = Console(markup=False, highlight=False, width=110)
    console.print(f"{machine_['cpu']}, load {machine_['load']}")
    console.print(table)


if __name__ == "__main__":
    main()

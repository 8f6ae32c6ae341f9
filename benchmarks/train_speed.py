"""How fast a training is, and how much memory it takes, by size of the base and of its windows.

    python benchmarks/train_speed.py --sizes starter,gpt2-medium --tokens 512,1024

For each row a base of that exact shape is made with random weights (no cost depends on what they
are), and chatmimic's own loop takes some steps on made-up windows, half of whose tokens are learnt,
each row in a process of its own. A size is `starter`, `gpt2-medium`, or LAYERSxWIDTH with the
starter's vocabulary. The starter's windows have 512 tokens at the most.

`tokens_per_s` are those of the windows, in a second of processor time on one thread, without the
first step, which warms caches up. `mfu` is the share of what matrix products of the same shapes
reach here after each of these steps, in the same arithmetic: 6 × parameters × tokens/s of it.
`peak_mb` is the whole process' resident memory, in 10^6 bytes, checkpoints saved and the held-out
part looked at. With `--fit` each row also has what `chatmimic train --plan` foretells,
`foretold_tokens_per_s` and `foretold_peak_mb`; it counts wall time, so that others at work on the
machine count too.

gpt2-medium needs 8 GB of memory and 12 GB of disk, and some minutes for a row. The last line is one
JSON object, `rows` and `machine`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

from machine import machine, measure

PIECE = 128  # tokens of each made-up excerpt
RUN = 32  # tokens, of which the first are learnt
WINDOWS = 8
SECONDS = 0.2  # that each matrix product is measured for


@dataclass(frozen=True)
class Asked:
    """One row: what is to be trained, and how."""

    size: str
    tokens: int  # of a window
    batch: int  # windows in a step
    checkpointing: bool
    step_in_backward: bool
    precision: str
    steps: int


# -- in the parent -------------------------------------------------------------------------------


def rows_of(requested: argparse.Namespace) -> Iterator[Asked]:
    """Every row that was asked for, with checkpointing and without, and with steps within."""
    ways = ((False, False), (True, False), (True, True))
    for size, tokens, (checkpointing, within) in product(requested.sizes, requested.tokens, ways):
        if tokens <= positions_of(size):
            batch = requested.batch or (1 if size == "gpt2-medium" else 4)
            yield Asked(
                size, tokens, batch, checkpointing, within, requested.precision, requested.steps
            )


def positions_of(size: str) -> int:
    """How many tokens a size sees at once."""
    return 512 if size == "starter" else 1024


def measured(row: Asked, threads: int) -> dict[str, Any]:
    """One row, trained in a process of its own, whose peak of memory is the row's."""
    found, peak = in_a_child("--row", asdict(row), threads)
    return {**found, "peak_mb": round(peak / 1e6, 1)}


def in_a_child(what: str, of: Any, threads: int) -> tuple[Any, int]:
    """What a child of this script found out, and its peak of memory in bytes."""
    command = [sys.executable, __file__, what, json.dumps(of)]
    done = measure(command, os.environ | {"OMP_NUM_THREADS": str(threads)})
    if done.status != 0:
        sys.exit(f"A row ended with status {done.status}; its words are above.")
    return json.loads(done.output.strip().splitlines()[-1]), done.peak


def show(rows: list[dict[str, Any]], machine_: dict[str, Any]) -> None:
    """The rows as a table."""
    from rich.console import Console
    from rich.table import Table

    headings = ("size", "tokens", "checkpointing", "step in backward", "arithmetic")
    table = Table(*headings, "tokens/s", "of the peak", "peak memory")
    for row in rows:
        table.add_row(
            row["size"],
            f"{row['batch']} x {row['tokens']}",
            *("on" if row[key] else "off" for key in ("checkpointing", "step_in_backward")),
            row["precision"],
            f"{row['tokens_per_s']:,.1f}",
            f"{row['mfu']:.0%}",
            f"{row['peak_mb']:,.0f} MB",
        )
    console = Console(markup=False, highlight=False, width=120)
    console.print(f"{machine_['cpu']}, load {machine_['load']}")
    console.print(table)


# -- in the child --------------------------------------------------------------------------------


def train(row: Asked) -> dict[str, Any]:
    """Take the steps of a row, and measure."""
    import torch

    from chatmimic.training.objective.precision import choose_precision

    precision, config = choose_precision(row.precision), config_of(row.size)
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    parameters, seconds, peak = steps(row, config, precision, kind)
    speed = row.batch * row.tokens / seconds
    return {
        "size": row.size,
        "tokens": row.tokens,
        "batch": row.batch,
        "checkpointing": row.checkpointing,
        "step_in_backward": row.step_in_backward,
        "precision": precision,
        "tokens_per_s": round(speed, 2),
        "mfu": round(6 * parameters * speed / peak, 4),
    }


def config_of(size: str) -> Any:
    """The config of a size, without dropout."""
    from transformers import AutoConfig, GPT2Config

    import chatmimic

    if size == "starter":
        return AutoConfig.from_pretrained(Path(chatmimic.__file__).parent / "starter")
    shape = "24x1024" if size == "gpt2-medium" else size
    found = re.fullmatch(r"(\d+)x(\d+)", shape)
    if not found:
        sys.exit(f"There is no size {size}: starter, gpt2-medium, or LAYERSxWIDTH.")
    layers, width = int(found[1]), int(found[2])
    return GPT2Config(
        n_layer=layers,
        n_embd=width,
        n_head=max(1, width // 64),
        n_positions=positions_of(size),
        vocab_size=50_257 if size == "gpt2-medium" else 8192,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=0,
        eos_token_id=0,
    )


def steps(row: Asked, config: Any, precision: str, kind: Any) -> tuple[int, float, float]:
    """(parameters, seconds of processor time a step, product peak), the first step left out.

    The peak is measured after each step: others at work on the machine slow both down.
    """
    import torch

    from chatmimic.bases.loading import empty_model
    from chatmimic.training.loop import Loop
    from chatmimic.training.objective.loss import LossModule
    from chatmimic.training.progress import Progress

    torch.manual_seed(0)
    model = empty_model(config)
    nothing: Any = None
    spent: list[float] = []
    peaks: list[float] = []
    began = 0.0

    def watch(progress: Progress) -> None:
        nonlocal began
        if progress.step:
            spent.append(time.process_time() - began)
            peaks.append(product_peak(row, config, kind))
        began = time.process_time()

    with tempfile.TemporaryDirectory() as folder:
        loop = Loop(
            LossModule(model),
            plan(row, precision),
            seed=0,
            train_windows=windows(row, config.vocab_size, WINDOWS),
            held_out=windows(row, config.vocab_size, 1),
            folder=Path(folder),
            form=nothing,  # it writes token types and the mimic, and there is neither
            watch=watch,
            stop=lambda: len(spent) > row.steps,
        )
        loop.run()
    return model.num_parameters(), fmean(spent[1:]), fmean(peaks[1:])


def plan(row: Asked, precision: str) -> Any:
    """The plan of a row: one step more than is taken, so that no look falls among them."""
    from chatmimic.training.plan import Plan

    return Plan(
        steps=row.steps + 2,
        batch=row.batch,
        accumulate=1,
        learning_rate=1e-5,
        warmup=0,
        evaluate_every=row.steps + 2,
        gradient_checkpointing=row.checkpointing,
        eval_windows=1,
        final_eval_windows=1,
        precision=precision,
        step_in_backward=row.step_in_backward,
    )


def windows(row: Asked, entries: int, count: int, learnt: float = 0.5) -> Any:
    """Made-up windows: random ids in pieces, of which so much of each run of tokens is learnt."""
    import numpy as np

    from chatmimic.transcript import Mark
    from chatmimic.windows import Windows

    places = np.arange(row.tokens)
    marks = np.where(places % RUN < learnt * RUN, int(Mark.TEXT), int(Mark.CONTEXT))
    return Windows(
        ids=np.random.default_rng(0).integers(entries, size=(count, row.tokens)),
        marks=np.tile(marks.astype(np.uint8), (count, 1)),
        positions=np.tile(places % PIECE, (count, 1)),
        characters=np.full(count, 4.0 * row.tokens),
    )


def product_peak(row: Asked, config: Any, kind: Any) -> float:
    """Floating-point operations a second of a block's own matrix products."""
    import torch

    width, tokens = config.hidden_size, row.batch * row.tokens
    done = spent = 0.0
    for inner, outer in ((width, 3 * width), (width, 4 * width), (4 * width, width)):
        left, right = torch.randn(tokens, inner, dtype=kind), torch.randn(inner, outer, dtype=kind)
        left @ right
        began, times = time.process_time(), 0
        while time.process_time() - began < SECONDS:
            left @ right
            times += 1
        spent += (time.process_time() - began) / times
        done += 2.0 * tokens * inner * outer
    return done / spent


def foretell(rows: list[Asked]) -> list[dict[str, Any]]:
    """What the plan says of each row."""
    from chatmimic.training.planning.memory_available import find_room
    from chatmimic.training.planning.probe import shape_of
    from chatmimic.training.planning.ways import plan_fit

    for row in rows:
        shape_of(config_of(row.size))  # loads its code, as a training does before it asks for room
    room = find_room()  # of a process that has computed nothing yet
    foretold = []
    for row in rows:
        requested = {
            "gradient_checkpointing": row.checkpointing,
            "step_in_backward": row.step_in_backward,
            "precision": row.precision,
            "batch": row.batch,
            "train": "all",
        }
        sizes = {"window": row.tokens, "batch": row.batch, "accumulate": 1, "windows": WINDOWS}
        found = plan_fit(config_of(row.size), **sizes, room=room, requested=requested).rows[0]
        foretold.append(
            {
                "foretold_tokens_per_s": round(found.tokens_per_second, 2),
                "foretold_peak_mb": round(found.need.total / 1e6, 1),
            }
        )
    return foretold


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=lambda text: text.split(","), default=["starter"])
    parser.add_argument(
        "--tokens", type=lambda text: [int(t) for t in text.split(",")], default=[512]
    )
    parser.add_argument("--batch", type=int, help="windows in a step; else 1 of gpt2-medium, or 4")
    parser.add_argument("--steps", type=int, default=2, help="that are timed, after a first one")
    parser.add_argument("--precision", default="auto", choices=("auto", "bf16", "fp32"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--fit", action="store_true", help="what --plan foretells, beside it")
    for what in ("--row", "--foretell"):  # in a child
        parser.add_argument(what, type=json.loads, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main() -> None:
    requested = parse()
    if requested.row:
        print(json.dumps(train(Asked(**requested.row))))
        return
    if requested.foretell:
        print(json.dumps(foretell([Asked(**row) for row in requested.foretell])))
        return
    wanted = list(rows_of(requested))
    rows = [measured(row, requested.threads) for row in wanted]
    if requested.fit:
        foretold, _ = in_a_child("--foretell", [asdict(row) for row in wanted], requested.threads)
        rows = [row | more for row, more in zip(rows, foretold, strict=True)]
    ran_on = machine()  # after the rows: torch would make this process large, and its children
    show(rows, ran_on)
    print(json.dumps({"rows": rows, "machine": ran_on}))


if __name__ == "__main__":
    main()

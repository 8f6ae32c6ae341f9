"""How much does the starter know, and what is it worth to a training that begins with it?

    python benchmarks/starter.py --corpora DIR

DIR holds the public corpora that `public_corpora.py` describes.

**Bits per byte** of two sets that the starter never saw: the last messages of DuraSpace's IRC
(`--most`) and the Ubuntu channels' dev part. The denominator is the messages' UTF-8 text and one
byte for the end of each, as in a file with a line each; who speaks is read but never counted.
`starter` is the base with its own written form, each document a conversation with a cast of its
own; `ngram` is an n-gram model of the text the starter learnt from (at most `--ngram-megabytes`);
`xz` and `ppm` are compressors, which learn from the set itself while they read it.

**Minutes to beat scratch**: two mimics of `--persona` (DuraSpace) are trained, one from the starter
for `--train-minutes`, one from the same network with random weights for `--scratch-minutes`. Both
look at the same held-out windows ten times and once before the first step. The figure is the time
of the starter's first look that is better than the best of all the other's looks: its step, as a
share of all steps, of `--train-minutes`. It is 0 where the starter is better before any step, and
null where it is never better, or with `--skip-scratch`. With `--keep DIR` the trainings stay there,
and one from random weights that is found there is not done again: no base has a part in it.

**Sizes and speeds**: the base's folder; opening it, a second time, when transformers has imported
what it needs; tokens read in the starter's training, each second of its steps; tokens written by
the mimic in one reply of 200.

The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import lzma
import math
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import machine
from ngram import NgramModel
from public_corpora import DURASPACE, as_text, documents, held_out, learnt_text
from transformers import AutoModelForCausalLM

import chatmimic
from chatmimic.bases import Base, find_base, open_base
from chatmimic.bases.loading import quiet
from chatmimic.generation import Decoding
from chatmimic.generation.engine import TorchGenerator
from chatmimic.home import Home
from chatmimic.mimic import Mimic
from chatmimic.records import Conversation, Message
from chatmimic.training.data.split import cast_of
from chatmimic.training.objective.loss import LossModule, feed, keeps_apart
from chatmimic.training.objective.metrics import measure
from chatmimic.training.objective.nll import NLL
from chatmimic.training.run import Trained
from chatmimic.transcript import Cast, make_form, natural_form
from chatmimic.windows import Windows, WindowsWriter

WINDOW = 512  # tokens
BATCH = 8  # windows at once
REPLY = 200  # tokens
PPM_MEMORY = 256 << 20  # bytes


def main() -> None:
    """Measure the base on held-out text, train from it and without it, print."""
    given = _arguments()
    open_base(given.base)
    began = time.perf_counter()
    base = open_base(given.base)
    load_seconds = time.perf_counter() - began
    bits = bits_per_byte(base, given)
    with _temporary() as temporary:
        folder = given.keep or Path(temporary)
        trainings = Trainings(Home(folder / "home"), given)
        figures = trainings.figures(base, folder / "scratch")
    package = [file for file in find_base(given.base).iterdir() if file.is_file()]
    figures |= {
        "package_mb": sum(file.stat().st_size for file in package) / 1e6,
        "load_seconds": load_seconds,
    }
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):28} {_shown(value)}")
    print(json.dumps(_rounded({"bits_per_byte": bits, **figures, "machine": machine()})))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--base", default="starter")
    parser.add_argument("--persona", default="tdonohue")
    parser.add_argument("--train-minutes", type=float, default=2.0)
    parser.add_argument("--scratch-minutes", type=float, default=20.0)
    parser.add_argument("--skip-scratch", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder for the trainings; else they go")
    parser.add_argument("--most", type=int, default=20_000, help="messages of DuraSpace")
    parser.add_argument("--ngram-megabytes", type=float, default=60.0)
    return parser.parse_args()


# -- bits per byte ---------------------------------------------------------------------------


def bits_per_byte(base: Base, given: argparse.Namespace) -> dict[str, dict[str, float | None]]:
    """A row of figures for each held-out set, printed as they come."""
    ngram = NgramModel.learn(learnt_text(given.corpora, round(given.ngram_megabytes * 1e6)))
    rows: dict[str, dict[str, float | None]] = {}
    print(f"{'held-out bits per byte':28} {'starter':>8} {'ngram':>8} {'xz':>8} {'ppm':>8}")
    for name, messages in held_out(given.corpora, given.most).items():
        text = as_text(messages)
        costs = {
            "starter": base_bits(base, documents(messages)),
            "ngram": ngram.bits(text),
            "xz": 8.0 * len(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)),
            "ppm": ppm_bits(text),
        }
        rows[name] = {way: cost and cost / len(text) for way, cost in costs.items()}
        size = f"{name}, {len(text) / 1e6:.2f} MB"
        print(f"{size:28} " + " ".join(f"{_shown(value):>8}" for value in rows[name].values()))
    if any(row["ppm"] is None for row in rows.values()):
        print("ppm is left out: `pip install pyppmd` for it.")
    return rows


def base_bits(base: Base, conversations: Sequence[Conversation]) -> float:
    """What a base pays for all texts of conversations and their ends, in bits."""
    loss_module = LossModule(base.model.eval())

    def surprise(windows: Windows, rows: np.ndarray) -> NLL:
        result: NLL = loss_module(**feed(windows, rows))
        return result

    with quiet(), torch.no_grad(), _temporary() as folder:
        windows = windows_of(base, conversations, Path(folder))
        figures = measure(windows, partial(surprise, windows), batch=BATCH, most=len(windows))
        return figures.loss * figures.tokens / math.log(2)


def windows_of(base: Base, conversations: Sequence[Conversation], folder: Path) -> Windows:
    """Everybody's words in the base's own form, the most talkative of a conversation first.

    It is `windows.build_windows` with a form for each conversation, since each has its own cast.
    """
    name = natural_form(base.tokenizer)
    window = min(WINDOW, getattr(base.model.config, "max_position_embeddings", WINDOW))
    ending = make_form(name, base.tokenizer, Cast(())).end_of_conversation
    writer = WindowsWriter(window, ending)
    for conversation in conversations:
        counts = Counter(message.sender for message in conversation.messages)
        cast = cast_of([conversation], max(sorted(counts), key=lambda name: counts[name]))
        writer.add(conversation, make_form(name, base.tokenizer, cast), None)
    windows = writer.write(folder, packed=keeps_apart(base.model))
    # A share that was learnt twice or never, where long conversations are cut, would show here.
    characters = sum(len(m.text) + 1 for c in conversations for m in c.messages)
    counted = float(np.sum(windows.characters[:]))
    if abs(counted - characters) > 0.5:
        raise RuntimeError(f"{counted:.1f} of {characters} characters counted")
    return windows


def ppm_bits(text: bytes) -> float | None:
    """The size under PPMd, variant H of order 6, in bits; None where its package is missing."""
    try:
        import pyppmd
    except ImportError:
        return None
    packed: bytes = pyppmd.compress(text, max_order=6, mem_size=PPM_MEMORY, variant="H")
    return 8.0 * len(packed)


# -- trainings -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """One measurement on the held-out part while training."""

    minutes: float
    bits_per_character: float


@dataclass(frozen=True)
class Trainings:
    """Mimics of one person, trained in a home of its own."""

    home: Home
    given: argparse.Namespace

    def figures(self, base: Base, scratch: Path) -> dict[str, float | None]:
        """Train from the base and, unless skipped, from random weights in the folder `scratch`."""
        given = self.given
        chatmimic.import_exports(given.corpora / DURASPACE, home=self.home)
        minutes = None
        if not given.skip_scratch:
            if not (self.home.mimics / "scratch").is_dir():
                with_random_weights(base, scratch)
                self.train("scratch", str(scratch), given.scratch_minutes)
            self.notify("scratch", "random weights", given.scratch_minutes)
        trained = self.train("base", given.base, given.train_minutes)
        self.notify("base", given.base, given.train_minutes)
        if not given.skip_scratch:
            evaluations = self.evaluations("base", given.train_minutes)
            minutes = minutes_to_beat(
                evaluations, self.evaluations("scratch", given.scratch_minutes)
            )
        return {
            "minutes_to_beat_scratch": minutes,
            "training_tokens_per_second": trained.tokens_per_second,
            "reply_tokens_per_second": reply_speed(trained.mimic),
        }

    def train(self, name: str, base: str, minutes: float) -> Trained:
        """A mimic of the person."""
        return chatmimic.train(
            self.given.persona, home=self.home, name=name, base=base, minutes=minutes, replace=True
        )

    def evaluations(self, name: str, minutes: float) -> list[Look]:
        """The looks that the log of a training tells of."""
        a_step = minutes / Mimic.open(name, self.home).manifest["plan"]["steps"]
        log = (self.home.runs / name / "log.jsonl").read_text("utf-8")
        lines = map(json.loads, log.splitlines())
        return [Look(line["step"] * a_step, line["held_out_bits_per_character"]) for line in lines]

    def notify(self, name: str, start: str, minutes: float) -> None:
        """Print what a training came to."""
        held_out = Mimic.open(name, self.home).manifest["held_out"]
        before, after = (held_out[who]["bits_per_character"] for who in ("base", "mimic"))
        print(
            f"from {start}, {minutes:g} minutes: {before:.3f} → {after:.3f} "
            "held-out bits/character",
            flush=True,
        )


def minutes_to_beat(evaluations: Sequence[Look], others: Sequence[Look]) -> float | None:
    """When the first look is better than the best of the others; None if none is."""
    best = min(look.bits_per_character for look in others)
    return next((look.minutes for look in evaluations if look.bits_per_character < best), None)


def with_random_weights(base: Base, folder: Path) -> None:
    """Save the network and the tokenizer of a base to a folder, as if it had learnt nothing."""
    torch.manual_seed(0)
    with quiet():
        AutoModelForCausalLM.from_config(base.model.config).save_pretrained(folder)
        base.tokenizer.save_pretrained(folder)


def reply_speed(mimic: Mimic) -> float:
    """Tokens a second in one long reply, reading what it answers included."""
    loaded = mimic.load()
    generator = TorchGenerator(loaded)
    history = [Message("You", "Good morning! What are you working on today?")]

    def reply(tokens: int) -> str:
        # At this temperature it does not run in circles, which would end the reply.
        decoding = Decoding(temperature=1.0, min_tokens=tokens, max_tokens=tokens, seed=0)
        return "".join(generator.stream(history, mimic.persona, decoding))

    reply(8)  # the first is slower: everything is fetched into caches
    began = time.perf_counter()
    said = reply(REPLY)
    return len(loaded.form.tokens_of(said)) / (time.perf_counter() - began)


# -- printing, and a place to work ------------------------------------------------------------


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}" if value < 100 else f"{value:,.0f}"


def _rounded(value: Any) -> Any:
    """Figures without digits that mean nothing."""
    if isinstance(value, Mapping):
        return {name: _rounded(inner) for name, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def _temporary() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(ignore_cleanup_errors=True)


if __name__ == "__main__":
    main()

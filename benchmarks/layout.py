"""How much sooner do packed windows reach a held-out loss than one padded sample for each reply?

    python benchmarks/layout.py --corpora DIR

DIR holds the public corpora that `public_corpora.py` describes. The three chats, of which the
persona wrote about 49 %, 33 % and 9 %, are those of `chats_by_share.py`.

**Padded** is the layout of GPT-2 dialogue trainers: for each reply of the persona the token that
opens a conversation, up to 5 messages before the reply, and the reply, the oldest left out where
they do not fit; only the reply is learnt; 8 samples at once, padded to the longest of them. Their
loss is transformers' own, from labels that are -100 but for the reply: all positions go through
the output head. `--same-loss` computes it as our trainer does, for learnt positions alone.
**Packed** is `windows.build_windows` with the same 5 messages of context. Both begin with the same
weights and have the same written form, optimizer and clipping; a step of either learns from about
as many tokens; the rate rises for ten steps and then stays. Each `--rate` is tried with both,
and of each layout the best one counts.

The loss to reach is the lowest that the padded layout has at a look in `--seconds` of its own
steps; the figure is its seconds to there over those of packed windows, both on one thread. Seconds
are CPU time of steps alone; a look is the product's own figure on at most `--look` held-out
windows, and between two looks the loss is taken for a straight line. The held-out part is packed
windows for both; `--test-on padded` makes it padded samples for both. `--peer` is the folder of a
checkout of devjwsong/gpt2-dialogue-generation-pytorch, whose own samples of the same chats, by its
own dataset and collation, are then timed too (`peer_layout.py`). Learnt tokens are those of
the persona's words and the ends of their messages. The last line is JSON.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from chats_by_share import SHARES, Chat, chats
from machine import machine
from peer_layout import peer_speed
from reply_layouts import SAMPLES, Layout, own_tokens, packed, padded

from chatmimic.bases import Base, open_base
from chatmimic.training.data.split import cast_of
from chatmimic.training.objective.loss import LossModule, weight_of
from chatmimic.training.objective.metrics import measure
from chatmimic.training.objective.nll import NLL
from chatmimic.training.optim.optimizers import make_optimizer, set_rate
from chatmimic.transcript import make_form, natural_form

WINDOW = 512  # tokens
WARMUP = 10  # steps
CLIP = 1.0


def main() -> None:
    """Train with both layouts on each chat, print."""
    given = _arguments()
    torch.set_num_threads(1)
    ran_on = machine()
    rows = {}
    base = open_base(given.base)
    for share, chat in chats(given.corpora, given.most).items():
        if share not in given.share:
            continue
        print(f"{chat.persona} with {chat.share:.1%} of the messages")
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            rows[share] = compare(base, chat, given, Path(folder))
            if given.peer:
                peer = peer_speed(
                    given.peer, base, chat, seconds=given.seconds, folder=Path(folder)
                )
                print(f"  the peer's own code: {peer['learnt_tokens_per_s']} learnt tokens/s")
                rows[share]["peer"] = peer
        print(f"{rows[share]['speedup']} times as fast", flush=True)
    figures = {
        "speedup_to_equal_loss": {share: row["speedup"] for share, row in rows.items()},
        "learnt_tokens_per_s": {share: row["learnt_tokens_per_s"] for share, row in rows.items()},
    }
    how = {"tested_on": given.test_on, "same_loss": given.same_loss}
    print(json.dumps({**figures, "machine": ran_on, **how, "rows": rows}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--base", default="starter")
    parser.add_argument("--seconds", type=float, default=45.0, help="of the padded layout's steps")
    parser.add_argument("--rate", type=float, nargs="+", default=[1e-4, 2e-4, 4e-4])
    parser.add_argument("--look", type=int, default=16, help="held-out windows at most")
    parser.add_argument("--most", type=int, default=20_000, help="messages of the developers")
    parser.add_argument("--share", choices=SHARES, nargs="+", default=SHARES, help="which chats")
    parser.add_argument("--same-loss", action="store_true", help="ours, of padded samples too")
    parser.add_argument("--peer", type=Path, help="a checkout of devjwsong's trainer")
    parser.add_argument("--test-on", choices=("packed", "padded"), default="packed")
    return parser.parse_args()


# -- training --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """One measurement on the held-out part: CPU seconds of steps before it, nats per token."""

    seconds: float
    loss: float


@dataclass
class Training:
    """A copy of the base that learns at one rate from one layout."""

    base: Base
    layout: Layout
    held_out: Layout
    rate: float
    most: int  # held-out rows at a look
    seconds: float = 0.0
    tokens: int = 0
    positions: int = 0
    evaluations: list[Look] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start as every other training of this base starts."""
        self.loss_module = LossModule(copy.deepcopy(self.base.model))
        self.optimizer = make_optimizer(self.loss_module.model, 0.01)

    def run(self, seconds: float, every: float, target: float = -math.inf) -> Training:
        """Learn for so many seconds, with a look each `every`, or to the first look at a loss."""
        self._evaluate()
        for number, rows in enumerate(self.layout.steps()):
            batches = list(self.layout.batches(rows))
            total = weight_of(self.layout.windows, rows)
            began = time.process_time()
            self._step(number, batches, total)
            self.seconds += time.process_time() - began
            if self.seconds >= self.evaluations[-1].seconds + every or self.seconds >= seconds:
                self._evaluate()
                if self.seconds >= seconds or self.evaluations[-1].loss <= target:
                    break
        return self

    @property
    def best(self) -> Look:
        """The look with the lowest loss, the first of several."""
        return min(self.evaluations, key=lambda look: look.loss)

    def curve(self) -> dict[str, Any]:
        """The rate, and seconds and loss at each look."""
        evaluations = [(round(look.seconds, 2), round(look.loss, 4)) for look in self.evaluations]
        return {"rate": self.rate, "looks": evaluations}

    def _step(self, number: int, batches: Sequence[dict[str, torch.Tensor]], total: float) -> None:
        set_rate(self.optimizer, self.rate * min(1.0, (number + 1) / WARMUP))
        for tensors in batches:
            result = self.layout.surprise(self.loss_module, tensors)
            (result.loss / max(1, total)).backward()
            self.tokens += int(result.scored_tokens)
            self.positions += tensors["ids"].numel()
        torch.nn.utils.clip_grad_norm_(self.loss_module.model.parameters(), CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def _evaluate(self) -> None:
        self.loss_module.eval()
        with torch.no_grad():
            figures = measure(
                self.held_out.windows, self._forward, batch=self.held_out.batch, most=self.most
            )
        self.loss_module.train()
        self.evaluations.append(Look(self.seconds, figures.loss))

    def _forward(self, rows: np.ndarray) -> NLL:
        (tensors,) = self.held_out.batches(rows)
        result: NLL = self.loss_module(**tensors)
        return result


def reached(evaluations: Sequence[Look], loss: float) -> float:
    """The seconds at which a loss was first reached, on straight lines; infinite if it was not."""
    if evaluations[0].loss <= loss:
        return evaluations[0].seconds
    for before, after in pairwise(evaluations):
        if after.loss <= loss:
            part = (before.loss - loss) / (before.loss - after.loss)
            return before.seconds + part * (after.seconds - before.seconds)
    return math.inf


# -- one chat --------------------------------------------------------------------------------


def compare(base: Base, chat: Chat, given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Train with both layouts at each rate; the figures of the best of each."""
    ours, theirs, held_out = layouts(base, chat, given.test_on, folder)
    theirs = replace(theirs, by_labels=not given.same_loss)
    most = given.look if given.test_on == "packed" else given.look * SAMPLES
    training = partial(Training, base, held_out=held_out, most=most)
    of_theirs = [
        _shown(training(theirs, rate=rate).run(given.seconds, given.seconds / 10))
        for rate in given.rate
    ]
    best = min(of_theirs, key=lambda t: t.best.loss)
    of_ours: list[Training] = []
    for rate in given.rate:
        # One that takes longer than another rate did is not gone on with.
        seconds = min([given.seconds, *(reached(t.evaluations, best.best.loss) for t in of_ours)])
        trained = training(ours, rate=rate).run(seconds, given.seconds / 40, best.best.loss)
        of_ours.append(_shown(trained))
    quickest = min(of_ours, key=lambda t: (reached(t.evaluations, best.best.loss), t.best.loss))
    curves = {"packed": [t.curve() for t in of_ours], "padded": [t.curve() for t in of_theirs]}
    return {**_row(chat, quickest, best), "looks": curves}


def _row(chat: Chat, ours: Training, theirs: Training) -> dict[str, Any]:
    """The figures of one chat, from the best training with each layout."""
    loss = theirs.best.loss
    spent = reached(ours.evaluations, loss)

    def both(figure: Callable[[Training], float]) -> dict[str, float]:
        return {"packed": round(figure(ours), 2), "padded": round(figure(theirs), 2)}

    return {
        "persona": chat.persona,
        "share": round(chat.share, 3),
        "speedup": round(theirs.best.seconds / spent, 2) if 0 < spent < math.inf else None,
        "loss_before": round(theirs.evaluations[0].loss, 4),
        "loss": round(loss, 4),
        "seconds": {
            "packed": round(spent, 2) if spent < math.inf else None,
            "padded": round(theirs.best.seconds, 2),
        },
        "learnt_tokens_per_s": both(lambda t: t.tokens / t.seconds),
        "positions_per_learnt_token": both(lambda t: t.positions / t.tokens),
        "learnt_tokens_a_step": both(lambda t: own_tokens(t.layout.windows) * t.layout.a_step),
        "rate": {"packed": ours.rate, "padded": theirs.rate},
    }


def layouts(base: Base, chat: Chat, tested: str, folder: Path) -> tuple[Layout, Layout, Layout]:
    """Packed and padded layouts of what is learnt, and one of what is held out."""
    tokenizer = base.tokenizer
    form = make_form(natural_form(tokenizer), tokenizer, cast_of(chat.train, chat.persona))
    window = min(WINDOW, base.model.config.max_position_embeddings)
    written = (form, chat.persona, window)
    windows = packed(chat.train, *written, folder / "learnt")
    samples = padded(chat.train, *written)
    # As many tokens a step as nearly as whole windows and whole batches of samples can be.
    a_batch = SAMPLES * own_tokens(samples)
    a_step = max(1, round(a_batch / own_tokens(windows)))
    batches = max(1, round(a_step * own_tokens(windows) / a_batch))
    if tested == "packed":
        held_out = Layout(packed(chat.held_out, *written, folder / "held-out"), SAMPLES, 0, False)
    else:
        held_out = Layout(padded(chat.held_out, *written), SAMPLES, 0, True)
    return (
        Layout(windows, a_step, a_step, False),
        Layout(samples, SAMPLES, SAMPLES * batches, True),
        held_out,
    )


def _shown(training: Training) -> Training:
    """Print what a training came to."""
    best = training.best
    print(
        f"  {'padded' if training.layout.padded else 'packed'} {training.rate:8g}  "
        f"{training.evaluations[0].loss:.4f} → {best.loss:.4f} nats in {best.seconds:6.1f} s  "
        f"{training.tokens / training.seconds:7.1f} learnt tokens/s  "
        f"{training.positions / training.tokens:5.1f} positions for each",
        flush=True,
    )
    return training


if __name__ == "__main__":
    main()

"""Fit the networks that tell conversations apart, and write the file that ships.

    python benchmarks/train_linker.py --corpus DIR --out weights.safetensors

The first networks see the features of each pair. The second see those and the strands that the
first ones' links make; so that they learn from guesses as wrong as those they will meet, the
guesses for a log come from a first network that was fitted without that log (stacking). Loss: the
chance of any of the gold answers, -log sum p. Some 25 minutes on one core, 3 GB.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from irc_links import Log, as_links, read_part, scores
from torch import Tensor, nn

from chatmimic.conversations.linking.network import Networks
from chatmimic.conversations.linking.pair_features import REACH, pairs_of
from chatmimic.conversations.linking.thread_arrays import read_talk
from chatmimic.conversations.linking.thread_features import strands_of

FOLDS = 3
CONTEXT = 130  # messages before the first annotated one whose links are guessed too
AHEAD = 25  # and after the last
HIDDEN = (128, 64)


class Set:
    """The rows of one log: features of its messages from `start` on, and which are right."""

    def __init__(self, log: Log) -> None:
        self.log, self.talk = log, read_talk(log.messages)
        annotated = [i for i, line in enumerate(log.lines) if line in log.gold]
        self.start = max(0, annotated[0] - CONTEXT)
        stop = min(len(log.lines), annotated[-1] + AHEAD + 1)
        self.rows = [r.astype(np.float16) for r in pairs_of(self.talk, self.start, stop)]
        self.wanted = [self._wanted(i) for i in range(self.start, stop)]

    def _wanted(self, i: int) -> list[int]:
        """How far back the answered messages lie; 0: none. Empty: not annotated, or too far."""
        place = {line: n for n, line in enumerate(self.log.lines[: i + 1])}
        answered = (place.get(line) for line in self.log.gold.get(self.log.lines[i], ()))
        return [i - n for n in answered if n is not None and i - n <= REACH]

    def with_strands(self, networks: Networks) -> list[np.ndarray]:
        """The rows with what the strands of these networks' links show beside them."""
        guesses = networks.guesses([row.astype(np.float32) for row in self.rows])
        # Before the first guess every message is a strand of its own.
        before = [_alone(i) for i in range(self.start)]
        found = strands_of(self.talk, [*before, *guesses], self.start)
        return [np.hstack([r, s]).astype(np.float16) for r, s in zip(self.rows, found, strict=True)]


def _alone(i: int) -> np.ndarray:
    guess = np.full(min(i, REACH) + 1, -20.0, np.float32)
    guess[0] = 0
    return guess


def network(features: int, seed: int) -> nn.Sequential:
    """Three layers, with dropout while they learn."""
    torch.manual_seed(seed)
    one, other = HIDDEN
    inner = [nn.Linear(features, one), nn.ReLU(), nn.Dropout(0.2)]
    return nn.Sequential(
        *inner, nn.Linear(one, other), nn.ReLU(), nn.Dropout(0.2), nn.Linear(other, 1)
    )


def fit(
    rows: Sequence[np.ndarray], wanted: Sequence[list[int]], seed: int, epochs: int
) -> nn.Module:
    """A network that gives the wanted rows the greatest chance."""
    known = [n for n, some in enumerate(wanted) if some]
    net, generator = network(rows[0].shape[1], seed), np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    batches = -(-len(known) // 256)
    pace = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 2e-3, total_steps=epochs * batches, pct_start=0.1
    )
    for epoch in range(epochs):
        total = 0.0
        for batch in np.array_split(generator.permutation(known), batches):
            loss = _loss(net, [rows[n] for n in batch], [wanted[n] for n in batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            pace.step()
            total += loss.item()
        print(f"  seed {seed} epoch {epoch} loss {total / batches:.4f}", flush=True)
    return net.eval()


def _loss(net: nn.Module, rows: list[np.ndarray], wanted: list[list[int]]) -> Tensor:
    longest = max(len(one) for one in rows)
    values = np.zeros((len(rows), longest, rows[0].shape[1]), np.float32)
    there = np.zeros((len(rows), longest), bool)
    right = np.zeros_like(there)
    for n, (one, some) in enumerate(zip(rows, wanted, strict=True)):
        values[n, : len(one)] = one
        there[n, : len(one)] = True
        right[n, some] = True
    given = net(torch.from_numpy(values)).squeeze(-1)
    chances = given.masked_fill(~torch.from_numpy(there), -1e4).log_softmax(1)
    return -chances.masked_fill(~torch.from_numpy(right), -1e4).logsumexp(1).mean()


def layers(net: nn.Module) -> list[tuple[np.ndarray, np.ndarray]]:
    """Its weights as `Networks` takes them."""
    return [
        (one.weight.detach().numpy(), one.bias.detach().numpy())
        for one in net.modules()
        if isinstance(one, nn.Linear)
    ]


def rows_and_wanted(
    sets: Sequence[Set], rows: Sequence[list[np.ndarray]]
) -> tuple[list[np.ndarray], list[list[int]]]:
    """Those of several logs in one list each."""
    return [r for some in rows for r in some], [w for one in sets for w in one.wanted]


def told(sets: Sequence[Set], rows: Sequence[list[np.ndarray]], networks: Networks) -> str:
    """The measures of these networks on these logs."""
    links = {}
    for one, some in zip(sets, rows, strict=True):
        guesses = networks.guesses([row.astype(np.float32) for row in some])
        answered = list(range(len(one.log.lines)))
        for i, guess in enumerate(guesses, one.start):
            answered[i] = i - int(guess.argmax())
        links[one.log.name] = as_links(one.log, answered)
    return json.dumps(scores([one.log for one in sets], links))


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--networks", type=int, default=2, help="of each of the two sorts")
    parser.add_argument("--epochs", type=int, nargs=2, default=(6, 8))
    options = parser.parse_args()
    torch.set_num_threads(1)
    train, dev = ([Set(log) for log in read_part(options.corpus, p)] for p in ("train", "dev"))
    print(f"{sum(len(one.rows) for one in train):,} messages, {train[0].rows[0].shape[1]} features")
    plain = [one.rows for one in train]
    stacked: list[list[np.ndarray]] = [[] for _ in train]
    for fold in range(FOLDS):
        others = [n for n in range(len(train)) if n % FOLDS != fold]
        some = rows_and_wanted([train[n] for n in others], [plain[n] for n in others])
        without = Networks([layers(fit(*some, 100 + fold, options.epochs[0]))])
        for n in range(fold, len(train), FOLDS):
            stacked[n] = train[n].with_strands(without)
    first = [
        fit(*rows_and_wanted(train, plain), n, options.epochs[0]) for n in range(options.networks)
    ]
    pairs = Networks([layers(net) for net in first])
    print("dev, pairs:", told(dev, [one.rows for one in dev], pairs), flush=True)
    both = rows_and_wanted(train, stacked)
    second = [fit(*both, 10 + n, options.epochs[1]) for n in range(options.networks)]
    strands = Networks([layers(net) for net in second])
    print("dev, strands:", told(dev, [one.with_strands(pairs) for one in dev], strands), flush=True)
    write(options.out, {"pairs": first, "strands": second})


def write(path: Path, networks: dict[str, list[nn.Module]]) -> None:
    """The file that `Networks.load` reads, in half precision."""
    from safetensors.numpy import save_file

    weights = {}
    for name, nets in networks.items():
        for n, net in enumerate(nets):
            for place, (weight, bias) in enumerate(layers(net)):
                weights[f"{name}.{n}.{place}.weight"] = weight.astype(np.float16)
                weights[f"{name}.{n}.{place}.bias"] = bias.astype(np.float16)
    save_file(weights, path)
    print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

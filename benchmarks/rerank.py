"""Which criterion finds the real reply? Hits at one of ten, for each way to choose.

    python benchmarks/rerank.py --home DIR --mimic ada-lovelace --places 100

At each place, later than the training data, the real reply stands among nine others: once nine real
replies of the same person (only what fits the context helps), once nine replies of the mimic (what
sounds like the person helps, too). `fitted` is a mixture of all, with weights of a logistic
regression on the first half of the places by time; figures are of the second half. Reverse needs
a mimic of the person trained with --reverse, head that this one was trained with --candidates,
style an archive of several people. With --pairs, that many pairs of replies are printed, the one
that `mutual` takes of nine, and the first. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from machine import machine

import chatmimic
from chatmimic.errors import ChatmimicError
from chatmimic.evaluation.choosing import criterion_of
from chatmimic.evaluation.intervals import wilson
from chatmimic.evaluation.places import Place, places
from chatmimic.evaluation.slices import slices_of
from chatmimic.generation.batch import BatchGenerator
from chatmimic.generation.criteria import Criterion, scaled
from chatmimic.generation.decoding import decoding_of
from chatmimic.generation.generator import as_message
from chatmimic.home import Home
from chatmimic.mimic import Mimic
from chatmimic.records import Message

AMONG = 10
CONTEXT = 12  # messages
AGAINST = ("the person's own", "the mimic's")


class Likely:
    """The plain likelihood of a reply, in nats per token: what a mimic prefers by itself."""

    def __init__(self, mimic: BatchGenerator) -> None:
        self.mimic = mimic

    def scores(self, history: Sequence[Message], speaker: str, texts: Sequence[str]) -> list[float]:
        """A score for each text as the next message by `speaker`."""
        messages = [as_message(speaker, text) for text in texts]
        found = self.mimic.likelihoods(history, messages)
        return [nats / max(1, tokens) for nats, tokens in found]


def main() -> None:
    """Score every candidate by every criterion, print hits, and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, help="the archive and the mimics; else the usual home")
    parser.add_argument("--mimic", required=True)
    parser.add_argument("--places", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=0)
    given = parser.parse_args()
    home = Home.find(given.home)
    mimic = Mimic.open(given.mimic, home)
    with chatmimic.open_archive(home) as archive:
        slices = slices_of(archive, mimic)
    asked = places([*slices.judge, *slices.test], slices.person, given.places)
    pool = [m.text for c in slices.read for m in c.messages if m.sender == slices.person]
    generator = BatchGenerator(mimic.load())
    criteria = available(mimic, home, generator)
    drawn = [
        generator.alternatives(
            one.before[-CONTEXT:],
            slices.person,
            decoding_of(mimic, seed=n, max_tokens=40),
            AMONG - 1,
        )
        for n, one in enumerate(asked)
    ]
    result: dict[str, dict[str, Any]] = {}
    for against in AGAINST:
        rng = Random(0)
        among = [
            candidates(one, rng.sample(pool, min(len(pool), 3 * AMONG)) if own else made)
            for own in (against == AGAINST[0],)
            for one, made in zip(asked, drawn, strict=True)
        ]
        result[against] = hits(criteria, asked, among, slices.person)
    print(f"{'':12}" + "".join(f"{'among ' + one:>26}" for one in AGAINST))
    for name in result[AGAINST[0]]:
        cells = (result[against][name] for against in AGAINST)
        print(
            f"{name:12}"
            + "".join(f"{c['hits']:14.0%} ({c['low']:.0%}–{c['high']:.0%})" for c in cells)
        )
    show_pairs(asked[-given.pairs :] if given.pairs else [], drawn, criteria, slices.person)
    facts = {"mimic": mimic.name, "places": len(asked), "machine": machine()}
    print(json.dumps({**facts, "hits_at_1": result}))


def available(mimic: Mimic, home: Home, generator: BatchGenerator) -> dict[str, Criterion]:
    """Every criterion that this home has what is needed for."""
    found: dict[str, Criterion] = {"likelihood": Likely(generator)}
    for way in ("mutual", "reverse", "head", "style"):
        try:
            found[way] = criterion_of(way, mimic, home, generator, "float32")
        except ChatmimicError as error:
            print(f"Without {way}: {error.what}")
    return found


def candidates(place: Place, others: Sequence[str]) -> list[str]:
    """The real reply, first, and nine different others."""
    real = place.real.text
    different = [text for text in dict.fromkeys(others) if text.strip() and text != real]
    return [real, *different[: AMONG - 1]]


def hits(
    criteria: dict[str, Criterion],
    asked: Sequence[Place],
    among: Sequence[Sequence[str]],
    person: str,
) -> dict[str, Any]:
    """For each criterion, how often the real reply comes first, with its interval."""
    rows = [
        np.array(
            [scaled(c.scores(one.before[-CONTEXT:], person, texts)) for c in criteria.values()]
        )
        for one, texts in zip(asked, among, strict=True)
    ]  # each (criteria, candidates), the real reply first
    first, second = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    weights = fitted(first)
    by_name = {name: np.eye(len(criteria))[n] for n, name in enumerate(criteria)}
    by_name["fitted"] = weights
    found: dict[str, Any] = {}
    for name, mixture in by_name.items():
        right = sum(won(mixture @ row) for row in second)
        low, high = wilson(right, len(second))
        found[name] = {
            "hits": round(right / len(second), 3),
            "low": round(low, 3),
            "high": round(high, 3),
        }
    found["fitted"]["weights"] = dict(zip(criteria, map(float, weights.round(2)), strict=True))
    return found


def won(scores: np.ndarray) -> bool:
    """Whether the first is the best, and alone."""
    return bool(scores[0] > scores[1:].max(initial=-np.inf))


def fitted(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Weights of a logistic regression that tells real replies from the others."""
    from sklearn.linear_model import LogisticRegression

    examples = np.concatenate([row.T for row in rows])
    real = np.concatenate([np.arange(row.shape[1]) == 0 for row in rows])
    found: np.ndarray = LogisticRegression(class_weight="balanced").fit(examples, real).coef_[0]
    return found


def show_pairs(
    asked: Sequence[Place],
    drawn: Sequence[Sequence[str]],
    criteria: dict[str, Criterion],
    person: str,
) -> None:
    """Print the first reply and the chosen one, in random order, and at the end which is which."""
    rng, key = Random(1), []
    for number, (one, made) in enumerate(
        zip(asked, drawn[-len(asked) or len(drawn) :], strict=True), 1
    ):
        texts = [text for text in made if text.strip()]
        if len(texts) < 2:
            continue
        before = one.before[-CONTEXT:]
        chosen = texts[int(np.argmax(criteria["mutual"].scores(before, person, texts)))]
        pair = [("first", texts[0]), ("chosen", chosen)]
        rng.shuffle(pair)
        key.append(f"{number}{'AB'[[name for name, _ in pair].index('chosen')]}")
        print(f"\n{number}. {before[-1].sender}: {before[-1].text[:160]}")
        for letter, (_, text) in zip("AB", pair, strict=True):
            print(f"   {letter}: {text[:160]}")
    if key:
        print("\nChosen:", " ".join(key))


if __name__ == "__main__":
    main()

"""Does a mimic send as many messages in a row, and wait as long, as its person?

    python benchmarks/rhythm.py --home DIR --mimic ada-lovelace

Messages per turn: after each of the person's messages, later than the training data, the model says
how likely one more is; from these likelihoods follows how long its turns are, without a bias and
with the one that was fitted on earlier messages of these. Waits: those drawn from the rhythm that
was learnt, against the person's later ones. All are compared by the Jensen-Shannon distance (the
root of the divergence in bits, 0 to 1), beside two marks: the person before, which no imitation can
be expected to be closer than, and everybody else. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from random import Random

from machine import machine

import chatmimic
from chatmimic.evaluation.fit_turns import fitted_bias
from chatmimic.evaluation.slices import slices_of
from chatmimic.evaluation.spread import spread
from chatmimic.evaluation.style.habits import divergence
from chatmimic.generation.batch import BatchGenerator
from chatmimic.generation.generator import LONGEST_TURN, with_bias
from chatmimic.home import Home
from chatmimic.mimic import Mimic
from chatmimic.records import Conversation
from chatmimic.rhythm import Rhythm

CONTEXT = 4  # messages
DRAWN = 2000  # waits


def main() -> None:
    """Measure turns and waits, print, and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, help="the archive and the mimic; else the usual home")
    parser.add_argument("--mimic", required=True)
    parser.add_argument("--places", type=int, default=120, help="messages after which it is asked")
    given = parser.parse_args()
    home = Home.find(given.home)
    mimic = Mimic.open(given.mimic, home)
    with chatmimic.open_archive(home) as archive:
        slices = slices_of(archive, mimic)
    person, later = slices.person, slices.test
    generator = BatchGenerator(mimic.load())
    more = fitted_bias(generator, slices.judge, person) or 0.0
    chances = chances_of_more(generator, later, person, given.places)
    others = sorted({m.sender for c in slices.read for m in c.messages} - {person})
    real = turn_sizes(later, [person])
    rows = {
        "messages per turn": {
            "model": distance(sizes_by(chances, 0.0, real.total()), real),
            "fitted": distance(sizes_by(chances, more, real.total()), real),
            "the person before": distance(turn_sizes(slices.read, [person]), real),
            "everybody else": distance(turn_sizes(slices.read, others), real),
        }
    }
    rhythm = Rhythm.of(slices.read, person)
    for name, again in (("wait before a reply", False), ("wait within a turn", True)):
        waited = steps(later, [person], again)
        rows[name] = {
            "model": distance(Counter({"0": DRAWN}), waited),  # at once, as without a rhythm
            "fitted": distance(drawn(rhythm, again), waited),
            "the person before": distance(steps(slices.read, [person], again), waited),
            "everybody else": distance(steps(slices.read, others, again), waited),
        }
    titles = list(next(iter(rows.values())))
    print(f"{'':22}" + "".join(f"{title:>20}" for title in titles))
    for name, row in rows.items():
        print(f"{name:22}" + "".join(f"{row[title]:20.3f}" for title in titles))
    facts = {"mimic": mimic.name, "turn_bias": more, "machine": machine()}
    print(json.dumps({**facts, "distances": rows}))


def distance(one: Counter[str], other: Counter[str]) -> float:
    """The Jensen-Shannon distance of two counted distributions."""
    return round(math.sqrt(max(0.0, divergence(one, other))), 4)


def turn_sizes(
    conversations: Sequence[Conversation], people: Sequence[str] | set[str]
) -> Counter[str]:
    """How many turns of these people have so many messages."""
    return Counter(
        str(min(len(list(turn)), LONGEST_TURN))
        for conversation in conversations
        for sender, turn in groupby(m.sender for m in conversation.messages)
        if sender in people
    )


def chances_of_more(
    generator: BatchGenerator, conversations: Sequence[Conversation], person: str, most: int
) -> dict[int, list[float]]:
    """The likelihoods of one more message, by how many the turn has so far."""
    asked = spread(list(ends(conversations, person)), most)
    found: dict[int, list[float]] = {}
    for size, history in asked:
        found.setdefault(min(size, 3), []).append(generator.continues(history, person))
    return found


def ends(
    conversations: Sequence[Conversation], person: str
) -> Iterator[tuple[int, Sequence[chatmimic.Message]]]:
    """After each message of the person's: the size of the turn so far, and the last messages."""
    for conversation in conversations:
        size = 0
        for at, message in enumerate(conversation.messages):
            size = size + 1 if message.sender == person else 0
            if size:
                yield size, conversation.messages[max(0, at + 1 - CONTEXT) : at + 1]


def sizes_by(chances: dict[int, list[float]], bias: float, count: int) -> Counter[str]:
    """The sizes of turns that these likelihoods give, for about `count` turns."""
    sizes: Counter[str] = Counter()
    left = float(count)
    every = [p for some in chances.values() for p in some]
    for size in range(1, LONGEST_TURN):
        some = chances.get(min(size, 3)) or every
        goes_on = left * sum(with_bias(p, bias) for p in some) / max(1, len(some))
        sizes[str(size)] = round(left - goes_on)
        left = goes_on
    sizes[str(LONGEST_TURN)] = round(left)
    return sizes


def steps(
    conversations: Sequence[Conversation], people: Sequence[str], again: bool
) -> Counter[str]:
    """Waits of these people, counted in octaves of seconds."""
    return Counter(
        octave((after.sent_at - before.sent_at) / 1000)
        for conversation in conversations
        for before, after in pairwise(conversation.messages)
        if after.sender in people and (before.sender == after.sender) == again
        if before.sent_at is not None and after.sent_at is not None
    )


def drawn(rhythm: Rhythm, again: bool) -> Counter[str]:
    """Waits drawn from a rhythm, counted in octaves of seconds."""
    rng = Random(0)
    return Counter(octave(rhythm.wait(rng, again=again)) for _ in range(DRAWN))


def octave(seconds: float) -> str:
    """The octave that a wait is in: 7 seconds and 14 are one apart."""
    return str(round(math.log2(1 + max(0.0, seconds))))


if __name__ == "__main__":
    main()

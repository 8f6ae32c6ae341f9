"""Does memory pay? One mimic's replies where the person used rare words they had used before.

    python benchmarks/memory_gain.py --home DIR --mimic ada-lovelace --places 100

At each place, later than the training data, the real reply holds a word that was rare but known,
and that the context does not hold. Its bits per character, and how many of these words the mimic
says by itself, are compared between four ways: without memory, with exchanges drawn at random (any
text in the person's manner may help), with what memory recalls, and with the exchange that holds
most of the words, which is the most that memory could bring. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from machine import machine

import chatmimic
from chatmimic.archive import Archive
from chatmimic.archive.recalling import Recollection
from chatmimic.evaluation.places import Place, places
from chatmimic.evaluation.slices import slices_of
from chatmimic.evaluation.spread import spread
from chatmimic.generation.batch import BatchGenerator
from chatmimic.generation.decoding import decoding_of
from chatmimic.generation.memory import Memory
from chatmimic.home import Home
from chatmimic.mimic import Mimic
from chatmimic.records import Conversation

WORD = re.compile(r"[^\W_]{3,}")
RARE = 0.001  # share of earlier messages that hold the word, at most
CONTEXT = 12  # messages
WAYS = ("without", "at random", "memory", "the best there is")


@dataclass(frozen=True)
class Asked:
    """A place, the rare words of the real reply, and the exchanges of each way."""

    place: Place
    words: frozenset[str]
    found: dict[str, list[Recollection]]


def main() -> None:
    """Measure every way, print a row for each, and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, help="the archive and the mimic; else the usual home")
    parser.add_argument("--mimic", required=True)
    parser.add_argument("--places", type=int, default=100)
    given = parser.parse_args()
    home = Home.find(given.home)
    mimic = Mimic.open(given.mimic, home)
    with chatmimic.open_archive(home) as archive:
        asked = list(questions(archive, mimic, given.places))
    rows = [measured(mimic, asked, way) for way in WAYS]
    print(f"{'':20}{'bits/character':>16}{'words recalled':>16}{'words said':>12}")
    for row in rows:
        print(
            f"{row['way']:20}{row['bits_per_character']:16.3f}{row['recalled']:16.1%}"
            f"{row['said']:12.1%}"
        )
    result = {row["way"]: {k: v for k, v in row.items() if k != "way"} for row in rows}
    facts = {"mimic": mimic.name, "places": len(asked), "words": sum(len(a.words) for a in asked)}
    print(json.dumps({**facts, "ways": result, "machine": machine()}))


def questions(archive: Archive, mimic: Mimic, most: int) -> Iterator[Asked]:
    """Places where the person used rare words that they had used before, at most so many."""
    slices = slices_of(archive, mimic)
    memory = Memory(
        mimic.persona,
        lambda texts, before, most: archive.recall(mimic.persona, texts, before, most),
    )
    known = rare_words(slices.read)
    said = list(exchanges(slices.read, slices.person))
    rng = Random(0)
    later = places([*slices.judge, *slices.test], slices.person)
    asked = [(place, words) for place in later if (words := words_asked(place, known))]
    for place, words in spread(asked, most):
        recalled = memory.exchanges(place.before)
        best = max(said, key=lambda one: len(words & held(one)))
        found = [[], rng.sample(said, len(recalled)), recalled, [best]]
        yield Asked(place, words, dict(zip(WAYS, found, strict=True)))


def rare_words(earlier: Sequence[Conversation]) -> frozenset[str]:
    """The words that few messages hold, but at least one."""
    counts = Counter(w for c in earlier for m in c.messages for w in words_of(m.text))
    most = max(2.0, RARE * sum(len(c.messages) for c in earlier))
    return frozenset(word for word, count in counts.items() if count <= most)


def words_asked(place: Place, known: frozenset[str]) -> frozenset[str]:
    """The rare words of the real reply that its context does not hold."""
    near = frozenset(w for m in place.before[-CONTEXT:] for w in words_of(m.text))
    return (words_of(place.real.text) & known) - near


def exchanges(earlier: Sequence[Conversation], person: str) -> Iterator[Recollection]:
    """Every answer of the person's to somebody, with what it answers."""
    for conversation in earlier:
        for asked, answer in pairwise(conversation.messages):
            if answer.sender == person != asked.sender:
                yield Recollection(asked, answer, 0.0)


def measured(mimic: Mimic, asked: Sequence[Asked], way: str) -> dict[str, Any]:
    """Bits per character of the real replies, and the share of rare words recalled and said."""
    nats = characters = recalled = said = total = 0.0
    now: list[Recollection] = []
    memory = Memory(mimic.persona, lambda texts, before, most: now)
    generator = BatchGenerator(mimic.load(), memory=memory)
    for number, one in enumerate(asked):
        now = one.found[way]
        before = one.place.before[-CONTEXT:]
        nats -= generator.likelihoods(before, [one.place.real])[0][0]
        characters += len(one.place.real.text) + 1
        decoding = decoding_of(mimic, seed=number, max_tokens=40)
        reply = "".join(generator.stream(before, mimic.persona, decoding))
        total += len(one.words)
        recalled += len(one.words & frozenset(w for x in now for w in held(x)))
        said += len(one.words & words_of(reply))
    return {
        "way": way,
        "bits_per_character": round(nats / math.log(2) / characters, 4),
        "recalled": round(recalled / total, 4),
        "said": round(said / total, 4),
    }


def held(one: Recollection) -> frozenset[str]:
    """The words of an exchange."""
    return words_of(one.answer.text) | words_of(one.asked.text if one.asked else "")


def words_of(text: str) -> frozenset[str]:
    """The words of a text, in lower case."""
    return frozenset(WORD.findall(text.casefold()))


if __name__ == "__main__":
    main()

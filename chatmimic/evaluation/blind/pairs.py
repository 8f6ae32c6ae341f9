"""Makes a pair test: a real and a generated reply at places from after the training data."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chatmimic.errors import BlindTestError
from chatmimic.evaluation.blind.matching import Pair, matched
from chatmimic.evaluation.blind.rounds import (
    PAIR,
    BlindTest,
    Round,
    context_of,
    has_real_text,
    is_text,
    long_contexts_first,
)
from chatmimic.evaluation.places import Place, places
from chatmimic.evaluation.slices import cut
from chatmimic.evaluation.study import Progress
from chatmimic.generation.decoding import Decoding
from chatmimic.mimic import Mimic

if TYPE_CHECKING:
    from chatmimic.archive import Archive

_TRIED = 2  # places for each round that is wanted, in each pass
_PASSES = 6

Generate = Callable[[list[Place], int], list[str]]  # places and a seed → a reply at each


def pair_test(
    archive: Archive,
    mimic: Mimic,
    *,
    rounds: int,
    seed: int,
    decoding: Decoding,
    progress: Progress,
) -> BlindTest:
    """A test of one mimic, of at most `rounds` rounds.

    Raises EvaluationError if too little was said after the training data ends.
    """
    from chatmimic.generation.batch import BatchGenerator

    progress.stage("reading the archive")
    slices = cut(archive, mimic, progress.tell)
    rng = random.Random(f"pair test {seed}")
    found = [p for p in places(slices.test, slices.person) if has_real_text(p)]
    rng.shuffle(found)
    found = long_contexts_first(found)
    progress.stage(f"loading {mimic.name}")
    generator = BatchGenerator(mimic.load())

    def generate(asked: list[Place], first_seed: int) -> list[str]:
        progress.stage("generating replies")
        histories = [place.before for place in asked]
        passed = progress.of(len(asked))
        return generator.replies(histories, slices.person, decoding, seed=first_seed, passed=passed)

    pairs = paired(found, rounds, seed, generate)
    rng.shuffle(pairs)
    name = archive.person(mimic.persona).name  # it may have been changed since the training
    shown = [place.with_names({slices.person: name}) for place in found]
    made = tuple(_round(shown[pair.place], pair, rng.randrange(2)) for pair in pairs)
    if not made:
        raise BlindTestError(
            f"No two replies of {name}, one real and one generated, are of about the same length.",
            "Import newer chats of theirs, or change --temperature or --min-tokens.",
        )
    return BlindTest(PAIR, (name,), (mimic.name,), ("A", "B"), made, seed)


def paired(found: Sequence[Place], wanted: int, seed: int, generate: Generate) -> list[Pair]:
    """Matched pairs at some of the places; replies are generated in passes until there are enough.

    Each pass asks at the next places, then at the first ones again, with other seeds.
    """
    pairs: list[Pair] = []
    chosen: list[Pair] = []
    at_once = min(len(found), _TRIED * wanted)
    for number in range(_PASSES if found else 0):
        numbers = [(number * at_once + i) % len(found) for i in range(at_once)]
        replies = generate([found[at] for at in numbers], seed + number * at_once)
        pairs += [
            Pair(at, found[at].real.text.strip(), reply.strip())
            for at, reply in zip(numbers, replies, strict=True)
            if is_text(reply)
        ]
        chosen = matched(pairs, wanted)
        if len(chosen) >= wanted:
            break
    return chosen


def _round(place: Place, pair: Pair, right: int) -> Round:
    replies = (pair.real, pair.generated) if right == 0 else (pair.generated, pair.real)
    return Round(context_of(place), replies, right)

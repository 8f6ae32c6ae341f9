"""Makes a whose test: one reply of one of several mimics, all asked at the same places.

Which mimic replies is drawn regardless of the place, so that the context cannot give it away.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chatmimic.errors import BlindTestError, EvaluationError
from chatmimic.evaluation.blind.rounds import (
    WHOSE,
    BlindTest,
    Round,
    context_of,
    is_text,
    long_contexts_first,
)
from chatmimic.evaluation.manifest import trained_until
from chatmimic.evaluation.places import Place, places
from chatmimic.evaluation.slices import cut
from chatmimic.evaluation.study import Progress
from chatmimic.generation.decoding import Decoding
from chatmimic.mimic import Mimic

if TYPE_CHECKING:
    from chatmimic.archive import Archive

_SPARE = 1.5  # places for each round that is wanted; some replies are empty


def whose_test(
    archive: Archive,
    mimics: Sequence[Mimic],
    *,
    rounds: int,
    seed: int,
    decoding_of: Callable[[Mimic], Decoding],
    progress: Progress,
) -> BlindTest:
    """A test of two to four mimics of different people, of at most `rounds` rounds.

    Raises EvaluationError if too little was said after the training data of all of them ends.
    """
    progress.stage("reading the archive")
    rng = random.Random(f"whose test {seed}")
    people = [archive.person(mimic.persona).name for mimic in mimics]
    found = _common_places(archive, mimics, people, progress)
    rng.shuffle(found)
    found = long_contexts_first(found)[: round(_SPARE * rounds)]
    who = [rng.randrange(len(mimics)) for _ in found]
    replies = [""] * len(found)
    for number, mimic in enumerate(mimics):
        asked = [at for at in range(len(found)) if who[at] == number]
        given = _replies(
            mimic, [found[at] for at in asked], people[number], seed, decoding_of(mimic), progress
        )
        for at, reply in zip(asked, given, strict=True):
            replies[at] = reply.strip() if is_text(reply) else ""
    made = [
        Round(context_of(place), (reply,), right)
        for place, reply, right in zip(found, replies, who, strict=True)
        if reply
    ]
    names = tuple(mimic.name for mimic in mimics)
    return BlindTest(WHOSE, tuple(people), names, tuple(people), tuple(made[:rounds]), seed)


def _common_places(
    archive: Archive, mimics: Sequence[Mimic], people: Sequence[str], progress: Progress
) -> list[Place]:
    """Where any of the people replied to somebody else, later than all training data.

    Somebody who has said too little since then is imitated all the same, at the others' places.
    """
    until = max(map(trained_until, mimics))
    found = []
    for mimic, person in zip(mimics, people, strict=True):
        try:
            test = cut(archive, mimic, progress.tell).test
        except EvaluationError:
            continue
        for one in places(test, mimic.persona):
            place = one.with_names({mimic.persona: person})
            is_later = all(m.sent_at is None or m.sent_at > until for m in place.before[-1:])
            if is_later and place.before[-1].sender not in people:
                found.append(place)
    if not long_contexts_first(found):
        raise BlindTestError(
            f"There is no place where {' or '.join(people)} replied to somebody else after the "
            "training data of all these mimics ends.",
            "Import newer chats, or choose other mimics.",
        )
    return found


def _replies(
    mimic: Mimic,
    asked: list[Place],
    person: str,
    seed: int,
    decoding: Decoding,
    progress: Progress,
) -> list[str]:
    """The replies of one mimic, which is in memory only meanwhile."""
    from chatmimic.generation.batch import BatchGenerator

    progress.stage(f"loading {mimic.name}")
    generator = BatchGenerator(mimic.load())
    progress.stage(f"generating replies of {mimic.name}")
    known = [place.with_names({person: mimic.persona}) for place in asked]
    histories = [place.before for place in known]
    return generator.replies(
        histories, mimic.persona, decoding, seed=seed, passed=progress.of(len(asked))
    )

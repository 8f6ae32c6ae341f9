"""Reading a corpus in constant memory, with a part of it held out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from chatmimic.archive import Archive
from chatmimic.conversations import DEFAULT_GAP_MS, cut
from chatmimic.corpora.corpus import Corpus
from chatmimic.corpora.excerpts import LONGEST, SHORTEST, excerpts
from chatmimic.corpora.names import retell
from chatmimic.corpora.tidy import tidied, with_emoji
from chatmimic.records import Conversation

MANY_THREADS = 3  # fewer are not held out whole: the end of each thread is
STRETCH = 2_000  # messages in memory at once, however long a thread is
BY_NAME = 1 / 8  # share of people written by name instead of a slot, in forms with slots


@dataclass(frozen=True)
class CorpusExcerpt:
    """An excerpt to encode, with the people of its slots, and whether it is held out.

    An unused slot is "slot N".
    """

    conversation: Conversation
    people: tuple[str, ...]
    held_out: bool


def read_corpus(corpus: Corpus, seed: int, held_out: float, slots: int) -> Iterator[CorpusExcerpt]:
    """All excerpts of a corpus, tidied and renamed, in the order of its archive.

    `held_out` is the share of messages to hold out: whole threads, the latest, if it has many or
    short ones; else the end of each. The seed determines the excerpts. Holds 2,000 messages in
    memory at a time.
    """
    with Archive.open(corpus.path, create=False) as archive:
        train_part = _train_part(archive, held_out)
        thread, place = ("", ""), 0
        stretches = cut(archive.stream(), DEFAULT_GAP_MS, most=STRETCH)
        for number, conversation in enumerate(stretches):
            if (conversation.service, conversation.thread) != thread:
                thread, place = (conversation.service, conversation.thread), 0
            rng = Random(f"{seed}:{corpus.name}:{number}")
            at = place
            for part in excerpts(tidied(conversation), rng):
                retold = retell(with_emoji(part, rng), conversation.senders, rng)
                yield CorpusExcerpt(
                    retold, _slots(retold, slots, rng), at >= train_part.get(thread, math.inf)
                )
                at += len(part.messages)
            place += len(conversation.messages)


def _train_part(archive: Archive, held_out: float) -> dict[tuple[str, str], float]:
    """The number of leading messages to train on, by (service, thread); others entirely.

    It names only few threads of a large corpus, because it is kept in memory.
    """
    threads = archive.threads()
    last = math.ceil(len(threads) * held_out)
    longest = max((t.messages for t in threads), default=0)
    # No excerpt may begin in an end shorter than one: nothing would be held out.
    ends_hold = len(threads) == 1 or longest * held_out >= LONGEST + SHORTEST
    if last < MANY_THREADS and ends_hold:
        return {(t.service, t.key): t.messages * (1 - held_out) for t in threads}
    # Threads without times keep the order of their names, mostly numbers or dates.
    ordered = sorted(threads, key=lambda t: t.first_at or 0)
    return {(t.service, t.key): 0 for t in ordered[len(ordered) - last :]}


def _slots(conversation: Conversation, slots: int, rng: Random) -> tuple[str, ...]:
    """Random slots for the speakers, some without one; half of the time the first slots."""
    people = [name for name in conversation.senders if rng.random() >= BY_NAME][:slots]
    rng.shuffle(people)
    if rng.random() < 0.5:
        return tuple(people)
    places = [f"slot {place}" for place in range(slots)]
    for place, name in zip(rng.sample(range(slots), len(people)), people, strict=True):
        places[place] = name
    return tuple(places)

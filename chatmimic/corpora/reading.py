"""A corpus read to its end in constant memory, a part of it held out."""

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

MANY_THREADS = 3  # so many at least are held out whole, or else the end of every thread is
STRETCH = 2_000  # messages in memory at once, however long a thread goes on
BY_NAME = 1 / 8  # of the people are written by name and not as a slot, where a form has slots


@dataclass(frozen=True)
class Told:
    """An excerpt ready to be written: who has which slot, and whether it is held out.

    A slot that nobody in this excerpt has is "slot N".
    """

    conversation: Conversation
    people: tuple[str, ...]
    held_out: bool


def read_corpus(corpus: Corpus, seed: int, held_out: float, slots: int) -> Iterator[Told]:
    """Every excerpt of a corpus, tidied and retold, in the order of its archive.

    `held_out` is the share of its messages to hold out: whole threads, the latest, where it has
    many or short ones; else the end of each. Same seed, same excerpts. Memory holds 2,000 messages
    at a time.
    """
    with Archive.open(corpus.path, create=False) as archive:
        learnt = _learnt_messages(archive, held_out)
        thread, place = ("", ""), 0
        stretches = cut(archive.stream(), DEFAULT_GAP_MS, most=STRETCH)
        for number, conversation in enumerate(stretches):
            if (conversation.service, conversation.thread) != thread:
                thread, place = (conversation.service, conversation.thread), 0
            chance = Random(f"{seed}:{corpus.name}:{number}")
            at = place
            for part in excerpts(tidied(conversation), chance):
                told = retell(with_emoji(part, chance), conversation.senders, chance)
                yield Told(told, _slots(told, slots, chance), at >= learnt.get(thread, math.inf))
                at += len(part.messages)
            place += len(conversation.messages)


def _learnt_messages(archive: Archive, held_out: float) -> dict[tuple[str, str], float]:
    """For a (service, thread) how many of its messages, the first ones, are learnt: else all.

    Kept while a corpus is read, so that it names few threads, however many there are.
    """
    threads = archive.threads()
    last = math.ceil(len(threads) * held_out)
    longest = max((t.messages for t in threads), default=0)
    # In an end that is shorter than an excerpt none may begin: nothing would be held out.
    ends_hold = len(threads) == 1 or longest * held_out >= LONGEST + SHORTEST
    if last < MANY_THREADS and ends_hold:
        return {(t.service, t.key): t.messages * (1 - held_out) for t in threads}
    # Threads without times keep the order of their names, which as a rule are numbers or dates.
    ordered = sorted(threads, key=lambda t: t.first_at or 0)
    return {(t.service, t.key): 0 for t in ordered[len(ordered) - last :]}


def _slots(conversation: Conversation, slots: int, chance: Random) -> tuple[str, ...]:
    """Random slots for the speakers, some of whom get none: half the time the first ones."""
    people = [name for name in conversation.senders if chance.random() >= BY_NAME][:slots]
    chance.shuffle(people)
    if chance.random() < 0.5:
        return tuple(people)
    places = [f"slot {place}" for place in range(slots)]
    for place, name in zip(chance.sample(range(slots), len(people)), people, strict=True):
        places[place] = name
    return tuple(places)

"""Features from the first pass's links: the strands of conversation, and their senders."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chatmimic.conversations.linking.arrays import Any_, Array, squeezed
from chatmimic.conversations.linking.pair_features import REACH, Columns, table
from chatmimic.conversations.linking.thread_arrays import Talk

_FAR = 10**5
_WORDS_HELD = 400
_NEXT = 12  # later messages that are searched for the sender's next one
_REPLIES = 12  # generations: replies to a message, and to its replies
AHEAD = 256  # later messages that can matter to one: replies to replies


@dataclass
class _Strand:
    """A group of linked messages, as far as known."""

    last: int
    size: int = 0
    latest: dict[int, int] = field(default_factory=dict)  # sender → their latest message in it
    count: dict[int, int] = field(default_factory=dict)  # sender → their messages in it
    words: dict[str, None] = field(default_factory=dict)  # the latest last

    def add(self, i: int, sender: int, words: Sequence[str]) -> None:
        self.last, self.size = i, self.size + 1
        self.latest[sender] = i
        self.count[sender] = self.count.get(sender, 0) + 1
        self.words |= dict.fromkeys(words)
        while len(self.words) > _WORDS_HELD:
            del self.words[next(iter(self.words))]


class _Guessed:
    """The messages with their links from the first pass, as far as it has come."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.chances: list[Array] = []  # (1 + candidates,) each
        self.back: list[int] = []  # distance to the answered message; 0: answers nobody
        self.replies: dict[int, list[int]] = defaultdict(list)
        count = len(talk)
        self.strands: list[_Strand] = []
        self.of = np.full(count, -1)  # message → its strand
        self.place = np.zeros(count)  # its position in the strand
        self.replied = np.zeros(count)  # answers to it so far
        self.alone = np.zeros(count)  # probability that it answers nobody
        self.last = np.full(talk.senders, -1)
        self.named = np.full(talk.senders, -1)  # sender → the latest message that names them
        self.count: dict[str, int] = defaultdict(int)

    def hear(self, guesses: Sequence[Array]) -> None:
        """Add the predictions for the next messages."""
        for guess in guesses:
            i, back = len(self.back), int(guess.argmax())
            self.chances.append(np.exp(guess))
            self.back.append(back)
            if back:
                self.replies[i - back].append(i)

    def add(self, i: int) -> None:
        talk, sender, back = self.talk, int(self.talk.sender[i]), self.back[i]
        if not back:
            self.of[i] = len(self.strands)
            self.strands.append(_Strand(i))
        else:
            self.of[i] = self.of[i - back]
            self.replied[i - back] += 1
        strand = self.strands[self.of[i]]
        self.alone[i] = self.chances[i][0]
        self.place[i] = strand.size
        strand.add(i, sender, talk.words[i])
        self.last[sender] = i
        for other in talk.named[i]:
            self.named[other] = i
        for word in talk.words[i]:
            self.count[word] += 1

    def answering(self, i: int) -> set[int]:
        """Senders predicted to answer a message, or to answer those who do."""
        found: set[int] = set()
        waiting, seen = [i], 1
        while waiting and seen < _REPLIES:
            for reply in self.replies.get(waiting.pop(), ()):
                found.add(int(self.talk.sender[reply]))
                waiting.append(reply)
                seen += 1
        return found

    def next_strand(self, i: int, low: int) -> int:
        """The predicted strand of the sender's next message; -1: none."""
        for later in range(i + 1, min(i + _NEXT, len(self.back))):
            if self.talk.sender[later] != self.talk.sender[i]:
                continue
            while later > i and self.back[later]:
                later -= self.back[later]
            return int(self.of[later]) if low <= later < i else -1
        return -1


class _Scene:
    """One message, those before it, and their strands."""

    def __init__(self, guessed: _Guessed, i: int) -> None:
        self.guessed, self.talk, self.i = guessed, guessed.talk, i
        self.low = max(0, i - REACH)
        self.back = np.arange(i - 1, self.low - 1, -1)
        self.own = int(self.talk.sender[i])
        self.strand = guessed.of[self.back]
        numbers, self.which = np.unique(self.strand, return_inverse=True)
        self.strands = [guessed.strands[number] for number in numbers.tolist()]
        self.chance = guessed.chances[i][1:].astype(np.float64)

    def each(self, values: Iterator[float]) -> Any_:
        """A value per strand, as a value per candidate."""
        return self.over(np.fromiter(values, np.float64, len(self.strands)))

    def over(self, values: Any_) -> Any_:
        return values[self.which] if len(values) else np.zeros(0)

    def strand_of(self, place: int) -> int:
        return int(self.guessed.of[place]) if place >= self.low else -1


def _chances(s: _Scene) -> Columns:
    chance, count = s.chance, len(s.strands)
    together = np.bincount(s.which, weights=chance, minlength=count)
    greatest = np.zeros(count)
    np.maximum.at(greatest, s.which, chance)
    yield from (_log(chance), chance, s.over(together), _log(s.over(together)))
    yield chance / np.maximum(s.over(together), 1e-6)
    yield s.over(greatest)
    yield 1 / (1 + _rank(-chance))
    yield s.over(1 / (1 + _rank(-together)))
    alone = float(s.guessed.chances[s.i][0])
    two = [*sorted(together, reverse=True), 0.0, 0.0]
    yield from (alone, float(_log(np.array(alone))), two[0], two[1])
    yield from (float(chance.max(initial=0.0)), count / 20)


def _strands(s: _Scene) -> Columns:
    talk, i = s.talk, s.i
    last = s.each(float(strand.last) for strand in s.strands)
    size = s.each(float(strand.size) for strand in s.strands)
    is_last = last == s.back
    yield squeezed(size)
    yield s.each(min(len(strand.count), 8) / 8 for strand in s.strands)
    yield from (is_last, squeezed(i - last))
    minute = talk.minute[last.astype(np.intp)]
    yield squeezed(np.maximum(0, talk.minute[i] - minute))
    yield s.over(1 / (1 + _rank(-np.array([strand.last for strand in s.strands]))))
    own = s.each(float(strand.count.get(s.own, 0)) for strand in s.strands)
    yield from (own > 0, squeezed(np.minimum(own, 20), 3), bool(own.any()))
    latest = s.each(float(strand.latest.get(s.own, -_FAR)) for strand in s.strands)
    yield squeezed(np.minimum(i - latest, 500), 6)
    named = talk.named[i]
    there = s.each(
        sum(who in strand.count for who in named) / len(named) if named else 0.0
        for strand in s.strands
    )
    yield from (there, (there == 1) * is_last)
    weights = {word: math.log((i + 1) / (s.guessed.count[word] + 0.5)) for word in talk.words[i]}
    shared = s.each(
        sum(weight for word, weight in weights.items() if word in strand.words)
        for strand in s.strands
    )
    yield np.minimum(shared, 60) / 20
    yield np.minimum(shared / np.log1p(size + 1), 40) / 20
    speaks = talk.sender[last.astype(np.intp)] == s.own
    yield from ((last > s.back) * speaks, ~speaks)


def _going_on(s: _Scene) -> Columns:
    guessed = s.guessed
    mine, naming = (s.strand_of(int(latest[s.own])) for latest in (guessed.last, guessed.named))
    strand, back = s.strand, s.back
    is_last = s.each(float(one.last) for one in s.strands) == back
    yield from (strand == mine, strand == naming, (strand == mine) * is_last)
    yield (strand != mine) * (mine >= 0)
    yield from (np.minimum(guessed.replied[back], 4) / 4, guessed.alone[back])
    yield 1 / (1 + guessed.place[back])
    answering = guessed.answering(s.i)
    following = guessed.next_strand(s.i, s.low)
    yield np.isin(s.talk.sender[back], list(answering))
    yield from (strand == following, (strand != following) * (following >= 0))
    yield from (min(len(answering), 4) / 4, bool(guessed.replies.get(s.i)), following >= 0)
    yield mine >= 0


_GROUPS = (_chances, _strands, _going_on)


def _log(chance: Any_) -> Any_:
    return np.log(np.maximum(chance, 1e-6)) / 7


def _rank(values: Any_) -> NDArray[np.intp]:
    """The ranks of values: 0 for the least, 1 for the next, …"""
    return np.argsort(np.argsort(values, kind="stable"), kind="stable")


class Strands:
    """Features of successive messages, while the first pass runs ahead of them."""

    def __init__(self, talk: Talk) -> None:
        self._guessed = _Guessed(talk)
        self._next = 0

    def hear(self, guesses: Sequence[Array]) -> None:
        """Add the log-probabilities of the next messages' rows."""
        self._guessed.hear(guesses)

    def rows(self) -> Array:
        """The features of the next message, (1 + candidates, features), in the rows of `pairs_of`.

        Later messages count too: the predictions for the next `AHEAD` messages must be there.
        """
        scene = _Scene(self._guessed, self._next)
        columns = [column for group in _GROUPS for column in group(scene)]
        self.skip()
        return table(len(scene.back), columns)

    def skip(self) -> None:
        """Skip the next message."""
        self._guessed.add(self._next)
        self._next += 1


def strands_of(talk: Talk, guesses: Sequence[Array], start: int = 0) -> Iterator[Array]:
    """The features of all messages from `start` on, when all predictions are there."""
    strands = Strands(talk)
    strands.hear(guesses)
    for _ in range(start):
        strands.skip()
    for _ in range(start, len(guesses)):
        yield strands.rows()

"""Features of pairs: whether one message answers another, by sender, time, names and words."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterator

import numpy as np

from chatmimic.conversations.linking.arrays import Any_, Array, squeezed
from chatmimic.conversations.linking.thread_arrays import Talk

REACH = 64  # messages back that may be answered: 98.7 % of those in the Ubuntu channels
_AHEAD = 25  # later messages that are considered: an archive knows what came next
_NEVER = -(10**6)
_SOON = 3  # minutes within which a person's next message continues the same
_LATELY = 5  # minutes since a person's previous message
_HELD = 100  # share of messages that name somebody

_QUESTION, _THANKS, _ANSWER, _GOING_ON = 0, 3, 4, 9  # places in `signs`


class _Heard:
    """What was said before the current message."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.last = np.full(talk.senders, -1)  # sender → their latest message
        self.total = np.zeros(talk.senders, np.intp)  # their messages
        self.ordinal = np.zeros(len(talk), np.intp)  # message → how many its sender had sent
        self.before = np.full(len(talk), -1)  # message → its sender's previous one
        self.naming: dict[int, list[int]] = defaultdict(list)  # sender → messages that name them
        self.spoke_to: dict[tuple[int, int], int] = {}  # (who, whom) → their latest
        self.having: dict[str, deque[int]] = defaultdict(deque)  # word → messages within reach
        self.count: dict[str, int] = defaultdict(int)  # word → messages

    def add(self, i: int) -> None:
        talk, sender = self.talk, int(self.talk.sender[i])
        self.ordinal[i], self.before[i] = self.total[sender], self.last[sender]
        self.total[sender] += 1
        self.last[sender] = i
        for other in talk.named[i]:
            self.spoke_to[sender, other] = i
            named = self.naming[other]
            named.append(i)
            if len(named) > 2 * _HELD:
                del named[:_HELD]
        for word in talk.words[i]:
            self.count[word] += 1
            places = self.having[word]
            places.append(i)
            while places[0] < i - REACH:
                places.popleft()

    def weight(self, word: str, message_count: int) -> float:
        """The inverse document frequency of a word."""
        return math.log((message_count + 1) / (self.count[word] + 0.5))


class _Scene:
    """One message and those before it that it may answer, the nearest first."""

    def __init__(self, heard: _Heard, i: int) -> None:
        self.heard, self.talk, self.i = heard, heard.talk, i
        self.low = max(0, i - REACH)
        self.back = np.arange(i - 1, self.low - 1, -1)  # (m,)
        self.who = self.talk.sender[self.back]
        self.own = int(self.talk.sender[i])
        self.same = (self.who == self.own).astype(np.float32)
        self.minutes = np.maximum(0, self.talk.minute[i] - self.talk.minute[self.back])
        self.later = heard.total[self.who] - 1 - heard.ordinal[self.back]  # of the same sender
        self.latest = self.later == 0

    def none(self) -> Array:
        return np.zeros(len(self.back), np.float32)

    def marked(self, places: list[int]) -> Array:
        """1 for these messages, as far as they are within reach."""
        found = self.none()
        for place in places:
            if place >= self.low:
                found[self.i - 1 - place] = 1
        return found

    def by_sender(self, senders: list[int] | set[int]) -> Array:
        """1 for the messages of these senders."""
        chosen = np.zeros(self.talk.senders, np.float32)
        chosen[list(senders)] = 1
        return chosen[self.who]


Columns = Iterator[Any_ | float | bool]


def _nearness(s: _Scene) -> Columns:
    away, minutes = np.arange(1, len(s.back) + 1), s.minutes
    yield squeezed(away)
    yield from (away == 1, away == 2, away == 3, away <= 5, 1 / away)
    yield squeezed(minutes)
    yield from (minutes == 0, minutes <= 1, minutes <= 3, minutes <= 10, minutes > 30)
    yield s.same
    yield from (s.latest, np.minimum(s.later, 8) / 8, s.same * s.latest)
    yield s.same * squeezed(minutes)


def _naming(s: _Scene) -> Columns:
    talk, i, latest = s.talk, s.i, s.latest
    names = s.by_sender(talk.named[i])  # it names the candidate's sender
    to = s.by_sender([int(talk.addressed[i])]) if talk.addressed[i] >= 0 else s.none()
    yield from (names, to, names * latest, to * latest, names * np.minimum(s.later, 8) / 8)
    naming = [place for place in s.heard.naming[s.own] if place >= s.low]
    named = s.marked(naming)  # the candidate names its sender
    last = s.heard.last[s.own]
    since = s.back > last
    mutual = named * names
    first = s.none()
    first[np.flatnonzero(mutual)[:1]] = 1
    yield from (named, s.marked(naming[-1:]), since, named * since, names * since, mutual, first)
    third = s.marked([p for other in talk.named[i] for p in s.heard.naming[other]])
    yield from (third, third * s.same)
    names_some = np.array([bool(talk.named[j]) for j in s.back], np.float32)
    some = float(bool(talk.named[i]))
    yield from (names_some, names_some * (1 - named), (1 - names) * some)
    yield (1 - names) * float(talk.addressed[i] >= 0)
    yield from ((1 - names) * (1 - s.same) * some, (1 - names_some) * s.same, names_some * s.same)
    yield from (talk.calls[s.back], talk.addressed[s.back] == s.own)


def _history(s: _Scene) -> Columns:
    spoke = s.heard.spoke_to
    ago = {who: s.i - spoke.get((who, s.own), _NEVER) for who in set(s.who.tolist())}
    to = {who: s.i - spoke.get((s.own, who), _NEVER) for who in ago}
    theirs = np.array([ago[who] for who in s.who.tolist()])
    ours = np.array([to[who] for who in s.who.tolist()])
    yield from (theirs < 300, ours < 300, theirs < 60, ours < 60)
    nearest, other = np.minimum(theirs, ours), s.latest * (1 - s.same)
    yield (nearest < 60) * other
    yield (nearest == nearest.min(initial=300)) * (nearest < 300) * other


def _words(s: _Scene) -> Columns:
    shared, rarest, count = s.none(), s.none(), s.none()
    for word in s.talk.words[s.i]:
        weight = s.heard.weight(word, s.i)
        for place in s.heard.having.get(word, ()):
            if place >= s.low:
                j = s.i - 1 - place
                shared[j] += weight
                rarest[j] = max(rarest[j], weight)
                count[j] += 1
    yield from (shared / 10, rarest / 7, count / 4)
    yield shared / 10 / np.sqrt(1 + s.talk.length[s.back])
    theirs = np.bincount(s.who, weights=shared, minlength=s.talk.senders)
    yield np.minimum(theirs[s.who], 40) / 20 * (1 - s.same)


def _wording(s: _Scene) -> Columns:
    talk, before = s.talk, s.heard.before[s.back]
    gap = np.where(before < 0, 200, talk.minute[s.back] - talk.minute[before])
    yield squeezed(np.clip(gap, 0, 200), 5)
    yield from talk.text_features[s.back].T
    yield from (np.minimum(talk.length[s.back], 30) / 30, talk.action[s.back])
    asks, own = talk.text_features[s.back, _QUESTION], talk.text_features[s.i]
    names, named = s.by_sender(talk.named[s.i]), s.marked(s.heard.naming[s.own])
    yield from (asks * (1 - own[_QUESTION]), asks * own[_THANKS], own[_THANKS] * names)
    yield from (s.same * own[_QUESTION], s.same * own[_GOING_ON], asks * s.same)
    yield from (own[_THANKS] * named, own[_ANSWER] * asks)


def _surroundings(s: _Scene) -> Columns:
    _, firsts = np.unique(s.who, return_index=True)
    new = np.zeros(len(s.back))
    new[firsts] = 1
    yield np.minimum(np.cumsum(new) - new, 10) / 10  # others who spoke in between
    often = np.bincount(s.who, minlength=s.talk.senders)
    yield np.minimum(often[s.who], 10) / 10
    beginning = s.heard.ordinal[s.back] == 0
    yield from (s.heard.total[s.who] == 1, beginning * s.talk.text_features[s.back, _QUESTION])
    naming = s.heard.naming
    last = {who: naming[who][-1] if naming[who] else -1 for who in set(s.who.tolist())}
    answered = np.array([last[who] for who in s.who.tolist()], np.intp) > s.back
    yield from (answered, answered * (1 - s.by_sender(s.talk.named[s.i])))


def _ahead(s: _Scene) -> Columns:
    """What came after: who then spoke to its sender, and whom the sender spoke to."""
    talk, i = s.talk, s.i
    coming = range(i + 1, min(len(talk), i + 1 + _AHEAD))
    mine = [j for j in coming if talk.sender[j] == s.own]
    speaking = [j for j in mine if talk.named[j]]
    replies = [j for j in coming if talk.sender[j] != s.own and s.own in talk.named[j]]
    by, to = np.zeros(talk.senders, np.float32), np.zeros(talk.senders, np.float32)
    for j in reversed(replies):
        by[talk.sender[j]] = 1 / math.sqrt(j - i)
    for j in reversed(speaking):
        to[talk.named[j]] = 1 / math.sqrt(j - i)
    soon = [j for j in speaking[:1] if talk.minute[j] - talk.minute[i] <= _SOON]
    first = s.by_sender([int(talk.sender[j]) for j in replies[:1]])
    next_to = s.by_sender([who for j in soon for who in talk.named[j]])
    yield from (by[s.who], to[s.who], first, next_to)
    yield ((by + to)[s.who] > 0) * s.latest * (1 - s.same)
    yield from (next_to * s.latest, (1 - first) * bool(replies), (1 - next_to) * bool(soon))
    yield _next_words(s, mine)
    last = int(s.heard.last[s.own])
    lately = last >= 0 and talk.minute[i] - talk.minute[last] <= _LATELY
    before = s.by_sender(talk.named[last] if lately else [])
    yield from (before * (1 - s.same), (1 - before) * before.any() * (1 - s.same))
    yield (s.back > last) * before
    yield 1 / math.sqrt(replies[0] - i) if replies else 0.0
    yield 1 / math.sqrt(mine[0] - i) if mine else 0.0
    yield from (bool(speaking), bool(soon), bool(before.any()))


def _next_words(s: _Scene, mine: list[int]) -> Array:
    """The words that a candidate shares with its sender's next two messages."""
    shared, talk = s.none(), s.talk
    for j in mine[:2]:
        if talk.minute[j] - talk.minute[s.i] > _SOON:
            continue
        for word in talk.words[j]:
            for place in s.heard.having.get(word, ()):
                if place >= s.low:
                    shared[s.i - 1 - place] += s.heard.weight(word, s.i)
    return np.minimum(shared, 40).astype(np.float32) / np.float32(20)


def _alone(s: _Scene) -> Columns:
    """Features of the message that do not depend on what it answers."""
    talk, i, heard = s.talk, s.i, s.heard
    last = int(heard.last[s.own])
    yield from (bool(talk.named[i]), talk.addressed[i] >= 0, talk.calls[i], last < 0)
    yield 0.0 if last < 0 else squeezed(i - last, 5)
    yield 0.0 if last < 0 else squeezed(max(0.0, talk.minute[i] - talk.minute[last]), 5)
    yield from (heard.total[s.own] == 0, min(heard.total[s.own], 20) / 20)
    yield from (float(sign) for sign in talk.text_features[i])
    yield from (min(talk.length[i], 30) / 30, talk.action[i], len(set(s.who.tolist())) / 20)
    yield squeezed(s.minutes[-1], 5) if len(s.back) else 0.0
    naming = [place for place in heard.naming[s.own] if place >= s.low]
    yield from (bool(naming), squeezed(i - naming[-1], 5) if naming else 0.0)
    yield bool(naming) and naming[-1] > last
    yield from (bool(s.by_sender(talk.named[i]).any()), bool(s.same.any()))
    yield squeezed(min(float(s.minutes[0]), 60.0)) if len(s.back) else 1.0


_GROUPS: tuple[Callable[[_Scene], Columns], ...] = (
    _nearness, _naming, _history, _words, _wording, _surroundings, _ahead, _alone,
)  # fmt: skip


def pairs_of(talk: Talk, start: int = 0, stop: int | None = None) -> Iterator[Array]:
    """For each message from `start` to `stop`: (1 + candidates, features).

    The first row is the message itself, meaning that it answers nobody; the others are the messages
    before it, the nearest first.
    """
    heard = _Heard(talk)
    for i in range(len(talk) if stop is None else stop):
        if i >= start:
            yield _rows(_Scene(heard, i))
        heard.add(i)


def _rows(scene: _Scene) -> Array:
    return table(len(scene.back), [column for group in _GROUPS for column in group(scene)])


def table(candidates: int, columns: list[Any_ | float | bool]) -> Array:
    """Stack columns; the first row, of the message itself, has only its own features."""
    rows = np.zeros((candidates + 1, len(columns) + 1), np.float32)
    for place, column in enumerate(columns):
        if isinstance(column, np.ndarray) and column.ndim:
            rows[1:, place] = column
        else:
            rows[:, place] = column
    rows[0, -1] = 1
    return rows

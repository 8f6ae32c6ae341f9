"""From the messages of a channel to its conversations."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice

from chatmimic.conversations.linking.arrays import Array
from chatmimic.conversations.linking.network import Networks
from chatmimic.conversations.linking.pair_features import pairs_of
from chatmimic.conversations.linking.rule import links_by_rule
from chatmimic.conversations.linking.thread_arrays import COMMON, Talk, read_talk
from chatmimic.conversations.linking.thread_features import AHEAD, Strands
from chatmimic.records import Message

_BLOCK = 256  # messages predicted together
_ENGLISH = 0.12  # share of the commonest English words; other languages stay below 0.05


class Linker:
    """Links each message to the one it answers, and groups linked messages."""

    @cached_property
    def _first(self) -> Networks:
        return Networks.load("pairs")

    @cached_property
    def _second(self) -> Networks:
        return Networks.load("strands")

    def links(
        self,
        messages: Sequence[Message],
        passed: Callable[[int], None] = lambda messages: None,
        *,
        by_rule: bool = False,
    ) -> list[int]:
        """For each message the index of the one it answers, its own if it answers nobody.

        Messages are of one thread and in order of time. An export's replies (`reply_to`) take
        precedence. `passed` is called every few hundred messages. The plain rule takes a
        twentieth of the networks' time; it is also taken for languages they were not trained on.
        Memory: 300 bytes per message, and 20 MB.
        """
        talk = read_talk(messages)
        if by_rule or not is_english(messages):
            links = links_by_rule(talk)
            passed(len(talk))
        else:
            links = self._guessed(talk, passed)
        places: dict[str, int] = {}
        for i, message in enumerate(messages):
            if message.reply_to in places:
                links[i] = places[message.reply_to]
            if message.message_id:
                places[message.message_id] = i
        return links

    def _guessed(self, talk: Talk, passed: Callable[[int], None]) -> list[int]:
        """Predict twice: from features of pairs, then also from the first pass's strands."""
        strands, links = Strands(talk), list[int]()
        waiting: deque[Array] = deque()  # rows of pairs that await the second pass
        for block in _blocks(pairs_of(talk)):
            strands.hear(self._first.guesses(block))
            waiting += block
            if len(waiting) >= AHEAD + _BLOCK:
                passed(self._second_guess(waiting, len(waiting) - AHEAD, strands, links))
        passed(self._second_guess(waiting, len(waiting), strands, links))
        return links

    def _second_guess(
        self, waiting: deque[Array], count: int, strands: Strands, links: list[int]
    ) -> int:
        """Link the next `count` messages in the second pass."""
        import numpy as np

        rows = [np.hstack((waiting.popleft(), strands.rows())) for _ in range(count)]
        links += [i - int(g.argmax()) for i, g in enumerate(self._second.guesses(rows), len(links))]
        return count

    def disentangle(
        self,
        messages: Sequence[Message],
        passed: Callable[[int], None] = lambda messages: None,
        *,
        by_rule: bool = False,
    ) -> list[list[Message]]:
        """The conversations in these messages, ordered by their first message."""
        conversations: list[list[Message]] = []
        of: list[int] = []
        for i, link in enumerate(self.links(messages, passed, by_rule=by_rule)):
            if link == i:
                of.append(len(conversations))
                conversations.append([])
            else:
                of.append(of[link])
            conversations[of[i]].append(messages[i])
        return conversations


def _blocks(rows: Iterable[Array]) -> Iterator[list[Array]]:
    it = iter(rows)
    while block := list(islice(it, _BLOCK)):
        yield block


def is_english(messages: Sequence[Message]) -> bool:
    """Whether the most frequent English words are as frequent here as in English."""
    words = [w for m in messages[:2000] for w in re.findall(r"[^\W\d_]+", m.text.casefold())]
    return bool(words) and sum(word in COMMON for word in words) >= _ENGLISH * len(words)

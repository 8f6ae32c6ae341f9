"""From the messages of a channel to the conversations in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from chatmimic.conversations.linking.network import Networks
from chatmimic.conversations.linking.pairs import pairs_of
from chatmimic.conversations.linking.rule import links_by_rule
from chatmimic.conversations.linking.strands import strands_of
from chatmimic.conversations.linking.talk import COMMON, Talk, read_talk
from chatmimic.records import Message

_ENGLISH = 0.12  # share of the commonest English words; other languages stay below 0.05


class Linker:
    """Links each message to the one it answers, and gathers what is linked."""

    @cached_property
    def _first(self) -> Networks:
        return Networks.load("pairs")

    @cached_property
    def _second(self) -> Networks:
        return Networks.load("strands")

    def links(self, messages: Sequence[Message]) -> list[int]:
        """For each message the number of the one it answers; its own where it answers nobody.

        Messages are of one thread and in order of time. What an export says (`reply_to`) is
        believed.
        """
        talk = read_talk(messages)
        links = self._guessed(talk) if is_english(messages) else links_by_rule(talk)
        places: dict[str, int] = {}
        for i, message in enumerate(messages):
            if message.reply_to in places:
                links[i] = places[message.reply_to]
            if message.message_id:
                places[message.message_id] = i
        return links

    def _guessed(self, talk: Talk) -> list[int]:
        """Two guesses: by what shows in each pair, then also by the strands of the first guess."""
        import numpy as np

        pairs = list(pairs_of(talk))
        first = self._first.guesses(pairs)
        both = [np.hstack(rows) for rows in zip(pairs, strands_of(talk, first), strict=True)]
        second = self._second.guesses(both)
        return [i - int(guess.argmax()) for i, guess in enumerate(second)]

    def apart(self, messages: Sequence[Message]) -> list[list[Message]]:
        """The conversations in these messages, by their first message; each keeps its order."""
        conversations: list[list[Message]] = []
        of: list[int] = []
        for i, link in enumerate(self.links(messages)):
            if link == i:
                of.append(len(conversations))
                conversations.append([])
            else:
                of.append(of[link])
            conversations[of[i]].append(messages[i])
        return conversations


def is_english(messages: Sequence[Message]) -> bool:
    """Whether the commonest English words are as common here as in English."""
    words = [w for m in messages[:2000] for w in re.findall(r"[^\W\d_]+", m.text.casefold())]
    return bool(words) and sum(word in COMMON for word in words) >= _ENGLISH * len(words)

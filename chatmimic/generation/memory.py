"""What a persona said before about the matter at hand, put before the recent messages of a chat.

Past exchanges, as they were: in the transcript the silence after them tells that they are long ago.
They come from the archive, and from the part of a long chat that is too old for the context.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from chatmimic.archive import Archive
from chatmimic.archive.recalling import Recollection
from chatmimic.errors import ArchiveError
from chatmimic.generation.decoding import SMALL
from chatmimic.mimic import Mimic
from chatmimic.records import Message

ROOM = 160  # tokens at most, and a quarter of the context
_MOST = 2  # exchanges
_RARE = 1.0  # score in a chat, below which what two messages share are everybody's words
_QUERY = 3  # messages
_LONGEST = 240  # characters of a message that is recalled
_WORD = re.compile(r"[^\W_]{3,}")

Recall = Callable[[Sequence[str], int, int], Sequence[Recollection]]
"""Finds exchanges for texts, said before a time (UTC ms), so many at most, the best first."""


@dataclass
class Memory:
    """Finds what a persona said before, unless it is switched off; the same chat gives the same.

    `missed` is why the archive could not be asked the last time, "" if it could.
    """

    persona: str
    recall: Recall
    on: bool = True
    missed: str = ""
    _last: tuple[tuple[list[str], int], Sequence[Recollection]] | None = None

    @classmethod
    def of_archive(cls, path: Path, mimic: Mimic, wanted: bool | None = None) -> Memory | None:
        """The memory of a mimic's person in an archive; None if there is no such file or `wanted`
        is False.

        If that is None, it is on for a mimic with a large base: a small one cannot use what it
        reads (`benchmarks/memory_gain.py`). The archive is opened anew each time, since a chat may
        ask in several threads.
        """
        persona = mimic.persona
        if wanted is False or not path.is_file():
            return None

        def recall(texts: Sequence[str], before: int, most: int) -> Sequence[Recollection]:
            memory.missed = ""
            try:
                with Archive.open(path, create=False) as archive:
                    return archive.recall(persona, texts, before, most)
            except ArchiveError as error:  # moved, busy or forgotten: a chat goes on without it
                memory.missed = error.what
                return ()

        memory = cls(persona, recall)
        memory.on = bool(wanted) or mimic.count_parameters() >= SMALL
        return memory

    def exchanges(
        self, history: Sequence[Message], older: Sequence[Message] = ()
    ) -> list[Recollection]:
        """Exchanges that fit what was last said to the persona, the best first.

        `older` are messages at the beginning of the history that the context has no room for.
        Nothing is found of the conversation itself: only what was said before its first message.
        """
        if not self.on:
            return []
        texts = self._said(history)
        begins = next((m.sent_at for m in history if m.sent_at is not None), None)
        asked = texts, _now() if begins is None else begins
        if not texts:
            return []
        if self._last is None or self._last[0] != asked:  # a turn of several asks again and again
            self._last = asked, self.recall(*asked, _MOST)
        found = [*self._last[1], *recall_in(older, self.persona, texts)]
        best = sorted(found, key=lambda one: -one.score)[:_MOST]
        return [self._as_said(one) for one in best]

    def _said(self, history: Sequence[Message]) -> list[str]:
        """The last texts before the persona's turn: in a turn of several, memory stays."""
        own = len(list(takewhile(lambda m: m.sender == self.persona, reversed(history))))
        return [message.text for message in history[: len(history) - own][-_QUERY:]]

    def _as_said(self, one: Recollection) -> Recollection:
        answer = replace(_shortened(one.answer), sender=self.persona)
        return replace(one, asked=one.asked and _shortened(one.asked), answer=answer)


def as_messages(found: Sequence[Recollection]) -> list[Message]:
    """The messages of exchanges, in the order of time."""
    ordered = sorted(found, key=lambda one: one.answer.sent_at or 0)
    return [m for one in ordered for m in (one.asked, one.answer) if m is not None]


def recall_in(
    messages: Sequence[Message], persona: str, texts: Sequence[str]
) -> list[Recollection]:
    """The exchanges of a chat that share words with `texts`, scored by the words' rarity in it."""
    wanted = _words(*texts)
    exchanges = [
        (asked, answer)
        for asked, answer in zip(messages, messages[1:], strict=False)
        if answer.sender == persona != asked.sender
    ]
    texts_of = [_words(asked.text, answer.text) for asked, answer in exchanges]
    with_word = Counter(word for words in texts_of for word in words)
    found = []
    for (asked, answer), words in zip(exchanges, texts_of, strict=True):
        shared = wanted & words
        score = sum(math.log(len(exchanges) / with_word[word]) for word in shared)
        if score > _RARE:
            found.append(Recollection(asked, answer, score))
    return found


def _words(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in _WORD.findall(text.casefold()))


def _shortened(message: Message) -> Message:
    text = " ".join(message.text.split())
    if len(text) > _LONGEST:
        text = text[:_LONGEST].rsplit(" ", 1)[0] + " …"
    return replace(message, text=text)


def _now() -> int:
    return int(time.time() * 1000)

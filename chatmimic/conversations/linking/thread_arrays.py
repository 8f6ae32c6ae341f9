"""A thread as arrays: senders, times, names and words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chatmimic.conversations.linking.arrays import Array, words_of
from chatmimic.conversations.linking.message_features import COUNT, text_features
from chatmimic.records import Kind, Message

_WORD = re.compile(r"[^\W_]+(?:['\-.][^\W_]+)*")
_LONGEST = 60  # words of a message that are searched for names
_KEPT = 40  # words of a message that are compared
# "ada_", "ada|away": the same person on a second connection, or out.
_DECORATION = re.compile(r"(?:[_`^]+|\|.*|[-_](?:away|afk|work|home|zzz|brb)|\[[^\[\]]+\])$")

# The most frequent words of English: too frequent to show a common topic.
COMMON = words_of(
    "the a an i you it is to of and in that for on my with have this be are do not can but if so "
    "what how just s t m re me your or was at as from there when no yes its im dont get use like"
)


@dataclass(frozen=True)
class Talk:
    """`n` messages of one thread, in order."""

    sender: NDArray[np.intp]  # (n,) number of the sender
    minute: Array  # (n,) minutes since the first message
    named: list[list[int]]  # senders that a message names, in order
    addressed: NDArray[np.intp]  # (n,) the sender named at its front; -1: nobody
    calls: Array  # (n,) 1: begins by addressing somebody who has not spoken
    text_features: Array  # (n, signs.COUNT)
    length: Array  # (n,) words
    action: Array  # (n,) 1: an action (/me)
    words: list[list[str]]  # its content words, each once
    senders: int

    def __len__(self) -> int:
        return len(self.sender)


@lru_cache(maxsize=16384)
def plain_name(name: str) -> str:
    """A name in lower case, without suffixes for "away" or a second connection."""
    lower = name.casefold()
    plain = _DECORATION.sub("", lower)
    return plain if len(plain) > 1 else lower


class _Reader:
    """Reads messages in order; a name is known once its owner has spoken."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._numbers: dict[str, int] = {}
        for message in messages:
            self._numbers.setdefault(plain_name(message.sender), len(self._numbers))
        self.senders = len(self._numbers)
        self._heard: dict[str, int] = {}  # name → sender

    def number(self, message: Message) -> int:
        return self._numbers[plain_name(message.sender)]

    def heard(self, message: Message) -> None:
        """Make this sender known by name, by the service's key, and by first name."""
        number = self.number(message)
        self._heard[plain_name(message.sender)] = number
        for other in (message.sender_key, *message.sender.split(maxsplit=1)[:1]):
            self._heard.setdefault(plain_name(other), number)

    def names(self, text: str, own: int) -> tuple[list[int], int, bool]:
        """Whom a text names, whom it addresses (-1: nobody), whether it addresses a stranger."""
        named: list[int] = []
        addressed, calls = -1, False
        for place, token in enumerate(text.split(maxsplit=_LONGEST)[:_LONGEST]):
            name = plain_name(token.strip(".,:;!?()<>\"'@~+"))
            marked = token[-1] in ":,;"
            if name not in self._heard:
                calls |= place == 0 and token[-1] in ":," and len(token) > 2
                continue
            # The shorter a name, the more evidence it takes that it is not a word.
            least = 4 if place else 2 if marked else 3
            other = self._heard[name]
            if other == own or len(name) < least or name in COMMON:
                continue
            named.append(other)
            if addressed < 0 and (place == 0 or (place == 1 and marked)):
                addressed = other
        return list(dict.fromkeys(named)), addressed, calls

    def words(self, words: Sequence[str]) -> list[str]:
        """The words that are neither frequent nor names, each once."""
        own = (w for w in dict.fromkeys(words) if w not in COMMON)
        return [w for w in own if plain_name(w) not in self._heard][:_KEPT]


def read_talk(messages: Sequence[Message]) -> Talk:
    """The arrays of messages in order of time; those without a time get the previous one."""
    reader, count = _Reader(messages), len(messages)
    minute = np.zeros(count, np.float32)
    addressed, calls = np.full(count, -1), np.zeros(count, np.float32)
    shown, length = np.zeros((count, COUNT), np.float32), np.zeros(count, np.float32)
    named, words = [], []
    first = next((m.sent_at for m in messages if m.sent_at is not None), 0)
    for i, message in enumerate(messages):
        at = message.sent_at
        # Whole minutes, as in the IRC logs that the networks were trained on.
        minute[i] = minute[i - 1] if at is None else max(0, (at - first) // 60_000)
        who, addressed[i], calls[i] = reader.names(message.text, reader.number(message))
        words_of_message = [word.casefold() for word in _WORD.findall(message.text)]
        shown[i], length[i] = text_features(message.text, words_of_message), len(words_of_message)
        named.append(who)
        words.append(reader.words(words_of_message))
        reader.heard(message)
    return Talk(
        np.array([reader.number(m) for m in messages], np.intp),
        minute,
        named,
        addressed,
        calls,
        shown,
        length,
        np.array([m.kind is Kind.ACTION for m in messages], np.float32),
        words,
        reader.senders,
    )

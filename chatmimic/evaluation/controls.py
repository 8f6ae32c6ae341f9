"""Controls: replies that must fail somewhere, so that one can see that the measures work.

The parrot repeats what the mimic was trained on: perfect style, no secrecy. The babble draws
characters by the five before them: the person's spelling, no sense. The channel is what others
said: sense perhaps, not the person's style.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from chatmimic.records import Conversation

_ORDER = 5  # characters that the next one is drawn by
_LONGEST = 400
_END = "\n"


def said_by(conversations: Sequence[Conversation], person: str) -> list[str]:
    """The texts of a person, in order of time."""
    return [m.text for c in conversations for m in c.messages if m.sender == person and m.text]


def parrot(read: Sequence[str], count: int, seed: int) -> list[str]:
    """Random texts that the mimic was trained on."""
    chance = random.Random(f"parrot {seed}")
    return [chance.choice(read) for _ in range(count)]


def babble(read: Sequence[str], count: int, seed: int) -> list[str]:
    """Texts drawn from the character 6-grams of those that the mimic was trained on."""
    chance = random.Random(f"babble {seed}")
    after: defaultdict[str, list[str]] = defaultdict(list)
    for text in read:
        padded = _END * _ORDER + text.replace("\n", " ") + _END
        for at in range(_ORDER, len(padded)):
            after[padded[at - _ORDER : at]].append(padded[at])
    return [_drawn(after, chance) for _ in range(count)]


def _drawn(after: defaultdict[str, list[str]], chance: random.Random) -> str:
    text = _END * _ORDER
    while len(text) < _LONGEST:
        text += chance.choice(after[text[-_ORDER:]])
        if text.endswith(_END):
            break
    return text.strip()


def channel(
    test: Sequence[Conversation], person: str, count: int, seed: int, bots: frozenset[str]
) -> list[str]:
    """What others said in the same conversations, drawn at random; empty if nobody did."""
    chance = random.Random(f"channel {seed}")
    texts = [
        m.text
        for c in test
        for m in c.messages
        if m.text and m.sender != person and m.sender not in bots
    ]
    return [chance.choice(texts) for _ in range(count)] if texts else []

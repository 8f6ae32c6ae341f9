"""Cutting a corpus's conversations into excerpts of many lengths, each with few people."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random

from chatmimic.records import Conversation

SHORTEST, LONGEST = 8, 70  # messages; a mimic later sees about as many at once
LEAST = 3  # fewer messages are no conversation


def excerpts(conversation: Conversation, rng: Random) -> Iterator[Conversation]:
    """Cut a conversation into parts of 8 to 70 messages; a short rest joins the last part.

    Each message is in exactly one part, if there are at least 3. Lengths are log-uniform: short
    exchanges are as common as long ones.
    """
    messages = conversation.messages
    start = 0
    while len(messages) - start >= LEAST:
        length = round(math.exp(rng.uniform(math.log(SHORTEST), math.log(LONGEST))))
        if len(messages) - start - length < SHORTEST:
            length = len(messages) - start
        part = messages[start : start + length]
        yield Conversation(part, conversation.service, conversation.thread)
        start += length

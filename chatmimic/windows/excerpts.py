"""The messages that training computes: the union of the contexts of the persona's messages."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from chatmimic.records import Conversation


def excerpts(
    conversation: Conversation, learn: Collection[str] | None, context: int
) -> Iterator[Conversation]:
    """The parts of a conversation within `context` messages before one that is trained on.

    Each message is in at most one excerpt, however many of the persona's messages it precedes; the
    message after it is kept too, because who speaks next is trained on. If the persona is rare (9 %
    of a busy channel) this computes a third of all messages, and an eighth of one sample per reply.
    `learn=None` trains on everybody: the whole conversation is one excerpt.
    """
    messages = conversation.messages
    if learn is None:
        if messages:
            yield conversation
        return
    keep = [False] * len(messages)
    for place, message in enumerate(messages):
        if message.sender in learn:
            for near in range(max(0, place - context), min(place + 2, len(messages))):
                keep[near] = True
    start: int | None = None
    for place, kept in enumerate([*keep, False]):
        if kept and start is None:
            start = place
        elif not kept and start is not None:
            yield Conversation(messages[start:place], conversation.service, conversation.thread)
            start = None

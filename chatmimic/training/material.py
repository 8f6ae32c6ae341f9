"""What a training learns from: the persona's conversations, the latest of them held out."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chatmimic.errors import TooLittleData
from chatmimic.records import Conversation
from chatmimic.transcript import Cast

if TYPE_CHECKING:
    from chatmimic.archive import Archive

LEAST_MESSAGES = 50  # of the persona; below this even a held-out part of ten cannot be had
CAST = 200  # names a mimic remembers; the tokens form has a token for the first 32


@dataclass(frozen=True)
class Material:
    """Conversations to learn from and later ones to test on, and who speaks in them."""

    persona: str
    cast: Cast
    learnt: tuple[Conversation, ...]
    held_out: tuple[Conversation, ...]
    fingerprint: str
    gap: str = ""  # the silence that ended a conversation, in words

    @property
    def messages(self) -> tuple[int, int]:
        """How many messages the persona has in the learnt and in the held-out part."""
        return _count(self.learnt, self.persona), _count(self.held_out, self.persona)


def gather(archive: Archive, persona: str, gap_ms: int | None, held_out: float) -> Material:
    """Everything the archive has of a persona's conversations, split by time.

    `gap_ms` is the silence that ends a conversation (None: from the chats); `held_out` is the
    share of the persona's messages to hold out. Raises NoSuchPerson and TooLittleData.
    """
    from chatmimic.conversations import conversations

    person = archive.person(persona)
    if person.messages < LEAST_MESSAGES:
        raise TooLittleData(
            f"{person.name} has {person.messages} messages in the archive; "
            f"{LEAST_MESSAGES} are the least to learn a manner from.",
            "Import more of their chats, or choose somebody else from `chatmimic people`.",
        )
    everything = [c for c in conversations(archive, gap_ms) if person.name in c.senders]
    learnt, later = split(everything, person.name, held_out)
    return Material(
        person.name,
        cast_of(learnt, person.name),
        learnt,
        later,
        archive.fingerprint(),
        _gap_in_words(archive, everything, gap_ms),
    )


def _gap_in_words(
    archive: Archive, conversations: Sequence[Conversation], gap_ms: int | None
) -> str:
    """The gap that was asked for, or the least and the greatest that their threads chose."""
    from chatmimic.conversations import show_gap, thread_gaps

    if gap_ms is not None:
        return show_gap(gap_ms)
    chosen = thread_gaps(archive)
    gaps = {chosen[c.service, c.thread] for c in conversations}
    return " to ".join(dict.fromkeys(show_gap(gap) for gap in (min(gaps), max(gaps))))


def split(
    conversations: Sequence[Conversation], persona: str, share: float
) -> tuple[tuple[Conversation, ...], tuple[Conversation, ...]]:
    """Cut conversations at an instant: what was said before it, and what was said from then on.

    The later part holds at least `share` of the persona's messages, and as a rule begins with a
    conversation; where that would hold more than twice as many, it begins inside one. Nothing in
    the first part is later than anything in the second: a conversation that straddles the instant
    is cut there. Random messages would leak: the others of a burst say much of them.
    """
    ordered = sorted(conversations, key=lambda c: c.starts_at or 0)
    places = [_places(number, c) for number, c in enumerate(ordered)]
    own = sorted(
        place
        for c, row in zip(ordered, places, strict=True)
        for m, place in zip(c.messages, row, strict=True)
        if m.sender == persona
    )
    if not own:
        return tuple(ordered), ()
    wanted = max(1, math.ceil(share * len(own)))
    border = own[-wanted]
    start = places[border[1]][0]
    if bisect_left(own, start) > 0 and len(own) - bisect_left(own, start) <= 2 * wanted:
        border = start
    learnt, later = [], []
    for conversation, row in zip(ordered, places, strict=True):
        cut = bisect_left(row, border)
        learnt.append(replace(conversation, messages=conversation.messages[:cut]))
        later.append(replace(conversation, messages=conversation.messages[cut:]))
    return tuple(c for c in learnt if c.messages), tuple(c for c in later if c.messages)


def cast_of(conversations: Sequence[Conversation], persona: str) -> Cast:
    """The persona, then whoever talks with them, the most talkative first."""
    counts = Counter(m.sender for c in conversations for m in c.messages)
    counts.pop(persona, None)
    others = sorted(counts, key=lambda name: (-counts[name], name))
    return Cast((persona, *others[: CAST - 1]))


def _places(number: int, conversation: Conversation) -> list[tuple[int, int, int]]:
    """For each message (milliseconds, conversation, message): a place in time, no two the same.

    A message without a time was sent when the latest one before it was.
    """
    places, latest = [], conversation.starts_at or 0
    for at, message in enumerate(conversation.messages):
        latest = max(latest, message.sent_at or latest)
        places.append((latest, number, at))
    return places


def _count(conversations: Sequence[Conversation], persona: str) -> int:
    return sum(m.sender == persona for c in conversations for m in c.messages)

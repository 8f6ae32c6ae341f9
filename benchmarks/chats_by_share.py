"""Three chats of public corpora, of which one person wrote about 49 %, 33 % and 9 %.

- 0.49: two people. Stretches of DuraSpace's IRC in which only `tdonohue` and one other speak.
- 0.33: developers. The latest messages of the same channel, whole days.
- 0.09: a busy channel. The Ubuntu channels' documents in which `ActionParsnip` speaks most.

Conversations in which the person speaks most (or least) are left out until the share is that. What
is held out is later than what is learnt, but for Ubuntu: the starter has read the part that is
learnt there, so that the dev part is held out, which it has not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from public_corpora import DURASPACE, UBUNTU, documents, messages

from chatmimic.records import Conversation, Message
from chatmimic.training.data.split import split

SHARES = ("0.49", "0.33", "0.09")
DEVELOPER, HELPER = "tdonohue", "ActionParsnip"
TALK = 8  # messages of the shortest stretch of two people's talk
HELD_OUT = 0.1


@dataclass(frozen=True)
class Chat:
    """Whose words are learnt, from what, and on what they are tested."""

    persona: str
    train: Sequence[Conversation]
    held_out: Sequence[Conversation]

    @property
    def share(self) -> float:
        """The persona's part of the messages that are learnt from."""
        return _share(self.train, self.persona)


def chats(corpora: Path, most: int) -> dict[str, Chat]:
    """The three chats, by the persona's share of them."""
    developers = list(messages(corpora / DURASPACE))
    days = documents(developers)
    pairs = [stretch for day in days for stretch in talk_of_two(day, DEVELOPER)]
    channel = with_share(documents(developers[-most:]), DEVELOPER, 0.33)
    return {
        "0.49": Chat(DEVELOPER, *split(with_share(pairs, DEVELOPER, 0.49), DEVELOPER, HELD_OUT)),
        "0.33": Chat(DEVELOPER, *split(channel, DEVELOPER, HELD_OUT)),
        "0.09": Chat(
            HELPER,
            with_share(documents(list(messages(corpora / UBUNTU, "train/"))), HELPER, 0.09),
            documents(list(messages(corpora / UBUNTU, "dev/"))),
        ),
    }


def talk_of_two(day: Conversation, persona: str) -> Iterator[Conversation]:
    """The stretches of a conversation in which only the persona and one other speak."""
    start = 0
    while start < len(day.messages):
        stretch, senders = _of_two(islice(day.messages, start, None))
        if len(stretch) >= TALK and len(senders) == 2 and persona in senders:
            yield Conversation(tuple(stretch), thread=day.thread)
            start += len(stretch)
        else:
            start += 1


def _of_two(found: Iterable[Message]) -> tuple[list[Message], set[str]]:
    """The first messages, up to where a third person speaks, and who speaks in them."""
    stretch: list[Message] = []
    senders: set[str] = set()
    for message in found:
        if len(senders | {message.sender}) > 2:
            break
        senders.add(message.sender)
        stretch.append(message)
    return stretch, senders


def with_share(
    conversations: Sequence[Conversation], persona: str, share: float
) -> list[Conversation]:
    """The conversations, without those furthest on the wrong side of a share of messages.

    The persona's share of what stays is nearly as asked; the order stays.
    """
    own = sum(_own(c, persona) for c in conversations)
    everything = sum(len(c.messages) for c in conversations)
    too_high = own > share * everything
    ranked = sorted(
        range(len(conversations)),
        key=lambda number: _share([conversations[number]], persona),
        reverse=too_high,
    )
    for number in ranked[:-1]:
        if (own <= share * everything) if too_high else (own >= share * everything):
            break
        own -= _own(conversations[number], persona)
        everything -= len(conversations[number].messages)
        ranked = ranked[1:]
    return [conversations[number] for number in sorted(ranked)]


def _share(conversations: Sequence[Conversation], persona: str) -> float:
    everything = sum(len(c.messages) for c in conversations)
    return sum(_own(c, persona) for c in conversations) / max(1, everything)


def _own(conversation: Conversation, persona: str) -> int:
    return sum(message.sender == persona for message in conversation.messages)

"""The records that travel the road: Message, Conversation, Person. No input or output here."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


OWNER = "Me"  # who signs the messages of whoever's export it is, where it does not name them


class Kind(StrEnum):
    """What a message is. Only TEXT and ACTION carry a person's own words."""

    TEXT = "text"
    ACTION = "action"  # IRC's "/me waves"
    MEDIA = "media"  # a photo, a sticker, a file: nothing was written
    SYSTEM = "system"  # joins, renames, "X named the group Y"
    CALL = "call"
    DELETED = "deleted"  # unsent or removed by its sender
    FORWARDED = "forwarded"  # somebody else's words, passed on
    OTHER = "other"  # a shape we do not know: counted, never guessed at

    @property
    def has_words(self) -> bool:
        """Whether a message of this kind is something a person said."""
        return self in (Kind.TEXT, Kind.ACTION)


@dataclass_transform(frozen_default=True)
def _record(cls: type[_T]) -> type[_T]:
    """A frozen dataclass, to which mypy holds everybody.

    Not frozen as it runs: a message would take five times as long to make, and an import makes
    millions of them.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)


@dataclass(frozen=True, slots=True)
class Reaction:
    """One person's reaction to a message: the emoji and who gave it."""

    emoji: str
    sender: str


@_record
class Message:
    """One thing one sender sent at one instant.

    Out of an importer, `sender` is the name the export shows. Out of the archive it is the name
    of the person, so that one human has one name on every service.
    """

    sender: str
    text: str
    sent_at: int | None = None  # UTC, milliseconds since 1970; None when the export has no time
    kind: Kind = Kind.TEXT
    service: str = ""  # "messenger", "discord", "irc", …
    thread: str = ""  # stable key of the thread within its service
    thread_title: str = ""  # what a person would call it
    sender_key: str = ""  # the service's own stable id of the sender; the name where it has none
    message_id: str = ""  # the service's own id, or what its importer knows the message again by
    reply_to: str = ""  # message_id of the message answered
    reactions: tuple[Reaction, ...] = ()
    is_bot: bool = False
    source: str = ""  # "file:position", for error messages


@dataclass(frozen=True, slots=True)
class Conversation:
    """A run of messages of one thread that belong together, in order of time."""

    messages: tuple[Message, ...]
    service: str = ""
    thread: str = ""

    @property
    def senders(self) -> tuple[str, ...]:
        """Everybody who speaks in it, in order of first appearance."""
        return tuple(dict.fromkeys(m.sender for m in self.messages))

    @property
    def starts_at(self) -> int | None:
        """UTC milliseconds of the first message that has a time."""
        return next((m.sent_at for m in self.messages if m.sent_at is not None), None)


@dataclass(frozen=True, slots=True)
class Person:
    """A human behind one or more sender names."""

    name: str
    messages: int = 0  # messages with words
    first_at: int | None = None  # UTC milliseconds
    last_at: int | None = None
    names: tuple[str, ...] = ()  # every sender name seen, the chosen one first
    services: tuple[str, ...] = ()
    is_bot: bool = False
    # As services know them, "discord 17"; only the service where it goes by name.
    accounts: tuple[str, ...] = field(default=(), compare=False)

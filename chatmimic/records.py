"""The records shared by all stages: Message, Conversation, Person. No input or output here."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


OWNER = "Me"  # sender of the owner's messages, if the export does not name its owner


class Kind(StrEnum):
    """What a message is. Only TEXT and ACTION carry a person's own words."""

    TEXT = "text"
    ACTION = "action"  # IRC's "/me waves"
    MEDIA = "media"  # a photo, a sticker, a file, without text
    SYSTEM = "system"  # joins, renames, "X named the group Y"
    CALL = "call"
    DELETED = "deleted"  # unsent or removed by its sender
    FORWARDED = "forwarded"  # somebody else's words, forwarded
    OTHER = "other"  # an unknown type of record: counted, never interpreted

    @property
    def has_words(self) -> bool:
        """Whether a message of this kind carries the sender's own words."""
        return self in (Kind.TEXT, Kind.ACTION)


@dataclass_transform(frozen_default=True)
def _record(cls: type[_T]) -> type[_T]:
    """A dataclass that type checkers treat as frozen.

    It is not frozen at run time: creating a message would take five times as long, and an import
    creates millions.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)


@dataclass(frozen=True, slots=True)
class Reaction:
    """One person's reaction to a message: the emoji and who gave it."""

    emoji: str
    sender: str


@_record
class Message:
    """One message of one sender.

    From an importer, `sender` is the name in the export. From the archive it is the name of the
    person, the same on every service.
    """

    sender: str
    text: str
    sent_at: int | None = None  # UTC, milliseconds since 1970; None if the export has no time
    kind: Kind = Kind.TEXT
    service: str = ""  # "messenger", "discord", "irc", …
    thread: str = ""  # stable key of the thread within its service
    thread_title: str = ""  # the title that users see
    sender_key: str = ""  # the service's own stable id of the sender; else the name
    message_id: str = ""  # the service's own id, or a key from its importer
    reply_to: str = ""  # message_id of the message it answers
    reactions: tuple[Reaction, ...] = ()
    is_bot: bool = False
    source: str = ""  # "file:position", for error messages


@dataclass(frozen=True, slots=True)
class Conversation:
    """Successive messages of one thread that belong together, in order of time."""

    messages: tuple[Message, ...]
    service: str = ""
    thread: str = ""

    @property
    def senders(self) -> tuple[str, ...]:
        """All senders, in order of first appearance."""
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
    names: tuple[str, ...] = ()  # all sender names seen, the chosen one first
    services: tuple[str, ...] = ()
    is_bot: bool = False
    # Services with their ids, "discord 17"; only the service if it has no ids.
    accounts: tuple[str, ...] = field(default=(), compare=False)

"""The records of the statistics. Times are UTC milliseconds, shares are from 0 to 1."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Activity:
    """Message counts by local time. `months` has no empty ones ("2019-05"); Monday comes first."""

    months: dict[str, int]
    hours: tuple[int, ...]
    weekdays: tuple[int, ...]
    timeless: int  # messages without a time


@dataclass(frozen=True, slots=True)
class Count:
    """A name and its count."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Answers:
    """How often one person answered another, by a marked reply or by speaking next."""

    who: str
    whom: str
    count: int


@dataclass(frozen=True, slots=True)
class Spread:
    """The median, 10th and 90th percentile of some numbers."""

    median: float
    p10: float
    p90: float


@dataclass(frozen=True, slots=True)
class Favourite:
    """A word that a person prefers; `others` is how often everybody else used it."""

    word: str
    count: int
    others: int
    z: float  # of the log-odds ratio, see words.py


@dataclass(frozen=True, slots=True)
class Partner:
    """A conversation partner: answers to them, and answers from them."""

    name: str
    to: int
    by: int


@dataclass(frozen=True, slots=True)
class Habits:
    """Writing habits: message length, and the shares of messages with some property.

    `capital` is of those that begin with a letter that has a capital; None where none does.
    """

    characters: Spread
    words: float  # on average
    one_word: float
    capital: float | None
    full_stop: float
    question: float
    exclamation: float
    emoji: float


@dataclass(frozen=True, slots=True)
class Span:
    """The extent of the data: number of messages, first and last time, time zone."""

    messages: int
    first_at: int | None
    last_at: int | None
    zone: str
    whole_minutes: bool  # most times have no seconds, as in some exports


@dataclass(frozen=True, slots=True)
class ArchiveStats:
    """Statistics of an archive: volume, activity, people, threads, and who answers whom."""

    span: Span
    people: int
    threads: int
    conversations: int
    activity: Activity
    talkative: tuple[Count, ...]
    busiest: tuple[Count, ...]  # threads
    answers: tuple[Answers, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PersonStats:
    """Statistics of a person; None where nothing is known.

    `others` are the habits of everybody else, of a sample where they wrote very much.
    """

    name: str
    span: Span
    share: float  # of all messages
    activity: Activity
    turns: int  # runs of messages with nobody else between them
    per_turn: Spread | None  # messages
    several: float  # share of turns of several messages
    reply_s: Spread | None  # seconds from the other's last message to the answer
    habits: Habits | None
    others: Habits | None
    favourites: tuple[Favourite, ...]
    emoji: tuple[Favourite, ...]  # the most used
    openings: tuple[Count, ...]  # first words of turns
    closings: tuple[Count, ...]  # last words of turns
    laughter: tuple[Count, ...]
    partners: tuple[Partner, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

"""What a generated conversation needs beside the mimic: when it takes place, and at what pace."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chatmimic.errors import ArchiveError
from chatmimic.fragment import Fragment, matched
from chatmimic.generation.generator import as_message
from chatmimic.generation.pace import Pace
from chatmimic.home import Home
from chatmimic.lookup import meant
from chatmimic.records import Message

if TYPE_CHECKING:
    from chatmimic.mimic import Mimic

_LONGEST_NAME = 64
_NOON = 12
_USUAL = datetime(2024, 5, 1, _NOON, tzinfo=UTC)  # of bases, which are of no day


def usual_start(mimic: Mimic) -> int:
    """When a conversation takes place unless the user says so: noon of the day it was made.

    In UTC milliseconds. It depends on the mimic alone, so that a seed gives the same conversation
    on every day.
    """
    try:
        made = datetime.fromisoformat(str(mimic.manifest.get("made_at"))).astimezone(UTC)
        start = made.replace(hour=_NOON, minute=0, second=0, microsecond=0)
    except (ValueError, OverflowError):
        start = _USUAL
    return int(start.timestamp() * 1000)


def pace_of(home: Home, people: Collection[str]) -> Pace:
    """The pace of these people in the archive; the usual one if they are not there."""
    from chatmimic.archive import Archive

    if not home.archive.exists():
        return Pace()
    try:
        with Archive.open(home.archive, create=False, wait_s=2) as archive:
            return Pace(archive.gaps_between(people))
    except ArchiveError:  # it is busy, or damaged; that is for other commands to say
        return Pace()


def opening_of(texts: Sequence[str], people: Sequence[str]) -> list[Message]:
    """Opening words as messages, one per line: `Ann: hello`, or plain text of the first person.

    A name before a colon counts if it is one of `people`, without case and accents.
    """
    lines = [line for text in texts for line in text.split("\n") if line.strip()]
    return [message for line in lines if (message := _opening(line, people)).text]


def _opening(line: str, people: Sequence[str]) -> Message:
    name, colon, rest = line.partition(":")
    found = meant(name.strip(), people) if colon and len(name) <= _LONGEST_NAME else []
    return as_message(found[0], rest) if len(found) == 1 else as_message(people[0], line)


class Continued:
    """A fragment as a mimic reads it: who is who, and who goes on talking."""

    def __init__(self, fragment: Fragment, mimic: Mimic, given: dict[str, str]) -> None:
        """`given` says who some of the senders are, beside those who match by name."""
        self.who = matched(fragment.senders, mimic.people, given)
        self.strangers = tuple(s for s, who in self.who.items() if who not in mimic.people)
        self.history = [replace(m, sender=self.who[m.sender]) for m in fragment.messages]
        # The persona takes part even if they said nothing yet.
        self.people = tuple(dict.fromkeys([mimic.persona, *self.who.values()]))
        self._called = {who: sender for sender, who in self.who.items()}

    def called(self, person: str) -> str:
        """The name of a person in the fragment; that of the mimic if they said nothing there."""
        return self._called.get(person, person)

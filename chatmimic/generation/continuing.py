"""What a generated conversation needs beside the mimic: when it takes place, and in what rhythm."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chatmimic.errors import ArchiveError, MimicError
from chatmimic.fragment import Fragment, matched, person_meant
from chatmimic.generation.conversation import made_up
from chatmimic.generation.decoding import Decoding
from chatmimic.generation.generator import Generator, as_message
from chatmimic.home import Home
from chatmimic.records import Message
from chatmimic.rhythm import Rhythm

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


def rhythms_of(home: Home, mimic: Mimic, people: Collection[str]) -> dict[str, Rhythm]:
    """The rhythms of these people in the archive; that of the persona is kept with the mimic.

    Those who are not in the archive are left out.
    """
    from chatmimic.archive import Archive

    learnt = mimic.manifest.get("rhythm")
    own = {mimic.persona: Rhythm.from_dict(learnt)} if learnt else {}
    others = [name for name in people if name not in own]
    if not others or not home.archive.exists():
        return own
    try:
        with Archive.open(home.archive, create=False, wait_s=2) as archive:
            waits = archive.waits_of(others)
    except ArchiveError:  # it is busy, or damaged; that is for other commands to say
        return own
    return own | {name: Rhythm.of_waits(*waited) for name, waited in waits.items()}


def opening_of(texts: Sequence[str], people: Sequence[str]) -> list[Message]:
    """Opening words as messages, one per line: `Ann: hello`, or plain text of the first person.

    A name before a colon counts if it is that, or the first name, of one of `people`.
    """
    lines = [line for text in texts for line in text.split("\n") if line.strip()]
    return [message for line in lines if (message := _opening(line, people)).text]


def _opening(line: str, people: Sequence[str]) -> Message:
    name, colon, rest = line.partition(":")
    person = person_meant(name.strip(), people) if colon and len(name) <= _LONGEST_NAME else None
    return as_message(person, rest) if person else as_message(people[0], line)


class Continued:
    """A fragment as a mimic reads it: who is who, and who goes on talking."""

    def __init__(self, fragment: Fragment, mimic: Mimic, given: Mapping[str, str]) -> None:
        """`given` says who some of the senders are, beside those who match by name.

        Raises MimicError if the mimic does not know one of these people.
        """
        unknown = next((who for who in given.values() if who not in mimic.people), None)
        if unknown is not None:
            there = ", ".join(mimic.people[:12])
            raise MimicError(f'The mimic knows nobody called "{unknown}".', f"It knows: {there}.")
        self.who = matched(fragment.senders, mimic.people, given)
        self.history = [replace(m, sender=self.who[m.sender]) for m in fragment.messages]
        speak = {s: who for s, who in self.who.items() if s not in fragment.bots}
        self.strangers = tuple(s for s, who in speak.items() if who not in mimic.people)
        # The persona takes part even if they said nothing yet.
        self.people = tuple(dict.fromkeys([mimic.persona, *speak.values()]))
        self._called = {who: sender for sender, who in self.who.items()}

    def go_on(
        self,
        generator: Generator,
        decoding: Decoding,
        rhythms: Mapping[str, Rhythm],
        messages: int,
    ) -> Iterator[Message]:
        """Generate up to `messages` messages; their senders have the names that the mimic knows."""
        return made_up(
            generator,
            decoding,
            people=self.people,
            opening=self.history,
            messages=messages,
            rhythms=rhythms,
        )

    def named(self, message: Message) -> Message:
        """A message under the sender's name in the fragment, if they said anything there."""
        return replace(message, sender=self._called.get(message.sender, message.sender))

"""What a chat knows: who speaks, what was said, how replies are drawn. No input or output here."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from chatmimic.generation import Decoding, Generator, as_message
from chatmimic.lookup import begun, meant
from chatmimic.records import Message


@dataclass(frozen=True)
class Voice:
    """Somebody to talk with: the generator, and what is known of the mimic behind it."""

    generator: Generator
    mimic: str  # its name
    base: str
    knows_all: bool = False  # whether it learnt everybody's words, not the persona's only
    owner: str = ""  # whose export it was made from, where that is known
    engine: str = ""  # how its model is computed

    def learnt(self, name: str) -> bool:
        """Whether it learnt somebody's words: of anybody else it only makes a rough guess."""
        return self.knows_all or name == self.generator.persona


@dataclass(frozen=True)
class Entry:
    """One message of the chat, and where it came from."""

    message: Message
    mine: bool
    stopped: bool = False  # a reply that was broken off


def now_ms() -> int:
    """UTC milliseconds of this moment."""
    return int(time.time() * 1000)


@dataclass
class Session:
    """One chat with one voice. `persona` answers, `you` is the name the user speaks under.

    Without a name the user is the owner of the export, if the voice knows them, else whom the
    persona talks with most.
    """

    voice: Voice
    decoding: Decoding
    persona: str = ""
    you: str = ""
    clock: Callable[[], int] = now_ms
    entries: list[Entry] = field(default_factory=list)
    _replies: int = 0  # made so far, taken back or not
    _me: str = ""  # who the user is, whenever that is not who answers

    def __post_init__(self) -> None:
        self.persona = self.persona or self.voice.generator.persona
        owner = self.voice.owner
        self._me = self.you or (owner if owner in self.people else "")
        self._speak()

    @property
    def history(self) -> list[Message]:
        """What was said, as a generator takes it."""
        return [entry.message for entry in self.entries]

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody the voice knows by name, its own persona first."""
        return self.voice.generator.people

    def say(self, text: str) -> None:
        """Add a message of the user's."""
        self.entries.append(Entry(as_message(self.you, text, self.clock()), mine=True))

    def hear(self, text: str, stopped: bool = False) -> Message | None:
        """Add a reply; one without a word is no message."""
        message = as_message(self.persona, text, self.clock())
        if not message.text:
            return None
        self.entries.append(Entry(message, mine=False, stopped=stopped))
        return message

    def reply_decoding(self) -> Decoding:
        """The options of the next reply.

        With a seed, each reply has one of its own that follows from it: the same chat gives the
        same replies, and a second try is another one.
        """
        self._replies += 1
        if self.decoding.seed is None:
            return self.decoding
        return replace(self.decoding, seed=(self.decoding.seed + self._replies - 1) % 2**32)

    def reset(self) -> None:
        """Begin a new conversation."""
        self.entries.clear()
        self._replies = 0

    def undo(self) -> list[Entry]:
        """Take back the user's last message and all that came after it."""
        return self._cut(self._last_mine())

    def drop_replies(self) -> bool:
        """Take back what was answered last; False when there is nothing to answer."""
        place = self._last_mine()
        self._cut(place + 1)
        return place < len(self.entries)

    def turn_to(self, persona: str, voice: Voice | None = None) -> None:
        """Let another person answer, of this voice or of another one."""
        self.voice = voice or self.voice
        self.persona = persona
        self._speak()

    def speak_as(self, name: str) -> None:
        """Let the user speak under a name; they keep it, whoever answers, unless it is they."""
        self._me = name
        self._speak()

    def _speak(self) -> None:
        if not self._me or self._me == self.persona:
            self.you = self._somebody_else()
        else:
            self.you = self._me
        self._me = self._me or self.you

    def _last_mine(self) -> int:
        places = [place for place, entry in enumerate(self.entries) if entry.mine]
        return places[-1] if places else len(self.entries)

    def _cut(self, place: int) -> list[Entry]:
        gone = self.entries[place:]
        del self.entries[place:]
        return gone

    def _somebody_else(self) -> str:
        """Whom the persona talks with most."""
        return next((name for name in self.people if name != self.persona), "You")


def find_name(wanted: str, names: Sequence[str]) -> str | None:
    """The name that was meant: exactly, but for case and accents, or the one that begins so."""
    if not wanted:
        return None
    found = meant(wanted, names) or begun(wanted, names)
    return found[0] if len(found) == 1 else None

"""The state of a chat: who speaks, the messages, the decoding settings. No input or output."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chatmimic.archive.recalling import Recollection
from chatmimic.generation import Decoding, Generator, as_message
from chatmimic.generation.memory import Memory
from chatmimic.lookup import begun, meant
from chatmimic.records import Message
from chatmimic.rhythm import USUAL, Rhythm

if TYPE_CHECKING:
    from chatmimic.evaluation.secrecy.training_messages import TrainingMessages


@dataclass(frozen=True)
class Voice:
    """Somebody to chat with: a generator, and facts about its mimic."""

    generator: Generator
    mimic: str  # the mimic's name
    base: str
    knows_all: bool = False  # whether it was trained on everybody's words, not only the persona's
    owner: str = ""  # the owner of the export, if known
    engine: str = ""  # arithmetic of inference
    training: TrainingMessages | None = None  # None: it has read nobody's messages
    unchecked: str = ""  # why its replies cannot be checked for copies; "" if they are
    memory: Memory | None = None  # where there is an archive
    recalled: Callable[[Sequence[Message]], Sequence[Recollection]] = lambda history: ()
    count_tokens: Callable[[str], int] = lambda text: 0  # of a reply; 0 if that is not known
    rhythm: Rhythm = USUAL  # the waits of its persona

    def was_trained_on(self, name: str) -> bool:
        """Whether it was trained on that person's words; others are only a rough guess."""
        return self.knows_all or name == self.generator.persona


@dataclass(frozen=True)
class Entry:
    """One message of the chat, and whether the user sent it."""

    message: Message
    mine: bool
    stopped: bool = False  # whether the reply was cut off


def now_ms() -> int:
    """The current time in UTC milliseconds."""
    return int(time.time() * 1000)


@dataclass
class Session:
    """One chat with a voice. `persona` answers, `you` is the name that the user speaks as.

    By default the user is the owner of the export, if the voice knows them, else the person the
    persona talks with most.
    """

    voice: Voice
    decoding: Decoding
    persona: str = ""
    you: str = ""
    clock: Callable[[], int] = now_ms
    entries: list[Entry] = field(default_factory=list)
    _replies: int = 0  # generated so far, including removed ones
    _me: str = ""  # who the user is, unless that person answers

    def __post_init__(self) -> None:
        self.persona = self.persona or self.voice.generator.persona
        owner = self.voice.owner
        self._me = self.you or (owner if owner in self.people else "")
        self._speak()

    @property
    def history(self) -> list[Message]:
        """The messages so far, as a generator takes them."""
        return [entry.message for entry in self.entries]

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody the voice knows by name, its own persona first."""
        return self.voice.generator.people

    def say(self, text: str) -> None:
        """Add a message of the user's."""
        self.entries.append(Entry(as_message(self.you, text, self.clock()), mine=True))

    def hear(self, text: str, stopped: bool = False) -> Message | None:
        """Add a reply. Returns None, and adds nothing, if it is empty."""
        message = as_message(self.persona, text, self.clock())
        if not message.text:
            return None
        self.entries.append(Entry(message, mine=False, stopped=stopped))
        return message

    def reply_decoding(self) -> Decoding:
        """The decoding settings of the next reply.

        With a seed, each reply has a seed derived from it: the same chat gives the same replies,
        and a retry gives another one.
        """
        self._replies += 1
        if self.decoding.seed is None:
            return self.decoding
        return replace(self.decoding, seed=(self.decoding.seed + self._replies - 1) % 2**32)

    def reset(self) -> None:
        """Start a new conversation."""
        self.entries.clear()
        self._replies = 0

    def undo(self) -> list[Entry]:
        """Remove the user's last message and everything after it. Returns what was removed."""
        return self._cut(self._last_mine())

    def before_answer(self) -> list[Message]:
        """The messages up to the user's last one, which an answer follows; none without one."""
        return self.history[: self._last_mine() + 1] if any(e.mine for e in self.entries) else []

    def last_reply(self) -> str | None:
        """The text of the last message that the user did not send; None if there is none."""
        texts = (entry.message.text for entry in reversed(self.entries) if not entry.mine)
        return next(texts, None)

    def edit(self, text: str) -> bool:
        """Replace the user's last message, and remove its answer. False if there is none."""
        place = self._last_mine()
        if place == len(self.entries):
            return False
        self._cut(place)
        self.say(text)
        return True

    def load(self, entries: Sequence[Entry]) -> None:
        """Go on with another conversation."""
        self.reset()
        self.entries = list(entries)

    def drop_replies(self) -> bool:
        """Remove the last answer. Returns False if there is nothing to answer."""
        place = self._last_mine()
        self._cut(place + 1)
        return place < len(self.entries)

    def turn_to(self, persona: str, voice: Voice | None = None) -> None:
        """Change who answers: another person of this voice, or of another one."""
        self.voice = voice or self.voice
        self.persona = persona
        self._speak()

    def speak_as(self, name: str) -> None:
        """Change who the user speaks as. The name is kept unless that person answers."""
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
        """The person whom the persona talks with most."""
        return next((name for name in self.people if name != self.persona), "You")


def find_name(wanted: str, names: Sequence[str]) -> str | None:
    """The name that matches, ignoring case and accents, or the only one with that prefix."""
    if not wanted:
        return None
    found = meant(wanted, names) or begun(wanted, names)
    return found[0] if len(found) == 1 else None

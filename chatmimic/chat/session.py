"""The state of a chat: who speaks, the messages, the decoding settings. No input or output."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from random import Random

from chatmimic.chat.room import Room
from chatmimic.chat.voice import Voice
from chatmimic.generation import Decoding, as_message
from chatmimic.generation.generator import sends_more
from chatmimic.lookup import begun, meant
from chatmimic.records import Message


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

    `others` answer beside the persona, each with the voice that speaks for them.

    By default the user is the owner of the export, if the voice knows them, else the person the
    persona talks with most.
    """

    voice: Voice
    decoding: Decoding
    persona: str = ""
    you: str = ""
    clock: Callable[[], int] = now_ms
    entries: list[Entry] = field(default_factory=list)
    others: dict[str, Voice] = field(default_factory=dict)
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
        """Everybody that the voices know by name, the first one's own persona first."""
        known = (voice.generator.people for voice in self.voices.values())
        return tuple(dict.fromkeys(chain.from_iterable(known)))

    @property
    def voices(self) -> dict[str, Voice]:
        """Those who answer, the persona first, each with the voice that speaks for them."""
        return {self.persona: self.voice, **self.others}

    @property
    def models(self) -> list[Voice]:
        """The voices, each once."""
        return list({id(voice): voice for voice in self.voices.values()}.values())

    @property
    def mimics(self) -> tuple[str, ...]:
        """The names of the mimics that answer."""
        return tuple(voice.mimic for voice in self.models)

    @property
    def room(self) -> dict[str, str]:
        """Those who answer, the persona first, each with the name of their mimic."""
        return {person: voice.mimic for person, voice in self.voices.items()}

    def voice_for(self, name: str) -> Voice:
        """The voice that speaks for a person, or would: the first that knows them."""
        voices = self.voices
        knowing = (voice for voice in voices.values() if name in voice.generator.people)
        return voices.get(name) or next(knowing, self.voice)

    def next_speaker(self, rng: Random, *, begins: bool = False) -> str | None:
        """Draw who of those who answer speaks next; None if it is the user's turn.

        It never is if one of them `begins`.
        """
        bias = self.decoding.turn_bias
        if self.others:
            talking = {person: voice.generator for person, voice in self.voices.items()}
            return Room(talking, self.you).next_speaker(self.history, rng, bias, begins=begins)
        generator = self.voice.generator
        again = begins or sends_more(generator, self.history, self.persona, rng, bias)
        return self.persona if again else None

    def next_among_all(self, rng: Random) -> str:
        """Draw who speaks next while the user listens.

        Where only the persona answers, the user is played, too.
        """
        talking = {person: voice.generator for person, voice in self.voices.items()}
        if not self.others:
            talking[self.you] = self.voice.generator
        return Room(talking, self.you).next_speaker(self.history, rng, begins=True) or self.persona

    def say(self, text: str) -> None:
        """Add a message of the user's."""
        self.entries.append(Entry(as_message(self.you, text, self.clock()), mine=True))

    def hear(self, text: str, stopped: bool = False, speaker: str = "") -> Message | None:
        """Add a reply (default: of the persona). Returns None, and adds nothing, if it is empty."""
        message = as_message(speaker or self.persona, text, self.clock())
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
        """Remove the user's last message and everything after it. Returns what was removed.

        Where the user has said nothing, it is the last message of all.
        """
        return self._cut(min(self._last_mine(), max(0, len(self.entries) - 1)))

    def before_answer(self) -> list[Message]:
        """The messages up to the user's last one, which an answer follows; none without one."""
        return self.history[: self._last_mine() + 1] if any(e.mine for e in self.entries) else []

    def last_reply(self) -> Message | None:
        """The last message that the user did not send; None if there is none."""
        return next((entry.message for entry in reversed(self.entries) if not entry.mine), None)

    def first_to_answer(self, rng: Random) -> str:
        """Who answered the user's last message, or would: drawn as `next_speaker`, if need be."""
        asked = self._last_mine()
        answers = (entry.message.sender for entry in self.entries[asked + 1 :] if not entry.mine)
        speaker = next(answers, "") if self.others else self.persona
        return speaker if speaker in self.voices else self.next_speaker(rng, begins=True) or ""

    def is_played(self, entry: Entry) -> bool:
        """Whether a message has the user's name, but the mimic wrote it."""
        return not entry.mine and entry.message.sender == self.you

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
        """Change who answers: another person of this voice, or of another one.

        Somebody who answers beside the persona changes places with them.
        """
        here = self.voices
        self.voice = voice or self.voice_for(persona)
        if persona in self.others:
            self.others = {name: there for name, there in here.items() if name != persona}
        self.persona = persona
        self._speak()

    def join(self, name: str, voice: Voice) -> None:
        """Let somebody answer beside the persona."""
        self.others[name] = voice
        self._speak()

    def leave(self, name: str) -> None:
        """Let somebody no longer answer beside the persona."""
        del self.others[name]

    def let_answer(self, voices: Mapping[str, Voice]) -> None:
        """Change everybody who answers, the persona first, each with the voice that speaks."""
        self.others = dict(voices)
        self.persona = next(iter(voices))
        self.voice = self.others.pop(self.persona)
        self._speak()

    def take(self, voices: Sequence[Voice]) -> None:
        """Put voices that were loaded in the places of `models`, in the same order."""
        loaded = {id(old): new for old, new in zip(self.models, voices, strict=True)}
        self.others = {name: loaded[id(voice)] for name, voice in self.others.items()}
        self.voice = loaded[id(self.voice)]

    def speak_as(self, name: str) -> None:
        """Change who the user speaks as. The name is kept unless that person answers."""
        self._me = name
        self._speak()

    def _speak(self) -> None:
        if not self._me or self._me in self.voices:
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
        """The person whom the persona talks with most, but for those who answer."""
        return next((name for name in self.people if name not in self.voices), "You")


def find_name(wanted: str, names: Sequence[str]) -> str | None:
    """The name that matches, ignoring case and accents, or the only one with that prefix."""
    if not wanted:
        return None
    found = meant(wanted, names) or begun(wanted, names)
    return found[0] if len(found) == 1 else None

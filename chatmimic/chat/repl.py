"""The loop of the chat: read a line, then print a reply or run a command."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from itertools import chain

from chatmimic.chat import commands
from chatmimic.chat.actions import Actions
from chatmimic.chat.commands import Command, Unknown, Words
from chatmimic.chat.kept import Kept, kept_files
from chatmimic.chat.lines import Lines, Silence
from chatmimic.chat.loading import Loading
from chatmimic.chat.screen import PLAYED, Screen, and_, one_line
from chatmimic.chat.session import Session
from chatmimic.chat.voice import Voice
from chatmimic.chat.waits import MOST_UNPROMPTED, OFF, Waits, wait_until
from chatmimic.errors import ChatmimicError
from chatmimic.generation.generator import LONGEST_TURN
from chatmimic.home import Home
from chatmimic.rhythm import USUAL, Rhythm

LEFT, INTERRUPTED = 0, 130  # exit statuses


class Repl:
    """A chat between the user and a voice, or several.

    `open_voice` loads another mimic by name (and raises MimicError if there is none). `mimics` are
    the names of the mimics, for completion; `own` maps people to the mimics that imitate them.
    `kept` is where the chat is kept, None for nowhere. The voices of `loading` take the places of
    the session's once they are loaded. `rhythm`, one of `waits.RHYTHMS`, says how long replies
    wait, and `unprompted` whether those who answer also write when nothing is said.
    """

    def __init__(
        self,
        session: Session,
        screen: Screen,
        home: Home,
        open_voice: Callable[[str], Voice],
        mimics: Sequence[str] = (),
        own: Mapping[str, str] | None = None,
        *,
        kept: Kept | None = None,
        loading: Loading | None = None,
        rhythm: str = OFF,
        unprompted: bool = False,
    ) -> None:
        self.session = session
        self.screen = screen
        self.home = home
        self.open_voice = open_voice
        self.mimics: Sequence[str] = mimics
        self.own: Mapping[str, str] = own or {}
        self.lines: Lines | None = None
        self.kept = kept
        self.loading = loading
        self.says_status = True
        self.waits = Waits(rhythm)
        self.unprompted = unprompted
        self._unasked = 0  # messages of the persona since the user's last one that nobody asked for
        self.seconds: list[float] = []  # that each reply took
        self._tokens: list[int] = []  # of each reply
        self._speed: float | None = None  # of the last answer, in tokens per second
        self._actions = Actions(self)
        self.draw_anew()

    def draw_anew(self) -> None:
        """Begin the random numbers of turn-taking again, with the seed of the settings."""
        self.rng = random.Random(self.session.decoding.seed)
        self.waits.begin(self.session.decoding.seed)

    def run(self, lines: Lines) -> int:
        """Chat until the user leaves or the input ends. Returns the exit status.

        Raises the error that loading the voice raised.
        """
        self._take_voice()
        self._header()
        self.lines = lines
        while True:
            self._take_voice()
            try:
                you = self.session.you
                prompt, style = f"{one_line(you)}{self.screen.mark} ", self.screen.colour(you)
                line = lines.read(prompt, style, self._patience())
            except Silence:
                line = None
            except EOFError:
                self._take_voice()
                return LEFT
            except KeyboardInterrupt:
                return INTERRUPTED
            try:
                with lines.unseen():
                    if line is None:
                        self._write_first()
                    elif not self.take(line):
                        return LEFT
            except KeyboardInterrupt:
                self.screen.note("Stopped.")
            except ChatmimicError as error:
                self._take_voice()
                self.screen.complain(str(error))
            self._keep()

    def take(self, line: str) -> bool:
        """Process one line. Returns False if it is the command to leave."""
        meant = commands.parse(line)
        if isinstance(meant, Words):
            if meant.text:
                self._say(meant.text)
        elif isinstance(meant, Unknown):
            hints = [f"Did you mean /{meant.near}?"] if meant.near else []
            hints += ["See /help."] if meant.near != "help" else []
            self.screen.complain(f"There is no command /{one_line(meant.name)}. {' '.join(hints)}")
        else:
            return self._obey(meant)
        return True

    def warn(self) -> None:
        """Print how to leave, after a first Ctrl-C on an empty line."""
        self.screen.note("Press Ctrl-C again or type /quit to leave.")

    def completions(self, line: str) -> list[str]:
        """The completions that Tab offers."""
        chats = [path.stem for path in kept_files(self.home.chats)]
        return commands.completions(line, self.session.people, self.mimics, chats)

    # --- talking ---

    def _say(self, text: str) -> None:
        self._unasked = 0
        self.session.say(text)
        self._keep()
        self.answer()

    def _patience(self) -> float | None:
        """Seconds after which the persona writes by themselves; None: never."""
        if not self.unprompted or self._unasked >= MOST_UNPROMPTED:
            return None
        return self.waits.silence(self._rhythm_of(self.session.persona))

    def _write_first(self) -> None:
        self._unasked += 1
        self.answer()

    def _rhythm_of(self, speaker: str) -> Rhythm:
        """The waits of one who answers."""
        voice = self.session.voice_for(speaker)
        return voice.rhythm if speaker == voice.generator.persona else USUAL

    def answer(self) -> None:
        """One reply, and more messages until the models give the turn to the user."""
        before = len(self.seconds)
        self._send_messages()
        seconds, tokens = sum(self.seconds[before:]), sum(self._tokens[before:])
        self._speed = tokens / seconds if tokens and seconds else None
        if self.says_status and self._speed is not None:
            self.screen.status(self.facts())

    def _send_messages(self) -> None:
        speaker = self.draw_speaker()
        for number in range(1, LONGEST_TURN + 1):
            if speaker is None or not self.reply(speaker) or number == LONGEST_TURN:
                return
            speaker = self.session.next_speaker(self.rng)

    def draw_speaker(self) -> str | None:
        """Draw who of those who answer speaks next."""
        slow = (
            self.screen.waiting(self._what_takes_long()) if self.session.others else nullcontext()
        )
        with slow:
            return self.session.next_speaker(self.rng, begins=True)

    def reply(self, speaker: str = "") -> bool:
        """Generate and print one message (default: of the persona).

        Returns False if it was stopped or is empty.
        """
        session, screen = self.session, self.screen
        speaker = speaker or session.persona
        voice = session.voice_for(speaker)
        stream = voice.generator.stream(session.history, speaker, session.reply_decoding())
        pieces: list[str] = []
        stopped, began, slept = False, time.monotonic(), 0.0
        again = bool(session.history) and session.history[-1].sender == speaker
        appears = began + self.waits.before(self._rhythm_of(speaker), again=again)
        try:
            with screen.waiting(self._what_takes_long(speaker)):
                first = next(stream, "")
            with screen.waiting(f"{speaker} is writing …"):
                slept = wait_until(appears)
            screen.speaker(speaker)
            for piece in chain([first], stream):
                pieces.append(piece)
                screen.piece(piece)
        except KeyboardInterrupt:
            stopped = True
        loaded = self.loading.ended if self.loading else began
        self.seconds.append(time.monotonic() - max(began, loaded) - slept)
        message = session.hear("".join(pieces), stopped, speaker)
        self._keep()
        if stopped and not pieces:
            screen.note("Stopped before the first word.")
        else:
            played = PLAYED if speaker == session.you else ""
            screen.end("(stopped)" if stopped else played if message else "(says nothing)")
        self._take_voice()
        self._tokens.append(session.voice_for(speaker).count_tokens("".join(pieces)))
        return message is not None and not stopped

    def facts(self) -> list[str]:
        """Who answers, on which base and engine, and how fast."""
        session = self.session
        speed = "" if self._speed is None else f"{self._speed:.{self._speed < 100:d}f} tokens/s"
        bases = dict.fromkeys(voice.base for voice in session.models)
        engines = dict.fromkeys(voice.engine for voice in session.models)
        return [fact for fact in (", ".join(session.voices), *bases, *engines, speed) if fact]

    # --- what goes on beside the talk ---

    def _keep(self) -> None:
        if self.kept is not None:
            session = self.session
            self.kept.write(session.entries, session.voice.mimic, session.room)

    def _what_takes_long(self, speaker: str = "") -> str:
        if self.loading is not None and not self.loading.done:
            return f"Loading {', '.join(self.session.mimics)} …"
        return f"{speaker or self.session.persona} is writing …"

    def _take_voice(self) -> None:
        """Take the voices that were being loaded, if they are there."""
        if self.loading is not None and self.loading.done:
            self.session.take(self.loading.wait())
            self.loading = None
            if self.lines is not None:  # else the header says it
                self._actions.say_unchecked()

    # --- commands ---

    def _obey(self, command: Command) -> bool:
        if command.name == "quit":
            return False
        if self.loading is not None and command.name not in commands.LIGHT:
            with self.screen.waiting(self._what_takes_long()):
                self.loading.wait()
            self._take_voice()
        self._actions.by_name[command.name](command.argument)
        return True

    def _header(self) -> None:
        session, note = self.session, self.screen.note
        decoding = session.decoding
        note(_warning(list(session.voices), len(session.mimics)), style="")
        note(
            f"{_facts(session.models)} · "
            f"temperature {decoding.temperature:g} · top_p {decoding.top_p:g}"
            + ("" if decoding.seed is None else f" · seed {decoding.seed}")
        )
        self._actions.say_limits()
        kept = "" if self.kept is None else " This chat is kept; /discard deletes it."
        note(f"You speak as {one_line(session.you)}. /help shows the commands.{kept}")
        for person in session.voices:
            self.screen.colour(person)  # first come, first served
        if session.entries:
            self._actions.show_last()


def _warning(people: Sequence[str], models: int) -> str:
    """What everybody who chats is told first."""
    subject = "This is a model that imitates" if models == 1 else "These are models that imitate"
    real = "person" if len(people) == 1 else "people"
    says = "it says" if models == 1 else "they say"
    return f"{subject} {and_(people)}, not the {real}: everything {says} is made up."


def _facts(voices: Sequence[Voice]) -> str:
    """Mimics, bases and engines, each said once."""
    columns = {
        "mimic": [voice.mimic for voice in voices],
        "base": [voice.base for voice in voices],
        "engine": [voice.engine for voice in voices if voice.engine],
    }
    several = {what: list(dict.fromkeys(map(one_line, said))) for what, said in columns.items()}
    facts = (
        f"{what}{'s' * (len(said) > 1)} {', '.join(said)}" for what, said in several.items() if said
    )
    line = " · ".join(facts)
    return line[0].upper() + line[1:]

"""The loop of the chat: read a line, then print a reply or run a command."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from chatmimic.chat import commands, saving
from chatmimic.chat.commands import Command, Unknown, Words
from chatmimic.chat.lines import Lines
from chatmimic.chat.screen import Screen, one_line
from chatmimic.chat.session import Session, Voice, find_name
from chatmimic.errors import ChatmimicError, SettingsError
from chatmimic.files import private_folder
from chatmimic.folders import folder_name
from chatmimic.generation.decoding import SETTINGS, find_setting
from chatmimic.generation.generator import LONGEST_TURN, sends_more
from chatmimic.home import Home

LEFT, INTERRUPTED = 0, 130  # exit statuses


class Repl:
    """A chat between the user and a voice.

    `open_voice` loads another mimic by name (and raises MimicError if there is none). `mimics` are
    the names of the mimics, for completion; `own` maps people to the mimics that imitate them.
    """

    def __init__(
        self,
        session: Session,
        screen: Screen,
        home: Home,
        open_voice: Callable[[str], Voice],
        mimics: Sequence[str] = (),
        own: Mapping[str, str] | None = None,
    ) -> None:
        self.session = session
        self.screen = screen
        self.home = home
        self.open_voice = open_voice
        self.mimics = mimics
        self.own = own or {}
        self._lines: Lines | None = None
        self._saved: set[Path] = set()
        self._rng = random.Random(session.decoding.seed)

    def run(self, lines: Lines) -> int:
        """Chat until the user leaves or the input ends. Returns the exit status."""
        self._header()
        self._lines = lines
        while True:
            try:
                line = lines.read(f"{one_line(self.session.you)}{self.screen.mark} ")
            except EOFError:
                return LEFT
            except KeyboardInterrupt:
                return INTERRUPTED
            try:
                with lines.unseen():
                    if not self.take(line):
                        return LEFT
            except KeyboardInterrupt:
                self.screen.note("Stopped.")
            except ChatmimicError as error:
                self.screen.complain(str(error))

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
        return commands.completions(line, self.session.people, self.mimics)

    # --- talking ---

    def _say(self, text: str) -> None:
        self.session.say(text)
        self._answer()

    def _answer(self) -> None:
        """One reply, and more messages as long as the model expects the persona to send them."""
        session = self.session
        for number in range(1, LONGEST_TURN + 1):
            if not self._reply() or number == LONGEST_TURN:
                return
            generator = session.voice.generator
            if not sends_more(generator, session.history, session.persona, self._rng):
                return

    def _reply(self) -> bool:
        """Generate and print one message. Returns False if it was stopped or is empty."""
        session, screen = self.session, self.screen
        stream = session.voice.generator.stream(
            session.history, session.persona, session.reply_decoding()
        )
        pieces: list[str] = []
        stopped = False
        try:
            with screen.waiting(f"{session.persona} is writing …"):
                first = next(stream, "")
            screen.speaker(session.persona)
            for piece in chain([first], stream):
                pieces.append(piece)
                screen.piece(piece)
        except KeyboardInterrupt:
            stopped = True
        message = session.hear("".join(pieces), stopped)
        if stopped and not pieces:
            screen.note("Stopped before the first word.")
        else:
            screen.end("(stopped)" if stopped else "" if message else "(says nothing)")
        return message is not None and not stopped

    # --- commands ---

    def _obey(self, command: Command) -> bool:
        act: dict[str, Callable[[str], None]] = {
            "help": self._help,
            "persona": self._persona,
            "as": self._as,
            "retry": self._retry,
            "undo": self._undo,
            "reset": self._reset,
            "set": self._set,
            "save": self._save,
        }
        if command.name == "quit":
            return False
        act[command.name](command.argument)
        return True

    def _header(self) -> None:
        session, note = self.session, self.screen.note
        decoding = session.decoding
        note(
            f"This is a model that imitates {one_line(session.persona)}, not the person: "
            "everything it says is made up.",
            style="",
        )
        note(
            f"Mimic {one_line(session.voice.mimic)} · base {one_line(session.voice.base)} · "
            + (f"engine {session.voice.engine} · " if session.voice.engine else "")
            + f"temperature {decoding.temperature:g} · top_p {decoding.top_p:g}"
            + ("" if decoding.seed is None else f" · seed {decoding.seed}")
        )
        self._say_if_guessed()
        note(f"You speak as {one_line(session.you)}. /help shows the commands.")

    def _help(self, _: str) -> None:
        self.screen.table(
            (f"/{line.name} {line.takes}".strip(), line.does) for line in commands.HELP
        )
        for tip in commands.TIPS:
            self.screen.note(tip)

    def _persona(self, wanted: str) -> None:
        session = self.session
        if not wanted:
            self._who("answers", session.persona)
            if self.mimics:
                self.screen.note(f"Mimics: {', '.join(map(one_line, self.mimics))}.")
            return
        name = find_name(wanted, session.people)
        mimic = wanted if name is None else self._better_for(name)
        if mimic:
            with self.screen.waiting(f"Loading {mimic} …"):
                voice = self.open_voice(mimic)
            session.turn_to(voice.generator.persona, voice)
        elif name is not None:
            session.turn_to(name)
        self._now_answers()

    def _better_for(self, name: str) -> str:
        """The mimic of that person, if the user prefers it to a rough guess; else ""."""
        voice = self.session.voice
        own = self.own.get(name, "")
        if not own or voice.was_trained_on(name):
            return ""
        has = f"There is a mimic of {one_line(name)}, {one_line(own)}"
        if self._lines is None or self._lines.agrees(f"{has}. Use it?"):
            return own
        return ""

    def _now_answers(self) -> None:
        session = self.session
        self.screen.note(
            f"{one_line(session.persona)} now answers (mimic {one_line(session.voice.mimic)}); "
            f"you speak as {one_line(session.you)}."
        )
        self._say_if_guessed()

    def _say_if_guessed(self) -> None:
        voice = self.session.voice
        if not voice.was_trained_on(self.session.persona):
            self.screen.note(
                f"This mimic was trained only on the words of {one_line(voice.generator.persona)}; "
                "anybody else is a rough guess."
            )

    def _as(self, wanted: str) -> None:
        session = self.session
        if not wanted:
            self._who("is you", session.you)
            return
        name = find_name(wanted, [*session.people, "You"])
        if name is None:
            self.screen.complain(f'The mimic knows nobody called "{one_line(wanted)}".')
            self._who("is you", session.you)
        elif name == session.persona:
            self.screen.complain(
                f"{one_line(name)} is the one who answers. Change that first: /persona NAME."
            )
        else:
            session.speak_as(name)
            self.screen.note(f"You speak as {one_line(name)}.")

    def _who(self, role: str, name: str) -> None:
        people = ", ".join(one_line(person) for person in self.session.people)
        self.screen.note(f"{one_line(name)} {role}. It knows: {people}.")

    def _retry(self, _: str) -> None:
        if self.session.drop_replies():
            self._answer()
        else:
            self.screen.complain("There is nothing to answer yet.")

    def _undo(self, _: str) -> None:
        gone = self.session.undo()
        if not gone:
            self.screen.complain("There is nothing to undo.")
            return
        answers = len(gone) - 1
        with_it = (
            f" and {'the answer' if answers == 1 else f'{answers} answers'}" if answers else ""
        )
        self.screen.note(f'Removed "{one_line(gone[0].message.text)}"{with_it}.')
        if self.session.entries:
            last = self.session.entries[-1].message
            self.screen.note(f"Last message: {one_line(last.sender)}: {one_line(last.text)}")

    def _reset(self, _: str) -> None:
        self.session.reset()
        self._saved.clear()  # those files hold another conversation
        self.screen.note("Started a new conversation.")

    def _set(self, argument: str) -> None:
        try:
            changed = commands.pairs(argument)
            decoding = self.session.decoding.with_values(changed)
        except SettingsError as error:
            self.screen.complain(error.what)
            return
        if changed:
            self._rng = random.Random(decoding.seed)
        self.session.decoding = decoding
        names = {find_setting(key).name for key, _ in changed}
        self.screen.table(
            (
                s.name,
                str(getattr(decoding, s.name)).lower(),
                f"{s.help} ({s.bounds})",
            )
            for s in SETTINGS
            if not names or s.name in names
        )

    def _save(self, argument: str) -> None:
        if not self.session.entries:
            self.screen.complain("There are no messages yet.")
            return
        path = Path(argument).expanduser().absolute() if argument else self._own_file()
        if path.exists() and path not in self._saved:
            self.screen.complain(f"{path} already exists. Choose another name.")
            return
        saving.save(self.session.entries, path, f"chat with {self.session.persona}")
        self._saved.add(path)
        count = len(self.session.entries)
        self.screen.note(f"Saved {count} message{'s' * (count != 1)} to {path}")

    def _own_file(self) -> Path:
        folder = private_folder(self.home.chats)
        stem = f"{folder_name(self.session.persona)}-{datetime.now():%Y%m%d-%H%M%S}"
        # Two people may have the same folder name, and two chats may be saved in the same second.
        names = (f"{stem}.jsonl" if n == 1 else f"{stem}-{n}.jsonl" for n in count(1))
        return next(folder / name for name in names if not (folder / name).exists())

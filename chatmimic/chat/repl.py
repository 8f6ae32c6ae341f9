"""The loop of the chat: a line comes in, a reply or the effect of a command goes out."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from chatmimic.chat import commands, saving
from chatmimic.chat.commands import Command, Said, Unknown
from chatmimic.chat.lines import Lines
from chatmimic.chat.screen import Screen, one_line
from chatmimic.chat.session import Session, Voice, find_name
from chatmimic.errors import ChatmimicError
from chatmimic.files import private_folder
from chatmimic.folders import folder_name
from chatmimic.generation.decoding import SETTINGS, find_setting, sentence
from chatmimic.home import Home

BURST = 4  # messages in a row at most
LEFT, INTERRUPTED = 0, 130  # exit statuses


class Repl:
    """A chat between the user and a voice.

    `open_voice` loads another mimic by name (and raises MimicError when there is none). `mimics`
    are the names it knows, `own` which of them somebody has as a mimic of their own.
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
        self._chance = random.Random(session.decoding.seed)

    def run(self, lines: Lines) -> int:
        """Talk until the user leaves or the lines end; the exit status."""
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
        """Act on one line; False when it says to leave."""
        meant = commands.parse(line)
        if isinstance(meant, Said):
            if meant.text:
                self._say(meant.text)
        elif isinstance(meant, Unknown):
            near = f" Did you mean /{meant.near}?" if meant.near else ""
            self.screen.complain(f"There is no command /{one_line(meant.name)}.{near} See /help.")
        else:
            return self._obey(meant)
        return True

    def warn(self) -> None:
        """Say how to leave, for a first Ctrl-C at an empty line."""
        self.screen.note("Press Ctrl-C again or type /quit to leave.")

    def completions(self, line: str) -> list[str]:
        """What Tab offers."""
        return commands.completions(line, self.session.people, self.mimics)

    # --- talking ---

    def _say(self, text: str) -> None:
        self.session.say(text)
        self._answer()

    def _answer(self) -> None:
        """One reply, and more while the persona, by the model's expectation, goes on."""
        for number in range(1, BURST + 1):
            if not self._reply() or number == BURST:
                return
            session = self.session
            chance = session.voice.generator.continues(session.history, session.persona)
            if self._chance.random() >= chance:
                return

    def _reply(self) -> bool:
        """One message of the persona, shown as it is made. False when it was stopped or empty."""
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
            screen.note("Stopped before a word was said.")
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
            f"An imitation of {one_line(session.persona)} by a model, not the person: "
            "all it says is made up.",
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
            with self.screen.waiting(f"Opening {mimic} …"):
                voice = self.open_voice(mimic)
            session.turn_to(voice.generator.persona, voice)
        elif name is not None:
            session.turn_to(name)
        self._now_answers()

    def _better_for(self, name: str) -> str:
        """The mimic that somebody has of their own and the user wants instead of a guess; or ""."""
        voice = self.session.voice
        own = self.own.get(name, "")
        if not own or voice.learnt(name):
            return ""
        has = f"{one_line(name)} has a mimic of their own, {one_line(own)}"
        if self._lines is None or self._lines.agrees(f"{has}. Let it answer?"):
            return own
        return ""

    def _now_answers(self) -> None:
        session = self.session
        self.screen.note(
            f"{one_line(session.persona)} answers now (mimic {one_line(session.voice.mimic)}); "
            f"you speak as {one_line(session.you)}."
        )
        self._say_if_guessed()

    def _say_if_guessed(self) -> None:
        voice = self.session.voice
        if not voice.learnt(self.session.persona):
            self.screen.note(
                f"This mimic learnt only the words of {one_line(voice.generator.persona)}: "
                "anybody else is a rough guess."
            )

    def _as(self, wanted: str) -> None:
        session = self.session
        if not wanted:
            self._who("is you", session.you)
            return
        name = find_name(wanted, [*session.people, "You"])
        if name is None:
            self.screen.complain(f'Nobody it knows is called "{one_line(wanted)}".')
            self._who("is you", session.you)
        elif name == session.persona:
            self.screen.complain(
                f"{one_line(name)} is who answers. Let somebody else do so first: /persona NAME."
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
            self.screen.complain("There is nothing to take back.")
            return
        answers = len(gone) - 1
        with_it = (
            f" and {'the answer' if answers == 1 else f'{answers} answers'}" if answers else ""
        )
        self.screen.note(f'Taken back: "{one_line(gone[0].message.text)}"{with_it}.')
        if self.session.entries:
            last = self.session.entries[-1].message
            self.screen.note(f"Last said: {one_line(last.sender)}: {one_line(last.text)}")

    def _reset(self, _: str) -> None:
        self.session.reset()
        self._saved.clear()  # those hold another conversation
        self.screen.note("A new conversation.")

    def _set(self, argument: str) -> None:
        try:
            asked = commands.pairs(argument)
            decoding = self.session.decoding.with_values(asked)
        except ValueError as error:
            self.screen.complain(sentence(error))
            return
        if asked:
            self._chance = random.Random(decoding.seed)
        self.session.decoding = decoding
        names = {find_setting(key).name for key, _ in asked}
        self.screen.table(
            (
                s.name,
                str(getattr(decoding, s.name)).lower(),
                f"{s.meaning} ({s.low:g} to {s.high:.10g})",
            )
            for s in SETTINGS
            if not names or s.name in names
        )

    def _save(self, argument: str) -> None:
        if not self.session.entries:
            self.screen.complain("Nothing has been said yet.")
            return
        path = Path(argument).expanduser().absolute() if argument else self._own_file()
        if path.exists() and path not in self._saved:
            self.screen.complain(f"{path} is there already. Choose another name.")
            return
        saving.save(self.session.entries, path, f"chat with {self.session.persona}")
        self._saved.add(path)
        count = len(self.session.entries)
        self.screen.note(f"Saved {count} message{'s' * (count != 1)} to {path}")

    def _own_file(self) -> Path:
        folder = private_folder(self.home.chats)
        stem = f"{folder_name(self.session.persona)}-{datetime.now():%Y%m%d-%H%M%S}"
        # Two people may have the same folder name, and two chats be saved in the same second.
        names = (f"{stem}.jsonl" if n == 1 else f"{stem}-{n}.jsonl" for n in count(1))
        return next(folder / name for name in names if not (folder / name).exists())

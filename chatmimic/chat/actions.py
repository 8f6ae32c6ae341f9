"""What the commands of the chat do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chatmimic.chat import commands
from chatmimic.chat.file_actions import FileActions
from chatmimic.chat.needs import Chat
from chatmimic.chat.screen import Screen, one_line
from chatmimic.chat.session import Session, find_name
from chatmimic.chat.sources import show_sources
from chatmimic.chat.waits import OFF, QUICK, REAL, RHYTHMS
from chatmimic.errors import SettingsError
from chatmimic.generation.decoding import SETTINGS, find_setting
from chatmimic.records import Message
from chatmimic.text import visible

_HOW_LONG = {
    REAL: "replies take as long as the person took",
    QUICK: "replies wait up to 3 seconds",
    OFF: "replies come at once",
}
_ALTERNATIVES, _MOST_ALTERNATIVES = 4, 20


class Actions:
    """The commands of a chat, but for the one to leave it."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self._files = FileActions(chat)
        self._warned: set[str] = set()  # what was said of copies, once for all mimics
        self._offered: list[str] = []  # alternatives to an answer …
        self._offered_for: list[Message] = []  # … to these messages
        self.by_name: dict[str, Callable[[str], None]] = {
            "help": self._help,
            "persona": self._persona,
            "as": self._as,
            "retry": self._retry,
            "alternatives": self._alternatives,
            "pick": self._pick,
            "continue": self._continue,
            "edit": self._edit,
            "undo": self._undo,
            "reset": self._reset,
            "set": self._set,
            "seed": self._seed,
            "stats": self._stats,
            "why": self._why,
            "memory": self._memory,
            "status": self._status,
            "rhythm": self._rhythm,
            **self._files.by_name,
        }

    @property
    def session(self) -> Session:
        """The chat's state."""
        return self.chat.session

    @property
    def screen(self) -> Screen:
        """The chat's output."""
        return self.chat.screen

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
            if self.chat.mimics:
                self.screen.note(f"Mimics: {', '.join(map(one_line, self.chat.mimics))}.")
            return
        name = find_name(wanted, session.people)
        mimic = wanted if name is None else self._better_for(name)
        if mimic:
            with self.screen.waiting(f"Loading {mimic} …"):
                voice = self.chat.open_voice(mimic)
            session.turn_to(voice.generator.persona, voice)
        elif name is not None:
            session.turn_to(name)
        self._now_answers()

    def _better_for(self, name: str) -> str:
        """The mimic of that person, if the user prefers it to a rough guess; else ""."""
        voice = self.session.voice
        own = self.chat.own.get(name, "")
        if not own or voice.was_trained_on(name):
            return ""
        has = f"There is a mimic of {one_line(name)}, {one_line(own)}"
        if self.chat.lines is None or self.chat.lines.agrees(f"{has}. Use it?"):
            return own
        return ""

    def _now_answers(self) -> None:
        session = self.session
        self.screen.note(
            f"{one_line(session.persona)} now answers (mimic {one_line(session.voice.mimic)}); "
            f"you speak as {one_line(session.you)}."
        )
        self.say_limits()

    def say_limits(self) -> None:
        """Say it if the one who answers is a rough guess, or may copy what it has read."""
        voice = self.session.voice
        if not voice.was_trained_on(self.session.persona):
            self.screen.note(
                f"This mimic was trained only on the words of {one_line(voice.generator.persona)}; "
                "anybody else is a rough guess."
            )
        self.say_unchecked()

    def say_unchecked(self) -> None:
        """Say it, once, if replies cannot be checked for copies."""
        unchecked = self.session.voice.unchecked
        if unchecked and unchecked not in self._warned:
            self._warned.add(unchecked)
            self.screen.note(unchecked)

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
            self.chat.answer()
        else:
            self.screen.complain("There is nothing to answer yet.")

    def _alternatives(self, argument: str) -> None:
        session, screen = self.session, self.screen
        wanted = _ALTERNATIVES if not argument else _count(argument)
        if wanted is None or not 2 <= wanted <= _MOST_ALTERNATIVES:
            screen.complain(f"Use /alternatives with a number from 2 to {_MOST_ALTERNATIVES}.")
            return
        asked = session.before_answer()
        if not asked:
            screen.complain("There is nothing to answer yet.")
            return
        with screen.waiting(f"{session.persona} is writing …"):
            found = session.voice.generator.alternatives(
                asked, session.persona, session.reply_decoding(), wanted
            )
        self._offered_for = asked
        self._offered = list(dict.fromkeys(text for text in found if text.strip()))
        if not self._offered:
            screen.note("(says nothing)")
            return
        screen.table((str(number), visible(text)) for number, text in enumerate(self._offered, 1))
        screen.note("Take one with /pick NUMBER.")

    def _pick(self, argument: str) -> None:
        number = _count(argument)
        if not self._offered or self._offered_for != self.session.before_answer():
            self.screen.complain("There are no alternatives to your last message: /alternatives.")
        elif number is None or not 1 <= number <= len(self._offered):
            self.screen.complain(f"Use /pick with a number from 1 to {len(self._offered)}.")
        else:
            self.session.drop_replies()
            self.session.hear(self._offered[number - 1])
            self.screen.message(self.session.persona, self._offered[number - 1])
            self._offered = []

    def _continue(self, _: str) -> None:
        self.chat.reply()

    def _edit(self, text: str) -> None:
        if not text:
            self.screen.complain("Use /edit with the new text of your last message.")
        elif self.session.edit(text):
            self.chat.answer()
        else:
            self.screen.complain("There is nothing to edit yet.")

    def _seed(self, argument: str) -> None:
        self._set(f"seed={argument or 'none'}")

    def _stats(self, _: str) -> None:
        session = self.session
        if not session.entries:
            self.screen.complain("There are no messages yet.")
            return
        rows = []
        for name in dict.fromkeys(message.sender for message in session.history):
            texts = [message.text for message in session.history if message.sender == name]
            words = sum(len(text.split()) for text in texts) / len(texts)
            messages = f"{len(texts)} message{'s' * (len(texts) != 1)}"
            rows.append((one_line(name), f"{messages}, {words:.1f} words each"))
        if took := self.chat.seconds:
            rows.append(("replies", f"{sum(took) / len(took):.1f} s each"))
        self.screen.table(rows)

    def _why(self, _: str) -> None:
        reply = self.session.last_reply()
        training = self.session.voice.training
        if reply is None:
            self.screen.complain("There is no reply yet.")
        elif training is None:
            self.screen.complain("This mimic was not trained on messages of the archive.")
        else:
            with self.screen.waiting("Reading what it was trained on …"):
                found = training.most_alike(reply)
            show_sources(self.screen, reply, found)

    def _memory(self, argument: str) -> None:
        session, screen = self.session, self.screen
        memory = session.voice.memory
        if memory is None:
            screen.complain("There is no archive here, or --no-memory was given.")
            return
        if argument in ("on", "off"):
            memory.on = argument == "on"
        elif argument:
            screen.complain("Use /memory, /memory on or /memory off.")
            return
        if argument or not memory.on:
            screen.note(f"Memory is {'on' if memory.on else 'off'}.")
            return
        asked = session.before_answer()
        if not asked:
            screen.complain("There is nothing to answer yet.")
            return
        found = session.voice.recalled(asked)
        if not found:
            screen.note("Nothing was recalled for your last message.")
            return
        screen.table(
            (when(one.answer), f"{said(one.asked)}{said(one.answer)}".rstrip("\n")) for one in found
        )

    def _rhythm(self, argument: str) -> None:
        if argument and argument not in RHYTHMS:
            self.screen.complain(f"Use /rhythm with one of: {', '.join(RHYTHMS)}.")
            return
        self.chat.waits.mode = argument or self.chat.waits.mode
        self.screen.note(f"Rhythm: {self.chat.waits.mode} ({_HOW_LONG[self.chat.waits.mode]}).")

    def _status(self, argument: str) -> None:
        if argument in ("on", "off"):
            self.chat.says_status = argument == "on"
            self.screen.note(f"The line after each answer is {argument}.")
        elif argument:
            self.screen.complain("Use /status, /status on or /status off.")
        else:
            self.screen.note(" · ".join(map(one_line, self.chat.facts())))

    def show_last(self) -> None:
        """Print the last few messages."""
        self._files.show_last()

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
        self._files.begin_anew()
        self.screen.note("Started a new conversation.")

    def _set(self, argument: str) -> None:
        try:
            changed = commands.pairs(argument)
            decoding = self.session.decoding.with_values(changed)
        except SettingsError as error:
            self.screen.complain(error.what)
            return
        self.session.decoding = decoding
        if changed:
            self.chat.draw_anew()
        names = {find_setting(key).name for key, _ in changed}
        self.screen.table(
            (
                s.name,
                str(getattr(decoding, s.name)).lower(),
                s.help if s.bounds is None else f"{s.help} ({s.bounds})",
            )
            for s in SETTINGS
            if not names or s.name in names
        )


def when(message: Message) -> str:
    """When a message was sent, as a date here, and its thread."""
    at = message.sent_at
    day = f"{datetime.fromtimestamp(at / 1000):%Y-%m-%d}" if at is not None else "before"
    return f"{day} {one_line(message.thread_title, 20)}".strip()


def said(message: Message | None) -> str:
    """A message as a line, or nothing."""
    return "" if message is None else visible(f"{one_line(message.sender)}: {message.text}\n")


def _count(text: str) -> int | None:
    """A number as typed; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None

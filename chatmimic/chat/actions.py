"""What the commands of the chat do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chatmimic.chat import commands
from chatmimic.chat.file_actions import FileActions
from chatmimic.chat.needs import Chat
from chatmimic.chat.people_actions import PeopleActions
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
_MESSAGES, _MOST_MESSAGES = 10, 500  # of those who talk among themselves


class Actions:
    """The commands of a chat, but for the one to leave it."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self._people = PeopleActions(chat)
        self._files = FileActions(chat, self._people)
        self._offered_by = ""  # who says the …
        self._offered: list[str] = []  # alternatives to an answer …
        self._offered_for: list[Message] = []  # … to these messages
        self.by_name: dict[str, Callable[[str], None]] = {
            "help": self._help,
            "retry": self._retry,
            "alternatives": self._alternatives,
            "pick": self._pick,
            "continue": self._continue,
            "self": self._self,
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
            **self._people.by_name,
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

    def say_limits(self) -> None:
        """Say it if those who answer are rough guesses, or may copy what they have read."""
        self._people.say_limits()

    def say_unchecked(self) -> None:
        """Say it, once, if replies cannot be checked for copies."""
        self._people.say_unchecked()

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
        speaker = session.first_to_answer(self.chat.rng)
        with screen.waiting(f"{speaker} is writing …"):
            found = session.voice_for(speaker).generator.alternatives(
                asked, speaker, session.reply_decoding(), wanted
            )
        self._offered_by = speaker
        self._offered_for = asked
        self._offered = list(dict.fromkeys(text for text in found if text.strip()))
        if not self._offered:
            screen.note("(says nothing)")
            return
        if session.others:
            screen.note(f"{one_line(speaker)}:")
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
            self.session.hear(self._offered[number - 1], speaker=self._offered_by)
            self.screen.message(self._offered_by, self._offered[number - 1])
            self._offered = []

    def _continue(self, wanted: str) -> None:
        speaker = find_name(wanted, list(self.session.voices)) if wanted else None
        if wanted and speaker is None:
            self.screen.complain(
                f'Nobody called "{one_line(wanted)}" answers: /with lists those who do.'
            )
        else:
            self.chat.reply(speaker or self.chat.draw_speaker() or "")

    def _self(self, argument: str) -> None:
        session = self.session
        wanted = _MESSAGES if not argument else _count(argument)
        if wanted is None or not 1 <= wanted <= _MOST_MESSAGES:
            self.screen.complain(f"Use /self with a number from 1 to {_MOST_MESSAGES}.")
            return
        if not session.others:
            self.screen.note(f"{one_line(session.you)} is played by the mimic, too.")
            self._people.say_if_guessed(session.voice, [session.you])
        for _ in range(wanted):
            if not self.chat.reply(session.next_among_all(self.chat.rng)):
                return

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
        training = self.session.voice_for(reply.sender if reply else "").training
        if reply is None:
            self.screen.complain("There is no reply yet.")
        elif training is None:
            self.screen.complain("This mimic was not trained on messages of the archive.")
        else:
            with self.screen.waiting("Reading what it was trained on …"):
                found = training.most_alike(reply.text)
            show_sources(self.screen, reply.text, found)

    def _memory(self, argument: str) -> None:
        session, screen = self.session, self.screen
        memories = [voice.memory for voice in session.models if voice.memory is not None]
        if not memories:
            screen.complain("There is no archive here, or --no-memory was given.")
            return
        if argument in ("on", "off"):
            for memory in memories:
                memory.on = argument == "on"
        elif argument:
            screen.complain("Use /memory, /memory on or /memory off.")
            return
        on = any(memory.on for memory in memories)
        if argument or not on:
            screen.note(f"Memory is {'on' if on else 'off'}.")
            return
        asked = session.before_answer()
        if not asked:
            screen.complain("There is nothing to answer yet.")
            return
        found = [one for voice in session.models for one in voice.recalled(asked)]
        for missed in dict.fromkeys(memory.missed for memory in memories if memory.missed):
            screen.complain(missed)
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

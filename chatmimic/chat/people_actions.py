"""The commands of the chat about who takes part: those who answer, and the user."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chatmimic.chat.needs import Chat
from chatmimic.chat.screen import Screen, and_, one_line
from chatmimic.chat.session import Session, find_name
from chatmimic.chat.voice import Voice


class PeopleActions:
    """The commands that change who takes part."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self._warned: set[str] = set()  # what was said of copies, once for all mimics
        self._guessed: set[tuple[str, str]] = set()  # mimics and whom they guess: that was said
        self.by_name: dict[str, Callable[[str], None]] = {
            "persona": self._persona,
            "with": self._with,
            "without": self._without,
            "as": self._as,
        }

    @property
    def session(self) -> Session:
        """The chat's state."""
        return self.chat.session

    @property
    def screen(self) -> Screen:
        """The chat's output."""
        return self.chat.screen

    def _persona(self, wanted: str) -> None:
        if not wanted:
            self._who("answers", self.session.persona)
            self._list_mimics()
            return
        self.session.turn_to(*self._found(wanted))
        self.say_who_answers()

    def _with(self, wanted: str) -> None:
        if not wanted:
            self._list_room()
            self._list_mimics()
            return
        joined = [name for part in self._names(wanted) if (name := self._join(part))]
        if joined:
            self.say_who_answers()

    def _join(self, wanted: str) -> str:
        """Let somebody answer, too. Returns their name, or "" if they do not."""
        if self._is_here(find_name(wanted, self.session.people)):
            return ""
        name, voice = self._found(wanted)
        if self._is_here(name):
            return ""
        self.session.join(name, voice)
        return name

    def _is_here(self, name: str | None) -> bool:
        """Whether somebody takes part already, which is said."""
        if name in self.session.voices:
            self.screen.complain(f"{one_line(name)} answers already.")
        elif name == self.session.you:
            self.screen.complain(f"{one_line(name)} is you. Change that first: /as NAME.")
        else:
            return False
        return True

    def _without(self, wanted: str) -> None:
        session = self.session
        if not session.others:
            self.screen.complain(f"Only {one_line(session.persona)} answers.")
            return
        for part in self._names(wanted) if wanted else list(session.others):
            name = find_name(part, list(session.voices))
            if name in session.others:
                session.leave(name)
            elif name is None:
                self.screen.complain(f'Nobody called "{one_line(part)}" answers.')
            else:
                self.screen.complain(
                    f"{one_line(name)} is the persona. Change that first: /persona NAME."
                )
        self._list_room()

    def _names(self, wanted: str) -> list[str]:
        """Names with commas between them; a name that has a comma itself may stand alone."""
        if find_name(wanted, self.session.people):
            return [wanted]
        return [name for part in wanted.split(",") if (name := part.strip())]

    def _found(self, wanted: str) -> tuple[str, Voice]:
        """The person who is meant, and the voice to speak for them: that of another mimic if it is
        the mimic that is meant, or preferred. Raises MimicError if nobody is.
        """
        session = self.session
        name = find_name(wanted, session.people)
        mimic = wanted if name is None else self._better_for(name)
        if not mimic and name is not None:
            return name, session.voice_for(name)
        with self.screen.waiting(f"Loading {mimic} …"):
            voice = self.chat.open_voice(mimic)
        return voice.generator.persona, voice

    def _better_for(self, name: str) -> str:
        """The mimic of that person, if the user prefers it to a rough guess; else ""."""
        own = self.chat.own.get(name, "")
        if not own or self.session.voice_for(name).was_trained_on(name):
            return ""
        has = f"There is a mimic of {one_line(name)}, {one_line(own)}"
        if self.chat.lines is None or self.chat.lines.agrees(f"{has}. Use it?"):
            return own
        return ""

    def say_who_answers(self) -> None:
        """Say who answers from now on, and what is to be said of them."""
        session = self.session
        mimics = ", ".join(map(one_line, session.mimics))
        self.screen.note(
            f"{and_(list(session.voices))} now answer{'s' * (not session.others)} "
            f"(mimic{'s' * (len(session.mimics) > 1)} {mimics}); "
            f"you speak as {one_line(session.you)}."
        )
        self.say_limits()

    def say_limits(self) -> None:
        """Say it if those who answer are rough guesses, or may copy what they have read."""
        session = self.session
        for voice in session.models:
            spoken_for = [name for name, its in session.voices.items() if its is voice]
            self.say_if_guessed(voice, spoken_for)
        self.say_unchecked()

    def say_if_guessed(self, voice: Voice, people: Sequence[str]) -> None:
        """Say it, once, if some of these people are rough guesses of a voice."""
        guessed = [name for name in people if not voice.was_trained_on(name)]
        new = {(voice.mimic, name) for name in guessed} - self._guessed
        self._guessed |= new
        if new:
            which = "This mimic" if len(self.session.mimics) == 1 else f"The mimic {voice.mimic}"
            self.screen.note(
                f"{which} was trained only on the words of {one_line(voice.generator.persona)}; "
                "anybody else is a rough guess."
            )

    def say_unchecked(self) -> None:
        """Say it, once, if replies cannot be checked for copies."""
        for voice in self.session.models:
            if voice.unchecked and voice.unchecked not in self._warned:
                self._warned.add(voice.unchecked)
                self.screen.note(voice.unchecked)

    def _as(self, wanted: str) -> None:
        session = self.session
        if not wanted:
            self._who("is you", session.you)
            return
        name = find_name(wanted, [*session.people, "You"])
        if name is None:
            self.screen.complain(f'The mimic knows nobody called "{one_line(wanted)}".')
            self._who("is you", session.you)
        elif name in session.voices:
            change = "/persona NAME" if name == session.persona else f"/without {one_line(name)}"
            role = "answers, too" if name in session.others else "is the one who answers"
            self.screen.complain(f"{one_line(name)} {role}. Change that first: {change}.")
        else:
            session.speak_as(name)
            self.screen.note(f"You speak as {one_line(name)}.")

    def _who(self, role: str, name: str) -> None:
        self.screen.note(f"{one_line(name)} {role}. It knows: {self._people()}.")

    def _people(self) -> str:
        return ", ".join(map(one_line, self.session.people))

    def _list_room(self) -> None:
        session = self.session
        answer = f"{and_(list(session.voices))} answer{'s' * (not session.others)}"
        self.screen.note(f"{answer}. Those who can: {self._people()}.")

    def _list_mimics(self) -> None:
        if self.chat.mimics:
            self.screen.note(f"Mimics: {', '.join(map(one_line, self.chat.mimics))}.")

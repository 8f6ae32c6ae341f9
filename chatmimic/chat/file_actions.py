"""The commands of the chat that read and write files: kept chats, saved ones, exports."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from chatmimic.chat import exporting, saving
from chatmimic.chat.kept import find_chat, kept_chats, kept_files, new_chat_file
from chatmimic.chat.needs import Chat
from chatmimic.chat.people_actions import PeopleActions
from chatmimic.chat.screen import PLAYED, one_line
from chatmimic.chat.session import Entry
from chatmimic.chat.voice import Voice
from chatmimic.errors import ChatmimicError
from chatmimic.files import typed_path
from chatmimic.generation import as_text
from chatmimic.text import visible

_LISTED = 20  # chats
_SHOWN = 6  # messages of a chat that is gone on with


class FileActions:
    """The commands that read and write files."""

    def __init__(self, chat: Chat, people: PeopleActions) -> None:
        self.chat = chat
        self._people = people
        self._written: set[Path] = set()  # files with this chat, which may be renewed
        self.by_name: dict[str, Callable[[str], None]] = {
            "save": self._save,
            "load": self._load,
            "export": self._export,
            "sessions": self._sessions,
            "resume": self._resume,
            "discard": self._discard,
        }

    def begin_anew(self) -> None:
        """Another chat begins: what was written of this one stays as it is."""
        self._written.clear()
        if self.chat.kept is not None:
            self.chat.kept.begin_anew()

    def show_last(self) -> None:
        """Print the last few messages."""
        entries, screen = self.chat.session.entries, self.chat.screen
        last = entries[-_SHOWN:]
        shown = f", the last {len(last)}" if len(last) < len(entries) else ""
        screen.note(f"{_count(entries)} so far{shown}:")
        for entry in last:
            mark = f" {PLAYED}" if self.chat.session.is_played(entry) else ""
            screen.past(entry.message.sender, as_text(entry.message) + mark)

    def _save(self, argument: str) -> None:
        session = self.chat.session
        if not session.entries:
            self.chat.screen.complain("There are no messages yet.")
            return
        path = _path(argument) if argument else self._own_file()
        if self._may_write(path):
            saving.save(session.entries, path, session.voice.mimic, session.room)
            self._say_written("Saved", path)

    def _own_file(self) -> Path:
        path = new_chat_file(self.chat.home.chats, self.chat.session.voice.mimic)
        self._written.add(path)
        return path

    def _export(self, argument: str) -> None:
        session, screen = self.chat.session, self.chat.screen
        if not argument:
            screen.complain(f"Use /export with a file: {', '.join(exporting.SUFFIXES)}.")
        elif not session.entries:
            screen.complain("There are no messages yet.")
        elif self._may_write(path := _path(argument)):
            exporting.export(session.history, path, ", ".join(session.mimics))
            self._say_written("Exported", path)

    def _may_write(self, path: Path) -> bool:
        """Whether there is no such file, or only an earlier one of this chat."""
        if (path.exists() or path.is_symlink()) and path not in self._written:
            self.chat.screen.complain(f"{path} already exists. Choose another name.")
            return False
        return True

    def _say_written(self, done: str, path: Path) -> None:
        self._written.add(path)
        self.chat.screen.note(f"{done} {_count(self.chat.session.entries)} to {path}")

    def _load(self, argument: str) -> None:
        screen = self.chat.screen
        if not argument:
            screen.complain("Use /load with a file that /save wrote.")
            return
        path = _path(argument)
        entries = saving.read_chat(path, self.chat.session.you).entries
        self.begin_anew()
        self.chat.session.load(entries)
        screen.note(f"Loaded {_count(entries)} from {path}")
        if entries:
            last = entries[-1].message
            screen.note(f"Last message: {one_line(last.sender)}: {one_line(last.text)}")

    def _sessions(self, _: str) -> None:
        folder, screen = self.chat.home.chats, self.chat.screen
        rows = []
        for path, saved in islice(kept_chats(folder), _LISTED):
            last = saved.messages[-1]
            here = " (this one)" if self._is_this(path) else ""
            said = f"{one_line(last.sender, 20)}: {one_line(last.text, 40)}"
            rows.append((path.stem, f"{_count(saved.entries)}{here}; {said}"))
        more = max(0, len(kept_files(folder)) - len(rows))
        full = len(rows) == _LISTED
        if rows:
            screen.table((visible(name), what) for name, what in rows)
            screen.note(
                f"{f'{more} more are' if more and full else 'They are'} in {folder}; delete a file "
                "there to delete the chat. /resume NAME goes on with one."
            )
        else:
            screen.note(f"No chat is kept in {folder}.")
        if more and not full:
            screen.note(f"Files there that hold no chat, or a damaged one: {more}.")

    def _is_this(self, path: Path) -> bool:
        return self.chat.kept is not None and self.chat.kept.path == path

    def _resume(self, argument: str) -> None:
        session, kept = self.chat.session, self.chat.kept
        this = None if kept is None else kept.path
        path = find_chat(self.chat.home.chats, argument, session.voice.mimic, but=this)
        saved = saving.read_chat(path, session.you, unfinished=True)
        self.begin_anew()
        session.load(saved.entries)
        if kept is not None:
            kept.go_on(path)
        self.chat.screen.note(f"This is {one_line(path.stem)}.")
        self._bring_back(saved)
        self.show_last()

    def _bring_back(self, saved: saving.Saved) -> None:
        """Let those answer who did in a kept chat, and the user be who they were."""
        session, before = self.chat.session, self.chat.session.room
        found = {who: voice for who, its in saved.room.items() if (voice := self._voice(who, its))}
        if found:
            session.let_answer(found)
        mine = (entry.message.sender for entry in reversed(saved.entries) if entry.mine)
        you = next(mine, "")
        if you in (*session.people, "You") and you not in session.voices:
            session.speak_as(you)
        if session.room != before:
            self._people.say_who_answers()

    def _voice(self, person: str, mimic: str) -> Voice | None:
        """The voice that spoke for a person of a kept chat; None, which is said, if it is gone."""
        session, screen = self.chat.session, self.chat.screen
        voice = next((voice for voice in session.models if voice.mimic == mimic), None)
        try:
            if voice is None:
                with screen.waiting(f"Loading {mimic} …"):
                    voice = self.chat.open_voice(mimic)
        except ChatmimicError as error:
            screen.note(f"{one_line(person)} is missing: {error.what}")
            return None
        return voice if person in voice.generator.people else None

    def _discard(self, _: str) -> None:
        kept = self.chat.kept
        if kept is None or kept.path is None:
            self.chat.screen.complain("This chat is not kept.")
            return
        path = kept.path
        kept.discard()
        self.chat.screen.note(f"Deleted {path}. This chat is kept no more.")


def _path(argument: str) -> Path:
    return typed_path(argument).absolute()


def _count(entries: list[Entry] | tuple[Entry, ...]) -> str:
    return f"{len(entries)} message{'s' * (len(entries) != 1)}"

"""Chats that are kept: a file for each in the home's `chats`, which grows with the chat."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, count, islice
from pathlib import Path
from types import MappingProxyType

from chatmimic.chat.saving import Saved, as_lines, read_chat
from chatmimic.chat.session import Entry
from chatmimic.errors import ChatmimicError
from chatmimic.files import private_folder, write_atomically
from chatmimic.folders import folder_name
from chatmimic.lookup import begun, meant

_SUFFIX = ".jsonl"
_READ_FOR_A_MIMIC = 1_000  # files, so that a folder of many years does not take long


class Kept:
    """The file of a chat. Each message is appended; what is taken back is gone from it, too.

    Nothing is written before the first message. `say` gets a sentence where something is not kept.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.path: Path | None = None
        self.on = True
        self._say = say
        self._written: list[Entry] | None = None  # None: not known, the file is written anew
        self._room: Mapping[str, str] = {}  # who answered when it was written
        self._state: tuple[int, int] | None = None  # of the file, when it was written last

    def write(
        self, entries: Sequence[Entry], mimic: str, room: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Bring the file up to date. A file that somebody else changed or removed is left alone."""
        if [*room.items()] != [*self._room.items()]:
            self._room, self._written = dict(room), None
        if not self.on or entries == self._written:
            return
        try:
            if entries:
                self._follow(entries, mimic)
            elif self.path is not None:
                self._delete()
        except (ChatmimicError, OSError) as error:
            self.on = False
            why = error.what if isinstance(error, ChatmimicError) else error.strerror or str(error)
            self._say(f"This chat is kept no more: {why}")

    def go_on(self, path: Path) -> None:
        """Follow another file, which has the chat's messages."""
        self.begin_anew()
        self.path, self._state = path, _state_of(path)

    def begin_anew(self) -> None:
        """Leave the file as it is: another chat begins, in another file."""
        self.on = True
        self.path = self._written = self._state = None

    def discard(self) -> None:
        """Delete the file, and keep nothing more of this chat."""
        self._delete()
        self.on = False

    def _delete(self) -> None:
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        self.begin_anew()

    def _follow(self, entries: Sequence[Entry], mimic: str) -> None:
        if not self._is_still_ours():
            return
        if self.path is None:
            self.path = new_chat_file(self.folder, mimic)
        done = self._written
        self._written = self._state = None  # should a Ctrl-C come now
        if done and list(entries[: len(done)]) == done:
            _append(self.path, as_lines(entries[len(done) :], mimic, self._room))
        else:
            write_atomically(self.path, as_lines(entries, mimic, self._room))
        self._written, self._state = list(entries), _state_of(self.path)

    def _is_still_ours(self) -> bool:
        """Whether to write: not if the file was deleted; to another file if it was changed."""
        if self.path is None or self._state is None:
            return True
        state = _state_of(self.path)
        if state is None:
            self.on = False
            self._say(f"{self.path} was deleted: this chat is kept no more.")
        elif state != self._state:
            self._say(
                f"{self.path} was changed elsewhere: from here this chat has a file of its own."
            )
            self.begin_anew()
        return self.on


def new_chat_file(folder: Path, mimic: str) -> Path:
    """Create an empty private file for a chat: `ada-lovelace-20240517-200000.jsonl`."""
    stem = f"{folder_name(mimic)}-{datetime.now():%Y%m%d-%H%M%S}"
    try:
        private_folder(folder)
        return next(
            path
            for n in count(1)
            if _is_new(path := folder / f"{stem}{'' if n == 1 else f'-{n}'}{_SUFFIX}")
        )
    except OSError as error:
        raise ChatmimicError(
            f"Cannot write to {folder}: {error.strerror or error}.",
            "Choose another place with --home.",
        ) from error


def _is_new(path: Path) -> bool:
    """Create a private file; False if there is one of that name."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def kept_files(folder: Path) -> list[Path]:
    """The files of the chats in a folder, the one that was written last first."""
    found = [path for path in folder.glob(f"*{_SUFFIX}") if path.name[0] != "."]
    written = {path: state for path in found if (state := _state_of(path)) and state[1]}
    return sorted(written, key=lambda path: (written[path][0], path.name), reverse=True)


def kept_chats(folder: Path) -> Iterator[tuple[Path, Saved]]:
    """The chats in a folder that can be read and have a message, the newest first."""
    return _chats_in(kept_files(folder))


def _chats_in(paths: Iterable[Path]) -> Iterator[tuple[Path, Saved]]:
    for path in paths:
        try:
            saved = read_chat(path, unfinished=True)
        except ChatmimicError:  # somebody else's file, or a damaged one
            continue
        if saved.entries:  # none: killed while the first was written
            yield path, saved


def find_chat(folder: Path, wanted: str = "", mimic: str = "", but: Path | None = None) -> Path:
    """The newest chat of that name, or whose name begins so; without a name, that of the mimic.

    A file that holds no chat, or a damaged one, is only found where no other has such a name. `but`
    is not looked at. Raises ChatmimicError if there is none.
    """
    found: Iterator[Path]
    if not wanted:
        newest = islice(kept_chats(folder), _READ_FOR_A_MIMIC)
        found = (path for path, saved in newest if mimic in ("", saved.mimic))
    else:
        names = {path.stem: path for path in kept_files(folder) if path != but}
        fitting = meant(wanted, names) or begun(folder_name(wanted), names)
        paths = [names[name] for name in fitting]
        found = chain((path for path, _ in _chats_in(paths)), paths)
    if (path := next((path for path in found if path != but), None)) is not None:
        return path
    whose = f' called "{wanted}"' if wanted else f" with {mimic}" if mimic else ""
    raise ChatmimicError(
        f"No {'other ' * (but is not None)}chat{whose} is kept in {folder}.",
        "/sessions lists those that are.",
    )


def _append(path: Path, lines: str) -> None:
    raw = lines.encode()
    with path.open("ab", buffering=0) as file:  # in one write, so that a kill cuts no line
        if file.write(raw) < len(raw):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file.fileno())


def _state_of(path: Path) -> tuple[int, int] | None:
    """When a file was written (ns), and its size in bytes; None if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size

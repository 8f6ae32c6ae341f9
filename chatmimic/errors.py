"""Everything that can go wrong on purpose, as one tree.

::

    ChatmimicError                 exit status 1: stopped, with a reason and a way on
    ├── ExportError                something is wrong with what was given to `chatmimic import`
    │   ├── UnknownFormat          no importer knows this file or folder
    │   ├── DamagedExport          it is known, and broken (cut short, not JSON, …)
    │   └── UnsafeExport           it is known, and refused (zip bomb, `../` names, encrypted)
    ├── ArchiveError               the archive cannot be opened, read or written
    │   ├── ArchiveBusy            another chatmimic is writing to it
    │   ├── NoSuchPerson           nobody by that name, or several; carries suggestions
    │   └── NoSuchThread           no thread by that name, or several; carries suggestions
    ├── BaseError                  the base model cannot be had
    │   └── DamagedBase            its files are missing or broken
    ├── TrainingError              training cannot start or go on
    │   ├── TooLittleData          the persona has said too little
    │   ├── CheckpointDamaged      no whole checkpoint to resume from
    │   ├── NothingGained          it ended no better than its base
    │   └── LossNotFinite          the loss became NaN or infinite
    └── MimicError                 a mimic is not there, or is damaged

`what` says what happened and where; `way_on` says which option or command helps.
The command line prints both and exits with `exit_code`; nothing else is ever shown
unless `--debug` asks for the traceback.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_MOST_TOLD = 8  # of several threads that may be meant


class ChatmimicError(Exception):
    """The root: one sentence of what happened, one of what to do next."""

    exit_code = 1

    def __init__(self, what: str, way_on: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.way_on = way_on

    def __str__(self) -> str:
        return f"{self.what} {self.way_on}".strip()


class ExportError(ChatmimicError):
    """What was given to `chatmimic import` cannot be used."""


class UnknownFormat(ExportError):
    """No importer knows this file or folder."""


class DamagedExport(ExportError):
    """The format is known and the content is broken."""


class UnsafeExport(ExportError):
    """The content is refused: it could exhaust or escape this machine."""


class ArchiveError(ChatmimicError):
    """The archive cannot be opened, read or written."""


class ArchiveBusy(ArchiveError):
    """Another process holds the archive."""


class NoSuchPerson(ArchiveError):
    """Nobody in the archive has that name, or several have, who then are told apart."""

    def __init__(
        self, name: str, suggestions: Sequence[str] = (), several: Iterable[str] = ()
    ) -> None:
        self.name = name
        self.suggestions = tuple(suggestions)
        if there := ", ".join(several):
            super().__init__(f'Several people may be meant by "{name}".', f"Say which: {there}.")
            return
        near = ", ".join(f'"{s}"' for s in suggestions)
        hint = f"Did you mean {near}? " if near else ""
        super().__init__(
            f'Nobody in the archive is called "{name}".',
            f"{hint}`chatmimic people` lists everybody.",
        )


class NoSuchThread(ArchiveError):
    """No thread in the archive has that name, or several have, which are then told apart."""

    def __init__(
        self, name: str, suggestions: Sequence[str] = (), several: Iterable[str] = ()
    ) -> None:
        self.name = name
        self.suggestions = tuple(suggestions)
        if there := list(several):
            more = len(there) - _MOST_TOLD
            rest = f" and {more:,} more, see `chatmimic threads`" if more > 0 else ""
            super().__init__(
                f'Several threads may be meant by "{name}".',
                f"Give the number of one: {', '.join(there[:_MOST_TOLD])}{rest}.",
            )
            return
        near = ", ".join(f'"{s}"' for s in suggestions)
        hint = f"Did you mean {near}? " if near else ""
        super().__init__(
            f'No thread in the archive is called "{name}".',
            f"{hint}`chatmimic threads` lists them all.",
        )


class BaseError(ChatmimicError):
    """The base model cannot be fetched, found or opened."""


class DamagedBase(BaseError):
    """Files of the base are missing or broken: fetching them again may help, nothing else does."""


class TrainingError(ChatmimicError):
    """Training cannot start or cannot go on."""


class TooLittleData(TrainingError):
    """The persona has said too little to learn from."""


class CheckpointDamaged(TrainingError):
    """There is no whole checkpoint to resume from."""


class NothingGained(TrainingError):
    """A training ended and foretells the held-out messages no better than its base."""


class LossNotFinite(TrainingError):
    """The loss became NaN or infinite."""


class MimicError(ChatmimicError):
    """A mimic is missing or damaged."""

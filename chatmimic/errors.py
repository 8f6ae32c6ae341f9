"""The exceptions that chatmimic raises on purpose, as one hierarchy.

::

    ChatmimicError                 root of the hierarchy; exit status 1
    ├── ExportError                the input of `chatmimic import` cannot be used
    │   ├── UnknownFormat          no importer recognises the file or folder
    │   ├── DamagedExport          known format, broken content (truncated, not JSON, …)
    │   └── UnsafeExport           known format, refused (zip bomb, `../` names, encrypted)
    ├── ArchiveError               the archive cannot be opened, read or written
    │   ├── ArchiveBusy            another process is writing to the archive
    │   ├── NotScrubbed            deleted, but the text may still be in unused parts of the file
    │   ├── NoSuchPerson           no person of that name, or several; has suggestions
    │   └── NoSuchThread           no thread of that name, or several; has suggestions
    ├── BaseError                  the base model cannot be found, fetched or opened
    │   └── DamagedBase            its files are missing or broken
    ├── SettingsError              an invalid setting; also a ValueError
    ├── TrainingError              training cannot start or continue
    │   ├── TooLittleData          too few messages to train on
    │   ├── CheckpointDamaged      no intact checkpoint to resume from
    │   ├── NothingGained          the mimic is no better than its base
    │   └── LossNotFinite          the loss became NaN or infinite
    ├── MimicError                 a mimic is missing or damaged
    ├── ServerError                the server cannot be started
    └── EvaluationError            a mimic, or a file of replies, cannot be evaluated
        └── BlindTestError         a blind test cannot be made or scored

`what` says what happened and where; `hint` says which option or command helps.
The command line prints both and exits with `exit_code`. It shows a traceback only
with `--debug`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_MOST_TOLD = 8  # of several threads that may be meant


def is_panic(error: BaseException) -> bool:
    """Whether native code of a library, such as that of a tokenizer, gave up."""
    return type(error).__name__ == "PanicException"


class ChatmimicError(Exception):
    """Base class: `what` happened, in one sentence, and what to do next (`hint`)."""

    exit_code = 1

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what} {self.hint}".strip()


class ExportError(ChatmimicError):
    """The input of `chatmimic import` cannot be used."""


class UnknownFormat(ExportError):
    """No importer recognises the file or folder."""


class DamagedExport(ExportError):
    """The format is known, but the content is broken."""


class UnsafeExport(ExportError):
    """The content is refused: it could exhaust memory or disk, or write outside its folder."""


class ArchiveError(ChatmimicError):
    """The archive cannot be opened, read or written."""


class ArchiveBusy(ArchiveError):
    """Another process is writing to the archive."""


class NotScrubbed(ArchiveError):
    """Messages are deleted, but their text may still be in unused parts of the file.

    `removed` is what `Archive.forget` or `Archive.remove_import` would have returned.
    """

    removed: object = None


class NoSuchPerson(ArchiveError):
    """Nobody in the archive has that name, or several people have; `several` lists these."""

    def __init__(
        self, name: str, suggestions: Sequence[str] = (), several: Iterable[str] = ()
    ) -> None:
        self.several = several = tuple(several)
        self.name = name
        self.suggestions = tuple(suggestions)
        if there := ", ".join(several):
            super().__init__(f'"{name}" matches several people.', f"Choose one: {there}.")
            return
        near = ", ".join(f'"{s}"' for s in suggestions)
        hint = f"Did you mean {near}? " if near else ""
        super().__init__(
            f'Nobody in the archive is called "{name}".',
            f"{hint}`chatmimic people` lists everybody.",
        )


class NoSuchThread(ArchiveError):
    """No thread in the archive has that name, or several threads have; `several` lists these."""

    def __init__(
        self, name: str, suggestions: Sequence[str] = (), several: Iterable[str] = ()
    ) -> None:
        self.name = name
        self.suggestions = tuple(suggestions)
        if there := list(several):
            more = len(there) - _MOST_TOLD
            rest = f" and {more:,} more (see `chatmimic threads`)" if more > 0 else ""
            super().__init__(
                f'"{name}" matches several threads.',
                f"Choose one by its number: {', '.join(there[:_MOST_TOLD])}{rest}.",
            )
            return
        near = ", ".join(f'"{s}"' for s in suggestions)
        hint = f"Did you mean {near}? " if near else ""
        super().__init__(
            f'No thread in the archive is called "{name}".',
            f"{hint}`chatmimic threads` lists them all.",
        )


class BaseError(ChatmimicError):
    """The base model cannot be found, fetched or opened."""


class DamagedBase(BaseError):
    """Files of the base are missing or broken and have to be fetched again."""


class SettingsError(ChatmimicError, ValueError):
    """A setting has an invalid value, or two settings conflict."""


class TrainingError(ChatmimicError):
    """Training cannot start or cannot continue."""


class TooLittleData(TrainingError):
    """There are too few messages to train on."""


class CheckpointDamaged(TrainingError):
    """There is no intact checkpoint to resume from."""


class NothingGained(TrainingError):
    """Training ended with a held-out perplexity no lower than that of the base."""


class LossNotFinite(TrainingError):
    """The loss or the gradient norm became NaN or infinite."""

    def __init__(self, loss: float, step: int, rate: float, norm: float | None = None) -> None:
        gradient = "" if norm is None else f", gradient norm {norm:.3g}"
        super().__init__(
            f"The loss became {loss} at step {step} (learning rate {rate:.2g}{gradient}).",
            "Earlier checkpoints are intact. Train again with a lower --learning-rate.",
        )


class MimicError(ChatmimicError):
    """A mimic is missing or damaged."""


class ServerError(ChatmimicError):
    """The server cannot be started."""


class EvaluationError(ChatmimicError):
    """A mimic or a file cannot be evaluated: damage, too little text, or a missing package."""


class BlindTestError(EvaluationError):
    """A blind test cannot be made, or answers to one cannot be scored."""

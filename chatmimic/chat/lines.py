"""The input of the chat: a line editor with a history, or a pipe."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from chatmimic.errors import ChatmimicError
from chatmimic.files import private_file, private_folder
from chatmimic.text import clean, visible

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.history import History
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent


_LONGEST = 1 << 20  # bytes of a line from a pipe


class Silence(Exception):
    """Nothing was typed for as long as the reader was to wait."""


Completions = Callable[[str], list[str]]  # what may stand in place of a line's last part


class Lines(Protocol):
    """A source of the user's lines."""

    def read(self, prompt: str, style: str = "", patience: float | None = None) -> str:
        """Read the next line. EOFError at the end of input, KeyboardInterrupt to leave.

        `style` is how the prompt looks on a terminal, as Rich says it: "bold green". Raises Silence
        if nothing was typed for `patience` seconds; None: never.
        """

    def unseen(self) -> AbstractContextManager[None]:
        """Context in which typed keys are not echoed, but kept for the next line."""

    def agrees(self, question: str) -> bool:
        """Ask a yes-or-no question; Enter means yes. KeyboardInterrupt for neither."""


class PipedLines:
    """Lines of a file or a pipe, without a prompt."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def read(self, prompt: str, style: str = "", patience: float | None = None) -> str:
        """Read the next line, without its end; bytes that are not UTF-8 become U+FFFD.

        Raises ChatmimicError for a line that is too long to be one.
        """
        line = self.stream.readline(_LONGEST + 1)
        if not line:
            raise EOFError
        if len(line) > _LONGEST:  # /dev/zero is a line without end
            raise ChatmimicError(f"A line of the input is longer than {_LONGEST >> 20} MiB.")
        return clean(line.decode("utf-8", "replace")).rstrip("\n")

    def unseen(self) -> AbstractContextManager[None]:
        """Do nothing: input from a pipe is not echoed."""
        return nullcontext()

    def agrees(self, question: str) -> bool:
        """Agree: there is nobody to ask."""
        return True


class EditedLines:
    """Lines typed on a terminal, with editing keys, a history, and Tab completion.

    The history begins with `earlier` lines, and is kept in `file` if there is one. A pasted text of
    several lines stays in the editor until Enter is pressed, and so does a line that ends with a
    backslash. Ctrl-C clears the line; on an empty line it calls `warn`, and the next Ctrl-C raises
    KeyboardInterrupt unless something was typed in between.
    """

    def __init__(
        self,
        completions: Completions,
        warn: Callable[[], None],
        *,
        file: Path | None = None,
        earlier: Sequence[str] = (),
    ) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.shortcuts import CompleteStyle

        self.session: PromptSession[str] = PromptSession(
            history=_history(file, earlier),
            completer=_completer(completions),
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,
            key_bindings=_keys(),
            prompt_continuation=lambda width, number, wrapped: "" if wrapped else "  ",
        )
        self.session.default_buffer.on_text_changed += lambda _: self._typed()
        self._warn = warn
        self._warned = False
        self._last_typed = time.monotonic()

    def read(self, prompt: str, style: str = "", patience: float | None = None) -> str:
        """Read the next line, with `prompt` in front of it."""
        from prompt_toolkit.formatted_text import FormattedText

        def begin() -> None:
            if patience is not None:
                self.session.app.create_background_task(self._lose_patience(patience))

        styled = FormattedText([(_as_prompts_say(style), visible(prompt))])
        self._warned = False
        while True:
            try:
                return clean(self.session.prompt(styled, pre_run=begin))
            except KeyboardInterrupt:
                if self._warned:
                    raise
                self._warn()
                self._warned = True

    async def _lose_patience(self, seconds: float) -> None:
        """End the reading once nothing was typed for so long, and nothing stands in the line."""
        app, self._last_typed = self.session.app, time.monotonic()
        while (left := self._last_typed + seconds - time.monotonic()) > 0:
            await asyncio.sleep(left)
            if self.session.default_buffer.text:
                self._last_typed = time.monotonic()
        if app.is_running:
            app.exit(exception=Silence())

    def _typed(self) -> None:
        self._warned = False
        self._last_typed = time.monotonic()

    def stop(self) -> None:
        """End the reading, from another thread: `read` raises EOFError."""
        app = self.session.app
        if app.loop is not None:
            app.loop.call_soon_threadsafe(lambda: app.is_running and app.exit(exception=EOFError()))

    def agrees(self, question: str) -> bool:
        """Ask until the answer is yes or no; Enter means yes, Ctrl-D no."""
        from prompt_toolkit import PromptSession

        while True:
            try:
                answer = meant_by(PromptSession[str]().prompt(f"{visible(question)} [Y/n] "))
            except EOFError:
                return False
            if answer is not None:
                return answer

    def unseen(self) -> AbstractContextManager[None]:
        """Turn off the terminal's echo while a reply is being generated."""
        return nullcontext() if sys.platform == "win32" else _without_echo(sys.stdin.fileno())


def meant_by(answer: str) -> bool | None:
    """What an answer to a yes-or-no question means; None for neither. Nothing means yes."""
    word = answer.strip().lower()
    if "yes".startswith(word):
        return True
    return False if "no".startswith(word) else None


@contextmanager
def _without_echo(terminal: int) -> Iterator[None]:
    import termios

    before = termios.tcgetattr(terminal)
    local = 3  # the place of the local modes
    quiet = [*before[:local], before[local] & ~termios.ECHO, *before[local + 1 :]]
    try:
        termios.tcsetattr(terminal, termios.TCSADRAIN, quiet)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _as_prompts_say(style: str) -> str:
    """A style of Rich in the words of prompt_toolkit: "bold green" is "bold ansigreen"."""
    return " ".join(word if word == "bold" else f"ansi{word}" for word in style.split())


def _history(file: Path | None, earlier: Sequence[str]) -> History:
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    if file is None:
        return InMemoryHistory(earlier)
    try:
        private_file(private_folder(file.parent) / file.name)
    except OSError as error:
        raise ChatmimicError(
            f"Cannot keep lines in {file}: {error.strerror or error}.", "Leave out --keep-lines."
        ) from error

    class CleanHistory(FileHistory):
        """A history that stores only clean text: a paste may contain other bytes."""

        def store_string(self, string: str) -> None:
            super().store_string(clean(string))

    return CleanHistory(str(file))


def _completer(completions: Completions) -> Completer:
    from prompt_toolkit.completion import Completer, Completion

    class Words(Completer):
        def get_completions(
            self, document: Document, complete_event: CompleteEvent
        ) -> Iterable[Completion]:
            line = document.text_before_cursor
            start = len(line.partition(" ")[2]) if " " in line else len(line)
            for word in completions(line):
                yield Completion(word, start_position=-start, display=visible(word))

    return Words()


def _goes_on() -> bool:
    """Whether the line that is typed ends with a backslash, which a new line takes the place of."""
    from prompt_toolkit.application import get_app

    document = get_app().current_buffer.document
    return document.is_cursor_at_the_end and document.text.endswith("\\")


def _keys() -> KeyBindings:
    from prompt_toolkit.filters import Condition
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    @keys.add("c-c")
    def _(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt())

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("enter", filter=Condition(_goes_on))
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.delete_before_cursor()
        event.current_buffer.insert_text("\n")

    return keys

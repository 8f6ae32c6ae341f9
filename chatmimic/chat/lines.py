"""Where the chat's lines come from: a line editor with a history, or a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from chatmimic.files import private_file, private_folder
from chatmimic.text import clean, visible

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.history import History
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.output import Output

Completions = Callable[[str], list[str]]  # what may stand in place of a line's last part


class Lines(Protocol):
    """Gives the user's lines."""

    def read(self, prompt: str) -> str:
        """The next line. EOFError when there is none, KeyboardInterrupt to leave."""

    def unseen(self) -> AbstractContextManager[None]:
        """While it lasts, keys are kept for the next line and do not show among a reply."""

    def agrees(self, question: str) -> bool:
        """Whether the user says yes, which Enter does. KeyboardInterrupt for neither."""


class PipedLines:
    """Lines of a file or a pipe, as bytes of whatever encoding; nothing is shown for them."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def read(self, prompt: str) -> str:
        """The next line without its end; a byte that is no UTF-8 reads as U+FFFD."""
        line = self.stream.readline()
        if not line:
            raise EOFError
        return clean(line.decode("utf-8", "replace")).rstrip("\n")

    def unseen(self) -> AbstractContextManager[None]:
        """Nothing of a pipe is ever seen."""
        return nullcontext()

    def agrees(self, question: str) -> bool:
        """Nobody is there to say no."""
        return True


class EditedLines:
    """Lines typed at a terminal: editing keys, a history kept in `file`, completion with Tab.

    A pasted text of several lines stays in the editor until Enter is pressed. Ctrl-C empties the
    line; at an empty line it calls `warn`, and the next one raises KeyboardInterrupt, unless
    something was typed in between.
    """

    def __init__(self, file: Path, completions: Completions, warn: Callable[[], None]) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.shortcuts import CompleteStyle
        from prompt_toolkit.utils import is_dumb_terminal

        private_folder(file.parent)
        self.session: PromptSession[str] = PromptSession(
            history=_history(private_file(file)),
            completer=_completer(completions),
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,
            key_bindings=_keys(),
            output=_plain_output() if is_dumb_terminal() else None,
            prompt_continuation=lambda width, number, wrapped: "" if wrapped else "  ",
        )
        self.session.default_buffer.on_text_changed += lambda _: self._typed()
        self._warn = warn
        self._warned = False

    def read(self, prompt: str) -> str:
        """The next line, as it was when Enter was pressed."""
        from prompt_toolkit.formatted_text import FormattedText

        styled = FormattedText([("ansigreen bold", visible(prompt))])
        self._warned = False
        while True:
            try:
                return clean(self.session.prompt(styled))
            except KeyboardInterrupt:
                if self._warned:
                    raise
                self._warn()
                self._warned = True

    def _typed(self) -> None:
        self._warned = False

    def agrees(self, question: str) -> bool:
        """Whether the user says yes, which Enter does; Ctrl-D says no. Asks until it is either."""
        from prompt_toolkit import PromptSession
        from prompt_toolkit.utils import is_dumb_terminal

        output = _plain_output() if is_dumb_terminal() else None
        while True:
            try:
                said = PromptSession[str](output=output).prompt(f"{visible(question)} [Y/n] ")
            except EOFError:
                return False
            word = said.strip().lower()
            if "yes".startswith(word) or (word and "no".startswith(word)):
                return "yes".startswith(word)

    def unseen(self) -> AbstractContextManager[None]:
        """The terminal echoes no key while a reply is being written."""
        return nullcontext() if sys.platform == "win32" else _without_echo(sys.stdin.fileno())


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


def _history(file: Path) -> History:
    from prompt_toolkit.history import FileHistory

    class CleanHistory(FileHistory):
        """A paste may hold bytes that are no text; the file only ever holds text."""

        def store_string(self, string: str) -> None:
            super().store_string(clean(string))

    return CleanHistory(str(file))


def _plain_output() -> Output:
    """For terminals that obey no escape sequence at all (Emacs' shell, some logs)."""
    from prompt_toolkit.output.plain_text import PlainTextOutput

    return PlainTextOutput(sys.stdout)


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


def _keys() -> KeyBindings:
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

    return keys

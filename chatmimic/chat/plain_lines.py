"""Lines typed on a terminal without escape sequences, which it edits and echoes by itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO, TextIO

from chatmimic.chat.lines import meant_by
from chatmimic.text import clean, visible


class PlainLines:
    """Lines of such a terminal (the shell of Emacs, some logs), each after a prompt.

    A line that ends with a backslash goes on in the next one. Ctrl-C drops the line and calls
    `warn`; the next Ctrl-C in a row raises KeyboardInterrupt.
    """

    def __init__(self, stream: BinaryIO, out: TextIO, warn: Callable[[], None]) -> None:
        self.stream = stream
        self.out = out
        self._warn = warn

    def read(self, prompt: str, style: str = "", patience: float | None = None) -> str:
        """Read the next line; the prompt has no style, and the reading no end."""
        warned = False
        while True:
            try:
                return self._message(prompt)
            except KeyboardInterrupt:
                print(file=self.out)
                if warned:
                    raise
                self._warn()
                warned = True

    def unseen(self) -> AbstractContextManager[None]:
        """Do nothing: what is typed during a reply is the next line."""
        return nullcontext()

    def stop(self) -> None:
        """Do nothing: the terminal cannot be interrupted, the next line is the last."""

    def agrees(self, question: str) -> bool:
        """Ask until the answer is yes or no; Enter means yes, Ctrl-D no."""
        while True:
            try:
                answer = meant_by(self._line(f"{question} [Y/n] "))
            except EOFError:
                return False
            if answer is not None:
                return answer

    def _message(self, prompt: str) -> str:
        lines = [self._line(prompt)]
        while lines[-1].endswith("\\"):
            lines[-1] = lines[-1][:-1]
            lines.append(self._line("  "))
        return "\n".join(lines)

    def _line(self, prompt: str) -> str:
        print(visible(prompt), end="", file=self.out, flush=True)
        line = self.stream.readline()
        if not line:
            print(file=self.out)
            raise EOFError
        return clean(line.decode("utf-8", "replace")).rstrip("\n")

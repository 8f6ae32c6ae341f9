"""Single keys as answers: pressed on a terminal, or as lines of a pipe."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TextIO

from chatmimic.text import visible

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent


_SHOWN = 30  # characters of a line that is no answer


class Keys(Protocol):
    """A source of answers."""

    def read(self, prompt: str, meanings: Mapping[str, str]) -> str:
        """The meaning of the next key that has one: a character, "left" or "right".

        EOFError at the end of input, KeyboardInterrupt for Ctrl-C.
        """


class PressedKeys:
    """Keys pressed on a terminal, without Enter. The prompt goes when one is pressed."""

    def __init__(self, *, stderr: bool = False) -> None:
        self.stderr = stderr

    def read(self, prompt: str, meanings: Mapping[str, str]) -> str:
        """The meaning of the next key that has one."""
        from prompt_toolkit.application import Application
        from prompt_toolkit.layout import FormattedTextControl, Layout, Window
        from prompt_toolkit.output import create_output

        line = Window(
            FormattedTextControl(visible(prompt)), wrap_lines=True, dont_extend_height=True
        )
        application: Application[str] = Application(
            layout=Layout(line),
            key_bindings=_bindings(meanings),
            erase_when_done=True,
            output=create_output(stdout=sys.stderr if self.stderr else sys.stdout),
        )
        return application.run()


class TypedKeys:
    """Answers as lines: from a pipe, or on a terminal without cursor movements."""

    def __init__(self, source: TextIO, out: TextIO) -> None:
        self.source = source
        self.out = out  # for the prompt, and for what is wrong with a line

    def read(self, prompt: str, meanings: Mapping[str, str]) -> str:
        """The meaning of the next line that has one; it is told which of the others have none."""
        # On a terminal Enter ends the line of the prompt; what comes through a pipe is not seen.
        end = " " if self.source.isatty() else "\n"
        while True:
            print(visible(prompt), end=end, flush=True, file=self.out)
            line = self.source.readline()
            if not line:
                raise EOFError
            meaning = meanings.get(line.strip().lower())
            if meaning is not None:
                return meaning
            said = visible(" ".join(line.split())[:_SHOWN])
            allowed = ", ".join(key for key in meanings if len(key) == 1)
            print(f'"{said}" is no answer; valid are {allowed}.', flush=True, file=self.out)


def _bindings(meanings: Mapping[str, str]) -> KeyBindings:
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    @keys.add("c-c")
    def _(event: KeyPressEvent) -> None:
        event.app.exit(exception=KeyboardInterrupt())

    @keys.add("c-d")
    def _(event: KeyPressEvent) -> None:
        event.app.exit(exception=EOFError())

    def add(key: str, meaning: str) -> None:
        @keys.add(key)
        def _(event: KeyPressEvent) -> None:
            event.app.exit(result=meaning)

    for key, meaning in meanings.items():
        for case in {key, key.upper()} if len(key) == 1 else {key}:
            add(case, meaning)
    return keys

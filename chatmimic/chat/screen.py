"""The output of the chat. No text of a person or a model can style or control the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING
from zlib import crc32

from chatmimic.text import shown, visible

if TYPE_CHECKING:
    from rich.console import Console

QUIET = "dim"
PLAYED = "(made up)"  # after a message that the mimic wrote in the user's name
# Of names; readable on dark and on light backgrounds.
COLOURS = ("bold cyan", "bold green", "bold magenta", "bold yellow", "bold blue", "bold red")
_INDENT = "  "  # of all lines of a message but the first, so that it cannot look like two


class Screen:
    """Prints a chat on a terminal (`live`), or as plain lines with all else on stderr."""

    def __init__(self, out: Console, notes: Console, live: bool) -> None:
        self.out = out
        self.notes = notes
        self.live = live
        self._colours: dict[str, str] = {}

    def colour(self, name: str) -> str:
        """The colour of a name: the same in every chat, unless somebody else in this one has it."""
        if name not in self._colours:
            first = crc32(name.encode("utf-8", "replace")) % len(COLOURS)
            wanted = [*COLOURS[first:], *COLOURS[:first]]
            free = [colour for colour in wanted if colour not in self._colours.values()]
            self._colours[name] = (free or wanted)[0]
        return self._colours[name]

    def speaker(self, name: str, style: str | None = None) -> None:
        """Begin a message: print its sender, in the colour of the name unless `style` is given."""
        name_shown = shown(one_line(name), self.colour(name) if style is None else style)
        self.out.print(name_shown, shown(f"{self.mark} "), sep="", end="")

    @property
    def mark(self) -> str:
        """The separator between a name and the message."""
        return " ›" if self.live and self.out.encoding.startswith("utf") else ":"

    def piece(self, text: str) -> None:
        """Print another piece of a message. The terminal wraps the lines."""
        # `out`, not `print`: no wrapping, no padding, and no markup.
        self.out.out(visible(text).replace("\n", f"\n{_INDENT}"), end="", highlight=False)

    def end(self, mark: str = "") -> None:
        """End a message, optionally with a remark such as "(stopped)"."""
        if mark:
            self.out.print(shown(f" {mark}", QUIET), end="")
        self.out.print()

    def message(self, name: str, text: str, style: str | None = None) -> None:
        """Print a whole message, as `speaker` and `piece` do."""
        self.speaker(name, style)
        self.piece(text)
        self.end()

    def past(self, name: str, text: str) -> None:
        """Print a message of before as a note."""
        said = f"{self.mark} {text}".replace("\n", f"\n{_INDENT}")
        self.notes.print(shown(one_line(name), self.colour(name)), shown(said, QUIET), sep="")

    def waiting(self, what: str) -> AbstractContextManager[object]:
        """A spinner, if there is a terminal for it."""
        screen = self.notes
        if not screen.is_terminal or screen.is_dumb_terminal:
            return nullcontext()
        return screen.status(shown(one_line(what), QUIET))

    def note(self, text: str, style: str = QUIET, indent: bool = False) -> None:
        """Print a note about the chat."""
        if not indent:
            self.notes.print(shown(text, style))
            return
        for line in shown(text, style).wrap(self.notes, self.notes.width - len(_INDENT)):
            line.rstrip()
            self.notes.print(shown(_INDENT), line, sep="")

    def status(self, facts: Sequence[str]) -> None:
        """Print facts on one line below a reply, as many of the last ones as fit.

        Nothing is printed through a pipe and on a dumb terminal.
        """
        if not self.live or self.out.is_dumb_terminal:
            return
        from rich.cells import cell_len

        width = self.out.width - 1
        lines = (" · ".join(map(one_line, facts[first:])) for first in range(len(facts)))
        fitting = next((line for line in lines if cell_len(visible(line)) <= width), "")
        if fitting:
            self.note(fitting)

    def complain(self, text: str) -> None:
        """Print what is wrong with a command."""
        self.notes.print(shown(text, "yellow"))

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        """Print rows of as many cells each, the first one in bold; those that are long wrap."""
        from rich.table import Table

        table = Table.grid(padding=(0, 2, 0, 0))
        for row in rows:
            while len(table.columns) < len(row):
                table.add_column(overflow="fold")  # a name cut short could not be typed
            cells = [shown(cell, QUIET if place else "bold") for place, cell in enumerate(row)]
            table.add_row(*cells)
        self.notes.print(table)


def one_line(text: str, width: int = 60) -> str:
    """A name or the beginning of a text on one line of at most `width` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def and_(names: Sequence[str]) -> str:
    """Names as in a sentence: "Ada, Bob and Cyd"."""
    shown_names = [one_line(name) for name in names]
    return " and ".join([part for part in (", ".join(shown_names[:-1]), shown_names[-1]) if part])

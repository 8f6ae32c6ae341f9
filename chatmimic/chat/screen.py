"""What the chat shows. Nothing that a person or a model wrote can restyle or drive the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from chatmimic.text import shown, visible

if TYPE_CHECKING:
    from rich.console import Console

PERSONA, QUIET = "bold cyan", "dim"
# For conversations of many: told apart on dark and on light grounds.
COLOURS = ("bold cyan", "bold green", "bold magenta", "bold yellow", "bold blue", "bold red")
_INDENT = "  "  # of every line but a message's first: no message can look like two


class Screen:
    """Shows a chat on a terminal (`live`), or as plain lines with everything else on stderr."""

    def __init__(self, out: Console, notes: Console, live: bool) -> None:
        self.out = out
        self.notes = notes
        self.live = live

    def speaker(self, name: str, style: str = PERSONA) -> None:
        """Begin a message: who speaks."""
        self.out.print(shown(one_line(name), style), shown(f"{self.mark} "), sep="", end="")

    @property
    def mark(self) -> str:
        """What stands between a name and what is said."""
        return " ›" if self.live and self.out.encoding.startswith("utf") else ":"

    def piece(self, text: str) -> None:
        """Show some more of a message, at once. The terminal breaks the lines."""
        # `out` and not `print`: no wrapping, no padding, and nothing is looked for in the text.
        self.out.out(visible(text).replace("\n", f"\n{_INDENT}"), end="", highlight=False)

    def end(self, mark: str = "") -> None:
        """End a message, with a mark if something is to be said of it."""
        if mark:
            self.out.print(shown(f" {mark}", QUIET), end="")
        self.out.print()

    def message(self, name: str, text: str, style: str) -> None:
        """Show a whole message."""
        self.speaker(name, style)
        self.piece(text)
        self.end()

    def waiting(self, what: str) -> AbstractContextManager[object]:
        """A spinner while something is under way, where there is a terminal for it."""
        screen = self.notes
        if not screen.is_terminal or screen.is_dumb_terminal:
            return nullcontext()
        return screen.status(shown(one_line(what), QUIET))

    def note(self, text: str, style: str = QUIET) -> None:
        """Say something about the chat, apart from it."""
        self.notes.print(shown(text, style))

    def complain(self, text: str) -> None:
        """Say what was wrong with a command."""
        self.notes.print(shown(text, "yellow"))

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        """Rows of two or more columns, the first one standing out; the last one wraps."""
        from rich.table import Table

        table = Table.grid(padding=(0, 2, 0, 0))
        for row in rows:
            cells = [shown(cell, QUIET if place else "bold") for place, cell in enumerate(row)]
            table.add_row(*cells)
        self.notes.print(table)


def one_line(text: str, width: int = 60) -> str:
    """A name or the beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"

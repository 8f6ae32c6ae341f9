"""Search results on the screen: thread by thread, with the messages around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chatmimic.cli.common import console
from chatmimic.cli.display.dates import minute
from chatmimic.text import shown

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from chatmimic.archive import Found, Line

_MARK = "bold green"
_BEFORE, _LONGEST = 120, 600  # characters of a long text: before the first mark, and in all
_NARROW = 50  # columns of terminal below which there is no room beside the time


@dataclass
class Passage:
    """Consecutive lines of a thread, by row; `found` are the rows of the matches among them."""

    heading: str
    thread: int
    lines: dict[int, Line] = field(default_factory=dict)
    found: set[int] = field(default_factory=set)

    def takes(self, found: Found) -> bool:
        """Add a match that overlaps this passage or is next to it. Returns whether it was added."""
        around = (*found.before, found.line, *found.after)
        if found.thread != self.thread or not any(line.row in self.lines for line in around):
            return False
        # Matches come newest first, so this one is older: the lines around it come first.
        older = {line.row: line for line in around}
        self.lines = {**older, **self.lines, found.line.row: found.line}
        self.found.add(found.line.row)
        return True


def passages(found: Sequence[Found]) -> list[Passage]:
    """Matches as passages, newest first; matches with overlapping context share one."""
    made: list[Passage] = []
    latest: dict[int, Passage] = {}  # of each thread
    for one in found:
        if one.thread in latest and latest[one.thread].takes(one):
            continue
        passage = Passage(f"{one.called} ({one.message.service})", one.thread)
        passage.lines = {line.row: line for line in (*one.before, one.line, *one.after)}
        passage.found.add(one.line.row)
        made.append(passage)
        latest[one.thread] = passage
    return made


def print_passages(found: Sequence[Found]) -> None:
    """Print the matches: the thread, then time, sender and text of each line."""
    screen = console()
    heading = ""
    for passage in passages(found):
        if passage.heading != heading:
            screen.print(shown(passage.heading, "bold"))
        elif len(passage.lines) > 1:
            screen.print("  …", style="dim")
        heading = passage.heading
        for row, line in passage.lines.items():
            _print_line(screen, line, row in passage.found)


def _print_line(screen: Console, line: Line, found: bool) -> None:
    style = "" if found else "dim"
    when = shown(minute(line.message.sent_at), "dim")
    said = _said(line, style)
    if not screen.is_terminal:  # one line per message, for other programs
        plain = f"  {when.plain}  {' '.join(said.plain.split())}"
        screen.print(shown(plain), soft_wrap=True)
    else:
        screen.print(_beside(when, said, screen.width))


def _beside(when: Text, said: Text, width: int) -> RenderableType:
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table

    if width < _NARROW:
        return Group(Padding(when, (0, 0, 0, 2)), Padding(said, (0, 0, 0, 4)))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=0)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("", when, said)
    return table


def _said(line: Line, style: str) -> Text:
    """Sender and text of a line, with matches highlighted and long texts cut around them."""
    whole = line.message.text
    start = line.marks[0][0] - _BEFORE if line.marks else 0
    start = max(0, min(start, len(whole) - _LONGEST))
    end = start + _LONGEST
    text = shown(whole[start:end], style)
    for first, last in line.marks:
        if last > start and first < end:
            text.stylize(_MARK, max(0, first - start), last - start)
    said = shown(f"{line.message.sender}: ", style)
    for part in ("…" * (start > 0), text, "…" * (end < len(whole))):
        said.append(part)
    return said

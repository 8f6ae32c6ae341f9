"""Draw a real terminal: run a command in a pseudo-terminal, type into it, save what it shows.

    python docs/terminal_picture.py docs/chat.svg --type "hi" --type "/quit" -- chatmimic chat

Each `--type` is typed after the screen has been still for a while. The picture is an SVG without
scripts, links or fonts from elsewhere. Needs the `dev` extra (pexpect, pyte).
"""

from __future__ import annotations

import argparse
import io
import time
from pathlib import Path

import pexpect
import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

COLOURS = {"brown": "yellow", "default": "default", "brightbrown": "bright_yellow"}
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<style>
.{unique_id}-matrix {{ font: {char_height}px ui-monospace, Menlo, Consolas, monospace;
  line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>{lines}</defs>
<rect fill="#1c1f26" width="{width}" height="{height}" rx="6"/>
<g transform="translate(10, 8)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""


def run(command: list[str], lines: list[str], columns: int, rows: int, still: float) -> pyte.Screen:
    """The screen after a command has ended, or has shown all it will after the last line typed."""
    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    child = pexpect.spawn(command[0], command[1:], dimensions=(rows, columns), timeout=5)
    screen.write_process_input = child.send  # answers to "where is the cursor?"
    waiting = list(lines)
    last = time.monotonic()
    while True:
        try:
            stream.feed(child.read_nonblocking(65536, timeout=0.2))
            last = time.monotonic()
        except pexpect.TIMEOUT:
            if time.monotonic() - last < still:
                continue
            if not waiting:
                break
            for letter in waiting.pop(0):
                child.send(letter)
                time.sleep(0.02)
            child.send("\r")
            last = time.monotonic()
        except pexpect.EOF:
            break
    child.close(force=True)
    return screen


def picture(screen: pyte.Screen, path: Path) -> None:
    """Save a screen as SVG, without its empty rows at the end."""
    rows = [_row(screen, number) for number in range(screen.lines)]
    while rows and not rows[-1].plain.strip():
        rows.pop()
    console = Console(record=True, width=screen.columns, file=io.StringIO())
    for row in rows:
        console.print(row, no_wrap=True, overflow="crop")
    path.write_text(console.export_svg(title="chatmimic", code_format=SVG), "utf-8")


def _row(screen: pyte.Screen, number: int) -> Text:
    text = Text()
    for column in range(screen.columns):
        cell = screen.buffer[number][column]
        text.append(cell.data, _style(cell))
    text.rstrip()
    return text


def _style(cell: pyte.screens.Char) -> Style:
    return Style(
        color=_colour(cell.fg), bgcolor=_colour(cell.bg), bold=cell.bold, reverse=cell.reverse
    )


def _colour(name: str) -> str | None:
    if name == "default":
        return None
    if len(name) == 6 and all(c in "0123456789abcdef" for c in name.lower()):
        return f"#{name}"
    return COLOURS.get(name, name.replace("bright", "bright_"))


def main() -> None:
    """Read the arguments, run, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--type", action="append", default=[], dest="lines")
    parser.add_argument("--columns", type=int, default=88)
    parser.add_argument("--rows", type=int, default=30)
    parser.add_argument("--still", type=float, default=6.0, help="seconds without output")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    screen = run(given.command, given.lines, given.columns, given.rows, given.still)
    picture(screen, given.picture)


if __name__ == "__main__":
    main()

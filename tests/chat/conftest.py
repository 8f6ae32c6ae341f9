"""A chat with a scripted voice, its screen a string."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console
from talking_support import ScriptedGenerator

from chatmimic.chat.lines import PipedLines
from chatmimic.chat.repl import Repl
from chatmimic.chat.screen import Screen
from chatmimic.chat.session import Session
from chatmimic.chat.voice import Voice
from chatmimic.errors import MimicError
from chatmimic.generation import Decoding
from chatmimic.home import Home


class HeardRepl(Repl):
    """A chat whose output can be looked at."""

    @property
    def shown(self) -> str:
        """All it has shown: what was said and the notes, in order."""
        file = self.screen.out.file
        assert isinstance(file, io.StringIO)
        return file.getvalue()

    @property
    def generator(self) -> ScriptedGenerator:
        found = self.session.voice.generator
        assert isinstance(found, ScriptedGenerator)
        return found

    def hear(self, *lines: str) -> str:
        """What is shown after these lines."""
        before = len(self.shown)
        for line in lines:
            self.take(line)
        return self.shown[before:]

    def pipe(self, text: bytes) -> int:
        return self.run(PipedLines(io.BytesIO(text)))


@pytest.fixture
def make_repl(home: Path):
    def make(*replies: list[str], bursts: list[bool] = [], terminal: bool = False, **parts):  # noqa: B006
        generator = parts.pop("generator", None) or ScriptedGenerator()
        for number, pieces in enumerate(replies):
            generator.enqueue(*pieces, burst=number < len(bursts) and bursts[number])
        console = Console(
            file=io.StringIO(),
            force_terminal=terminal,
            color_system=None,
            width=parts.pop("width", 100),
            markup=False,
            emoji=False,
            highlight=False,
        )
        voices = {
            "cyd": Voice(ScriptedGenerator(("Cyd", "Bob", "Dee")), "cyd", "tiny", True),
            "zoe": Voice(ScriptedGenerator(("Zoë [x]", "Bob")), "zoe", "tiny"),
        }

        def open_voice(name: str) -> Voice:
            if name not in voices:
                raise MimicError(f'There is no mimic called "{name}".', "There are: cyd.")
            return voices[name]

        ticks = iter(range(1_600_000_000_000, 1_700_000_000_000, 1000))
        own = parts.pop("own", {})
        session = Session(
            Voice(generator, "ada-lovelace", "tiny"),
            parts.pop("decoding", Decoding()),
            clock=lambda: next(ticks),
            **parts,
        )
        return HeardRepl(
            session, Screen(console, console, live=False), Home(home), open_voice, ["cyd"], own
        )

    return make


@pytest.fixture
def chat(tmp_path: Path, home: Path):
    """Starts the chat of `drive.py` in a terminal; its arguments are the replies and the script."""
    from terminal import Terminal

    opened = []

    def start(*replies: list[str], columns: int = 100, env=None, prompt="Bob ›", **script):
        file = tmp_path / "script.json"
        file.write_text(json.dumps({"replies": replies, **script}))
        command = [sys.executable, str(Path(__file__).parent / "drive.py"), str(home), str(file)]
        terminal = Terminal(command, columns=columns, env=env)
        opened.append(terminal)
        terminal.wait_for(prompt, 15)
        return terminal

    yield start
    for terminal in opened:
        terminal.child.close(force=True)

"""A real pseudo-terminal with a screen to look at: pexpect runs the program, pyte draws it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

import pexpect
import pyte

ENTER, TAB, UP, CTRL_C, CTRL_D, ALT_ENTER = "\r", "\t", "\x1b[A", "\x03", "\x04", "\x1b\r"


class Terminal:
    """One program in one terminal. `raw` is all it wrote; `lines` what stands on the screen."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 100,
        rows: int = 40,
        env: Mapping[str, str] | None = None,
    ) -> None:
        # COLUMNS would overrule the terminal's own width; pytest's workers set it.
        left_out = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
        environment = {
            **{k: v for k, v in os.environ.items() if k not in left_out},
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "PYTHONIOENCODING": "utf-8",
            "PROMPT_TOOLKIT_NO_CPR": "1",  # pyte does not answer where its cursor is
            **(env or {}),
        }
        self.child = pexpect.spawn(
            command[0], list(command[1:]), env=environment, dimensions=(rows, columns), timeout=30
        )
        self.child.delaybeforesend = None
        self.raw = b""
        self.screen = pyte.HistoryScreen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.child.isalive():  # pexpect gives a killed child a tenth of a second to go
            self.child.kill(signal.SIGKILL)
            with contextlib.suppress(pexpect.ExceptionPexpect):
                self.child.wait()
        self.child.close(force=True)

    @property
    def lines(self) -> list[str]:
        """The screen's lines without the empty ones."""
        self.read(0)
        return [line.rstrip() for line in self.screen.display if line.strip()]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    def read(self, seconds: float) -> None:
        """Take in what the program writes for some time."""
        end = time.monotonic() + seconds
        while not self.child.closed:
            try:
                piece = self.child.read_nonblocking(65536, max(0.0, min(0.05, seconds)))
            except pexpect.TIMEOUT:
                piece = b""
            except pexpect.EOF:
                return
            self.raw += piece
            self.stream.feed(piece)
            if not piece and time.monotonic() >= end:
                return

    def wait_for(self, wanted: str | Callable[[str], bool], seconds: float = 15) -> float:
        """Wait until the screen shows something, or fail; how long it took in seconds."""
        shows = wanted if callable(wanted) else lambda text: wanted in text
        started = time.monotonic()
        while not shows(self.text):
            if time.monotonic() - started > seconds:
                raise AssertionError(f"never showed {wanted!r}; the screen:\n{self.text}")
            self.read(0.02)
        return time.monotonic() - started

    def type(self, keys: str | bytes) -> None:
        """Press keys."""
        self.child.send(keys)

    def enter(self, line: str) -> None:
        """Type a line and press Enter."""
        self.type(line + ENTER)

    def leave(self, key: str, seconds: float = 15) -> int:
        """Type a key until the program has ended; its exit status.

        A key that arrives between two prompts is nobody's; a person types it again.
        """
        end = time.monotonic() + seconds
        while self.child.isalive() and time.monotonic() < end:
            self.type(key)
            again = time.monotonic() + 1
            while self.child.isalive() and time.monotonic() < again:
                self.read(0.05)
        return self.status()

    def status(self, seconds: float = 15) -> int:
        """Wait for the program to end; its exit status."""
        end = time.monotonic() + seconds
        while self.child.isalive() and time.monotonic() < end:
            self.read(0.05)
        self.read(0.05)
        assert not self.child.isalive(), f"still running; the screen:\n{self.text}"
        self.child.close()
        return int(self.child.exitstatus if self.child.exitstatus is not None else -1)

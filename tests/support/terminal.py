"""A real pseudo-terminal with a screen to look at: pexpect runs the program, pyte draws it."""

from __future__ import annotations

import contextlib
import fcntl
import io
import multiprocessing
import os
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

import pexpect
import pexpect.fdpexpect
import pyte

ENTER, TAB, UP, CTRL_C, CTRL_D, ALT_ENTER = "\r", "\t", "\x1b[A", "\x03", "\x04", "\x1b\r"


class _Screen(pyte.HistoryScreen):
    """A screen that draws what comes after a joiner or a variation selector; pyte drops it."""

    def draw(self, data: str) -> None:
        super().draw(data.translate({0x200D: None, 0xFE0F: None}))


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
        self.child: Any = self._started(command, environment, rows, columns)
        self.child.delaybeforesend = None
        self.raw = b""
        self.screen = _Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)

    def _started(
        self, command: Sequence[str], environment: dict[str, str], rows: int, columns: int
    ) -> Any:
        return pexpect.spawn(
            command[0], list(command[1:]), env=environment, dimensions=(rows, columns), timeout=30
        )

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

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal, and tell the program as a terminal does."""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.child.child_fd, termios.TIOCSWINSZ, size)
        self.screen.resize(rows, columns)

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


def ready(terminal: Terminal, prompts: int = 2, prompt: str = "Bob ›") -> None:
    """Wait for the prompt of the chat to come back."""
    terminal.wait_for(lambda text: text.count(prompt) >= prompts)
    terminal.read(0.1)


class WarmTerminal(Terminal):
    """A command of chatmimic's own, from a fork server that has torch loaded: seconds sooner."""

    def _started(
        self, command: Sequence[str], environment: dict[str, str], rows: int, columns: int
    ) -> Any:
        return _Forked(list(command), environment, rows, columns)


class _Forked(pexpect.fdpexpect.fdspawn):  # type: ignore[misc]
    """What `Terminal` uses of a spawned program."""

    def __init__(
        self, line: list[str], environment: dict[str, str], rows: int, columns: int
    ) -> None:
        from training_support import HEAVY

        terminal, self._end = os.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        super().__init__(terminal, timeout=30)
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(HEAVY)
        told = (line, environment, os.ttyname(self._end), os.getcwd())
        self._process = context.Process(target=_run, args=told)
        self._process.start()

    @property
    def exitstatus(self) -> int | None:
        return self._process.exitcode if hasattr(self, "_process") else None

    @exitstatus.setter
    def exitstatus(self, _: int | None) -> None:
        """What pexpect sets before a program runs."""

    def isalive(self) -> bool:
        return self._process.is_alive()

    def kill(self, sig: int) -> None:
        os.kill(self._process.pid or 0, sig)

    def wait(self) -> None:
        self._process.join()

    def close(self, force: bool = True) -> None:
        if not self.closed:
            os.close(self.child_fd)
            os.close(self._end)
            self.closed = True


def _run(line: list[str], environment: dict[str, str], terminal: str, folder: str) -> None:
    from chatmimic.cli import main

    os.setsid()
    descriptor = os.open(terminal, os.O_RDWR)
    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)
    for number in (0, 1, 2):
        os.dup2(descriptor, number)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, "r")), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), encoding="utf-8", write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), encoding="utf-8", write_through=True)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main(line)

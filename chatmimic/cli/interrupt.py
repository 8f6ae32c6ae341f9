"""Ctrl-C during training: the first ends the run after its step, the second at once."""

from __future__ import annotations

import signal
import sys
import types
from contextlib import AbstractContextManager


class stoppable(AbstractContextManager["stoppable"]):
    """Context in which the first Ctrl-C sets `requested` and the second raises KeyboardInterrupt.

    With `mute` nothing is printed: only the first of several processes prints.
    """

    def __init__(self, *, mute: bool = False) -> None:
        self.requested = False
        self.mute = mute

    def __enter__(self) -> stoppable:
        self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _ask(self, number: int, frame: types.FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        if not self.mute:
            print("\nStopping after this step; Ctrl-C again stops at once.", file=sys.stderr)

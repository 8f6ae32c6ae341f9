"""Ctrl-C while a training runs: the first asks, the second stops."""

from __future__ import annotations

import signal
import sys
import types
from contextlib import AbstractContextManager


class stoppable(AbstractContextManager["stoppable"]):
    """While it lasts, the first Ctrl-C asks for a stop after the step, the second stops at once.

    `mute` says nothing of it: of several processes one speaks.
    """

    def __init__(self, *, mute: bool = False) -> None:
        self.asked = False
        self.mute = mute

    def __enter__(self) -> stoppable:
        self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _ask(self, number: int, frame: types.FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        if not self.mute:
            print("\nStopping after this step; Ctrl-C again stops at once.", file=sys.stderr)

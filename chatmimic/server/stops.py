"""Texts at which a reply ends, found while it is streamed."""

from __future__ import annotations

from collections.abc import Sequence


class UntilStop:
    """Lets a growing text through up to the first of some texts, which is held back with the rest.

    What may be the beginning of one is held back until it is clear.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.found = False

    def grow(self, new: str) -> str:
        """What of the text may be given out once it has grown by `new`."""
        if self.found or not self._stops:
            return "" if self.found else new
        text = self._held + new
        at = min((text.find(stop) for stop in self._stops if stop in text), default=-1)
        if at >= 0:
            self.found, self._held = True, ""
            return text[:at]
        self._held = text[len(text) - self._begun(text) :]
        return text[: len(text) - len(self._held)]

    def finish(self) -> str:
        """What was held back, when no more comes."""
        rest, self._held = self._held, ""
        return rest

    def _begun(self, text: str) -> int:
        """How many characters at the end of a text may be the beginning of a stop."""
        longest = min(len(text), max(map(len, self._stops)) - 1)
        ends = range(longest, 0, -1)
        return next((n for n in ends if any(s.startswith(text[-n:]) for s in self._stops)), 0)

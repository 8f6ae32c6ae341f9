"""Streaming: turns a growing text into pieces that can be printed at once and stay valid."""

from __future__ import annotations

import re

# What the next token may still change: a partial UTF-8 character (decoded as U+FFFD), a backslash
# that may begin an escape of the named form, a lone star that may begin an action, and spaces that
# may end the message.
_UNSETTLED = re.compile(r"(?:^\*|[\ufffd\\\s]+)$")


class Pieces:
    """Returns the part of a growing text that is final, each character once."""

    def __init__(self) -> None:
        self.given = ""

    def grow(self, text: str) -> str:
        """The new final characters of `text`, the whole text so far; often none."""
        return self._give(_UNSETTLED.sub("", text))

    def finish(self, text: str) -> str:
        """The rest of the complete text, without a partial character at its end."""
        return self._give(text.rstrip("\ufffd").rstrip())

    def _give(self, text: str) -> str:
        if not text.startswith(self.given):
            return ""
        new = text[len(self.given) :]
        self.given = text
        return new

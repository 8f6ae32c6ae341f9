"""From a growing text to pieces that can be shown at once and never have to be taken back."""

from __future__ import annotations

import re

# What the next token may still change: a cut UTF-8 character (it reads as U+FFFD), a backslash that
# may open an escape of the named form, a lone star that may open an action, spaces that may be
# the last thing in the message.
_UNSETTLED = re.compile(r"(?:^\*|[\ufffd\\\s]+)$")


class Pieces:
    """Gives out the text that is settled, each character once."""

    def __init__(self) -> None:
        self.given = ""

    def grow(self, text: str) -> str:
        """The new settled characters of `text`, the whole text so far; often none."""
        return self._give(_UNSETTLED.sub("", text))

    def finish(self, text: str) -> str:
        """The rest, now that the text is complete; a character cut in the middle is left out."""
        return self._give(text.rstrip("\ufffd").rstrip())

    def _give(self, text: str) -> str:
        if not text.startswith(self.given):
            return ""
        new = text[len(self.given) :]
        self.given = text
        return new

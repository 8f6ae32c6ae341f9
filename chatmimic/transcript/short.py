"""The `short` form: lines of name and text, with a time only after a silence.

::

    <|endoftext|>[Tue 14h] Ada: hi there
    Bob: * waves
    [2h] Ada: still here?
    <|endoftext|>

A time in each line costs a large base seven tokens per message, and a full name three more: half of
the computation. Here a conversation opens with weekday and hour (UTC), silences within it are
rounded, and people have their first names unless two of the cast share one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from chatmimic.records import Message
from chatmimic.transcript.named import NamedForm, as_label, labels_of

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# How silences are written, from so many minutes on.
_SILENCES = (
    *((43200, "30d"), (10080, "7d"), (2880, "2d"), (1440, "1d")),
    *((720, "12h"), (360, "6h"), (180, "3h"), (120, "2h"), (60, "1h")),
    *((30, "30m"), (15, "15m"), (5, "5m")),
)


class ShortForm(NamedForm):
    """Lines of `Name: text`, for any causal model with its own tokeniser."""

    name = "short"

    def header(
        self, speaker: str, message: Message | None = None, before: Message | None = None
    ) -> list[int]:
        """The line up to its colon, with the silence since the message before it."""
        # Encoded separately, so that a name has the same tokens with and without a time before it.
        time = _passed(message, before)
        return self.tokens_of(time) + self.tokens_of(f"{self.label(speaker)}:")

    def _labels_of(self, people: Sequence[str]) -> dict[str, str]:
        """Unique labels: first names where they are unambiguous."""
        firsts = Counter(_first(person).casefold() for person in people)
        called = [_first(p) if firsts[_first(p).casefold()] == 1 else p for p in people]
        return dict(zip(people, labels_of(called).values(), strict=True))


def _first(name: str) -> str:
    return as_label(name).split()[0]


def _passed(message: Message | None, before: Message | None) -> str:
    """`[Tue 14h] ` at the beginning of a conversation, `[2h] ` after a silence; else ""."""
    if message is None or message.sent_at is None:
        return ""
    if before is None or before.sent_at is None:
        at = datetime.fromtimestamp(message.sent_at / 1000, UTC)
        return f"[{_DAYS[at.weekday()]} {at.hour}h] "
    minutes = (message.sent_at - before.sent_at) / 60_000
    silence = next((written for least, written in _SILENCES if minutes >= least), "")
    return f"[{silence}] " if silence else ""

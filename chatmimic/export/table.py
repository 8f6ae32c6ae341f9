"""Conversations as a table: a row for each message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chatmimic.records import Conversation

if TYPE_CHECKING:
    import pandas as pd

_TEXTS = ("sender", "text", "kind", "service", "thread", "thread_title", "message_id", "reply_to")


def table_of(conversations: Sequence[Conversation], *, times_as_text: bool = False) -> pd.DataFrame:
    """The messages of conversations, which are numbered from 1.

    `sent_at` is a time in UTC, in ISO 8601 with `times_as_text`; NaT or "" where none is known.
    """
    import numpy as np
    import pandas as pd

    rows = [(n, m) for n, c in enumerate(conversations, 1) for m in c.messages]
    nothing = np.iinfo(np.int64).min  # NumPy's NaT
    at = [nothing if m.sent_at is None else m.sent_at for _, m in rows]
    # In milliseconds, not pandas' nanoseconds: those end in 2262, and a broken stamp may not.
    times = np.array(at, dtype=np.int64).view("datetime64[ms]")
    frame = pd.DataFrame({"conversation": [number for number, _ in rows]})
    if times_as_text:
        texts = np.datetime_as_string(times)
        frame["sent_at"] = ["" if text == "NaT" else f"{text}Z" for text in texts]
    else:
        frame["sent_at"] = pd.Series(times).dt.tz_localize("UTC")
    for name in _TEXTS:
        frame[name] = [str(getattr(message, name)) for _, message in rows]
    return frame

"""What an import is asked to do, and what it tells of itself while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from chatmimic.records import Kind

# Why a message without a person's words is not learnt from, as the summary calls it.
REASONS = {
    Kind.MEDIA: "media only",
    Kind.SYSTEM: "system",
    Kind.CALL: "call",
    Kind.DELETED: "deleted",
    Kind.OTHER: "unparsed",
}
MOST_NOTES = 40  # a report is read by a person


@dataclass(frozen=True)
class ImportOptions:
    """What the user may say about an export that the export does not say itself."""

    tz: str | None = None  # zone of times that carry none, as in "Europe/Berlin"
    columns: Mapping[str, str] | None = None  # role → column name or 1-based number
    format: str | None = None  # name of an importer; None: find out
    allow_truncated: bool = False  # keep the whole messages of a file that is cut short
    date_order: str | None = None  # "dmy", "mdy" or "ymd"; None: what the dates of a file show


@dataclass
class ImportReport:
    """What was read so far. A progress bar may look at it at any time."""

    format: str = ""
    kept: int = 0  # messages with words
    left_out: Counter[str] = field(default_factory=Counter)  # reason → messages
    repairs: Counter[str] = field(default_factory=Counter)  # what was mended → times
    notes: list[str] = field(default_factory=list)  # sentences the user should see
    bytes_read: int = 0
    bytes_total: int = 0

    def count(self, kind: Kind) -> None:
        """Count one message of this kind as kept or left out."""
        if kind is Kind.TEXT or kind is Kind.ACTION:  # has_words, on the hot path
            self.kept += 1
        else:
            self.left_out[REASONS[kind]] += 1

    def note(self, sentence: str) -> None:
        """Keep a sentence for the summary, once however often it is said."""
        if sentence not in self.notes and len(self.notes) < MOST_NOTES:
            self.notes.append(sentence)

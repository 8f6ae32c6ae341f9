"""What an import is asked to do, and what it tells of itself while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from chatmimic.records import Kind, Message

# Why a message without a person's words is not learnt from, as the summary calls it.
REASONS = {
    Kind.MEDIA: "media only",
    Kind.SYSTEM: "system",
    Kind.CALL: "call",
    Kind.DELETED: "deleted",
    Kind.FORWARDED: "forwarded",
    Kind.OTHER: "unparsed",
}
_DAY_MS = 86_400_000
MOST_NOTES = 40  # a report is read by a person


@dataclass(frozen=True)
class ImportOptions:
    """What the user may say about an export that the export does not say itself."""

    tz: str | None = None  # zone of times that carry none, as in "Europe/Berlin"
    columns: Mapping[str, str] | None = None  # role → column name or 1-based number
    format: str | None = None  # name of an importer; None: find out
    allow_truncated: bool = False  # keep the whole messages of a file that is cut short
    owner: str | None = None  # whose export it is, where it does not say
    follow_nicks: bool = True  # nicks that changed into each other and back are one person's
    date_order: str | None = None  # "dmy", "mdy" or "ymd"; None: what the dates of a file show
    encoding: str | None = None  # of text that is not UTF-8, as "gb18030"; None: what it shows


@dataclass
class ImportReport:
    """What was read so far. A progress bar may look at it at any time.

    Every record of the export is either kept or left out for one reason: `records` is the sum.
    """

    format: str = ""
    owner: str = ""  # whose export it is, as their messages are signed; "" where it is not known
    variants: Counter[str] = field(default_factory=Counter)  # shape of the format → files
    kept: int = 0  # messages with words
    by_bots: int = 0  # of those kept; they are context, never learnt
    left_out: Counter[str] = field(default_factory=Counter)  # reason → records
    examples: dict[str, str] = field(default_factory=dict)  # reason → "file:line" of the first
    repairs: Counter[str] = field(default_factory=Counter)  # what was mended → times
    days: Counter[int] = field(default_factory=Counter)  # day since 1970, UTC → messages kept
    notes: list[str] = field(default_factory=list)  # sentences the user should see
    bytes_read: int = 0
    bytes_total: int = 0

    @property
    def records(self) -> int:
        """Everything that was met."""
        return self.kept + sum(self.left_out.values())

    def count(self, message: Message, kind: Kind) -> None:
        """Count a message, as this kind, as kept or left out."""
        if kind is Kind.TEXT or kind is Kind.ACTION:  # has_words, on the hot path
            self.kept += 1
            self.by_bots += message.is_bot
            if message.sent_at is not None:
                self.days[message.sent_at // _DAY_MS] += 1
        else:
            self.leave_out(REASONS[kind], message.source)

    def leave_out(self, reason: str, source: str = "", times: int = 1) -> None:
        """Count records that are not kept; the first of each reason is shown as its example."""
        if reason not in self.left_out:
            self.examples[reason] = source
        self.left_out[reason] += times

    def note(self, sentence: str) -> None:
        """Keep a sentence for the summary, once however often it is said."""
        if sentence not in self.notes and len(self.notes) < MOST_NOTES:
            self.notes.append(sentence)

"""The options and the report of an import."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from chatmimic.records import Kind, Message
from chatmimic.settings import SettingsBase, setting

# Names in the summary for messages that are not a person's own words.
REASONS = {
    Kind.MEDIA: "media only",
    Kind.SYSTEM: "system",
    Kind.CALL: "call",
    Kind.DELETED: "deleted",
    Kind.FORWARDED: "forwarded",
    Kind.OTHER: "unparsed",
}
_DAY_MS = 86_400_000
MOST_NOTES = 40  # most notes in a report


@dataclass(frozen=True)
class ImportOptions(SettingsBase):
    """What the user can specify about an export.

    `columns` are names or 1-based numbers of a table's columns, by role.
    """

    command: ClassVar[str] = "import"

    def conflicts(self) -> Iterator[str]:
        """A complaint if columns are not given by role."""
        given: object = self.columns
        if given is not None and not isinstance(given, Mapping):
            yield f"columns is {given!r}; it must map roles to columns."

    tz: str | None = setting(
        None, "Time zone of times without one, e.g. Europe/Berlin.", metavar="ZONE"
    )
    columns: Mapping[str, str] | None = None
    format: str | None = setting(
        None, "Read as this format (listed below), instead of detecting it.", metavar="NAME"
    )
    allow_truncated: bool = setting(False, "Keep the complete messages of a truncated file.")
    allow_generated: bool = setting(
        False, "Import conversations that chatmimic generated, which nobody said."
    )
    date_order: str | None = setting(
        None,
        "Order of day, month and year in dates such as 1/2/24 (default: detected).",
        choices=("dmy", "mdy", "ymd"),
    )
    encoding: str | None = setting(
        None,
        "Encoding of text that is not UTF-8, e.g. gb18030, shift_jis or windows-1251 (default: "
        "detected).",
        metavar="NAME",
    )
    follow_nicks: bool = setting(
        True, "Treat IRC nicks that changed into each other and back as one person."
    )
    owner: str | None = setting(
        None,
        "Person whose export this is, if it does not say so; in the chat this is you.",
        metavar="NAME",
    )


@dataclass
class ImportReport:
    """The progress and result of an import; updated while it runs.

    Every record is either kept or left out for one reason; `records` is the sum.
    """

    format: str = ""
    owner: str = ""  # sender name of the export's owner; "" if unknown
    variants: Counter[str] = field(default_factory=Counter)  # shape of the format → files
    kept: int = 0  # messages with words
    by_bots: int = 0  # of those kept, from bots; context only
    left_out: Counter[str] = field(default_factory=Counter)  # reason → records
    examples: dict[str, str] = field(default_factory=dict)  # reason → "file:line" of the first
    repairs: Counter[str] = field(default_factory=Counter)  # repair → times
    days: Counter[int] = field(default_factory=Counter)  # day since 1970, UTC → messages kept
    notes: list[str] = field(default_factory=list)  # sentences the user should see
    bytes_read: int = 0
    bytes_total: int = 0

    @property
    def records(self) -> int:
        """The number of all records so far."""
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
        """Count records that are left out; the first one for each reason is kept as an example."""
        if reason not in self.left_out:
            self.examples[reason] = source
        self.left_out[reason] += times

    def note(self, sentence: str) -> None:
        """Add a sentence to the summary, unless it is there already."""
        if sentence not in self.notes and len(self.notes) < MOST_NOTES:
            self.notes.append(sentence)

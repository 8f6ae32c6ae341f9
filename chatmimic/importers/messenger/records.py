"""Converts records of both kinds of exports to messages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from chatmimic.importers.messenger.html_page import Box
from chatmimic.importers.messenger.repeated_sentences import is_attachment_sentence
from chatmimic.importers.messenger.system_sentences import kind_of_sentence
from chatmimic.importers.parsing.dates.times import as_milliseconds
from chatmimic.importers.parsing.mojibake import repaired
from chatmimic.importers.report import ImportReport
from chatmimic.records import Kind, Message, Reaction

_MEDIA = ("photos", "videos", "audio_files", "gifs", "files", "sticker", "share", "media")
_EVENTS = {"Subscribe": Kind.SYSTEM, "Unsubscribe": Kind.SYSTEM, "Call": Kind.CALL}
# Accounts that are gone all have one of these names: they are not one person.
_GONE = {"Facebook user", "Facebook User", "Instagram User"}
_BOTS = {"Meta AI"}
_REMEMBERED = 4096  # names of a file


@dataclass(slots=True)
class Record:
    """A message of any of the exports, with its text repaired."""

    sender: str = ""
    text: str = ""
    timestamp: Any = None
    kind: Kind = Kind.OTHER
    reactions: tuple[Reaction, ...] = ()
    marked: bool = False  # the record's own `type` says what it is: no sentence needs judging


class TextRepair:
    """Repairs and counts the strings of a JSON file, which are encoded twice."""

    def __init__(self, report: ImportReport) -> None:
        self._repairs = report.repairs
        self._names: dict[str, str] = {}

    def words(self, text: Any) -> str:
        """The repaired text; "" for other values."""
        if not isinstance(text, str):
            return ""
        if text.isascii():
            return text
        mended = repaired(text)
        if mended != text:
            self._repairs["mojibake"] += 1
        return mended

    def name(self, name: Any) -> str:
        """The same for a name, cached."""
        mended = self._names.get(name) if isinstance(name, str) else ""
        if mended is None:
            if len(self._names) >= _REMEMBERED:
                self._names.clear()
            mended = self._names[name] = repaired(name)
        if mended and mended != name:
            self._repairs["mojibake"] += 1
        return mended


def plain_record(item: Any, mend: TextRepair) -> Record:
    """Read a record of the "Download your information" export."""
    if not isinstance(item, dict):
        return Record()
    get = item.get
    text, type_ = get("content"), get("type")
    sender, words = mend.name(get("sender_name")), mend.words(text)
    marked = isinstance(type_, str)
    kind = Kind.OTHER
    if not sender or "timestamp_ms" not in item or not isinstance(text, str | None):
        pass
    elif get("is_unsent") or get("is_taken_down"):
        kind = Kind.DELETED
    elif marked and type_ in _EVENTS:
        kind = _EVENTS[type_]
    elif "call_duration" in item or get("missed"):
        kind = Kind.CALL
    elif "users" in item:
        kind = Kind.SYSTEM
    elif type_ in (None, "Generic", "Share"):
        kind = _kind_of_words(words, sender, item)
    given = get("reactions")
    reactions = reactions_of(given) if given else ()
    return Record(sender, words, get("timestamp_ms"), kind, reactions, marked)


def encrypted_record(item: Any, mend: TextRepair) -> Record:
    """Read a record of the end-to-end encrypted export."""
    if not isinstance(item, dict):
        return Record()
    get = item.get
    text, type_ = get("text"), get("type")
    sender, words = mend.name(get("senderName")), mend.words(text)
    kind = Kind.OTHER
    if not sender or "timestamp" not in item or not isinstance(text, str | None):
        pass
    elif get("isUnsent"):
        kind = Kind.DELETED
    elif type_ == "placeholder":
        kind = kind_of_sentence(words, sender) or Kind.SYSTEM
    elif type_ in (None, "text", "link", "media", "Generic", "generic"):
        kind = _kind_of_words(words, sender, item)
    return Record(sender, words, get("timestamp"), kind, reactions_of(get("reactions")))


def page_record(box: Box) -> Record:
    """Read a message of an HTML page. Without a time, its format is unknown."""
    record = Record(box.sender, box.text, reactions=reactions_of(box.reactions))
    if box.time:
        record.kind = Kind.MEDIA if box.attached and not box.text else Kind.TEXT
    return record


def _kind_of_words(text: str, sender: str, item: dict[str, Any]) -> Kind:
    if text and not text.startswith(sender[:1]):  # nearly always
        return Kind.TEXT
    attached = any(item.get(name) for name in _MEDIA)
    return (
        Kind.MEDIA if attached and (not text or is_attachment_sentence(text, sender)) else Kind.TEXT
    )


def reactions_of(given: Any) -> tuple[Reaction, ...]:
    """The reactions of a record; tolerates unexpected values."""
    if not isinstance(given, list):
        return ()
    return tuple(
        [
            _reaction(one["reaction"], one["actor"])
            for one in given
            if isinstance(one, dict)
            and isinstance(one.get("reaction"), str)
            and isinstance(one.get("actor"), str)
        ]
    )


@lru_cache(maxsize=4096)
def _reaction(emoji: str, actor: str) -> Reaction:
    return Reaction(repaired(emoji), repaired(actor))


@dataclass(slots=True)
class Writer:
    """Makes the messages of a file, and counts repairs."""

    service: str
    thread: str
    title: str
    file: str
    report: ImportReport
    _last: int = 0
    _direction: int = 0  # +1 oldest first, -1 newest first, as the file's first step shows

    def message(self, record: Record, number: int) -> Message:
        """Convert a record to a message, with its kind."""
        at = as_milliseconds(record.timestamp, self.report) if record.sender else None
        return self.dated(record, number, at)

    def dated(self, record: Record, number: int, at: int | None) -> Message:
        """The same, with a given time (UTC milliseconds)."""
        sender, kind = record.sender, record.kind
        if kind is Kind.TEXT:
            kind = kind_of_sentence(record.text, sender) or kind
        if at is not None:
            self._watch_order(at)
        return Message(
            sender,
            record.text,
            at,
            kind,
            self.service,
            self.thread,
            self.title,
            f"{sender} in {self.thread}" if sender in _GONE else sender,
            "",
            "",
            record.reactions,
            sender in _BOTS,
            f"{self.file}:{number}",
        )

    def _watch_order(self, at: int) -> None:
        """Count times that are out of the file's order."""
        step = (at > self._last) - (at < self._last) if self._last else 0
        if step and not self._direction:
            self._direction = step
        elif step and step != self._direction:
            self.report.repairs["out of order"] += 1
        self._last = at

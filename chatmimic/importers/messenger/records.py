"""One Messenger record, of either export, to one Message."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from chatmimic.importers.messenger.html import Box
from chatmimic.importers.messenger.system import kind_of_sentence
from chatmimic.importers.parsing.repair import repaired
from chatmimic.importers.parsing.times import as_milliseconds
from chatmimic.importers.report import ImportReport
from chatmimic.records import Kind, Message, Reaction

_MEDIA = ("photos", "videos", "audio_files", "gifs", "files", "sticker", "share", "media")
_EVENTS = {"Subscribe": Kind.SYSTEM, "Unsubscribe": Kind.SYSTEM, "Call": Kind.CALL}
# Accounts that are gone all have one of these names: they are not one person.
_GONE = {"Facebook user", "Facebook User", "Instagram User"}
_BOTS = {"Meta AI"}


@dataclass(slots=True)
class Record:
    """What either export says of one message."""

    sender: str = ""
    text: str = ""
    timestamp: Any = None
    kind: Kind = Kind.OTHER
    reactions: Any = None
    marked: bool = False  # the record's own `type` says what it is: no sentence needs judging


def plain_record(item: Any) -> Record:
    """A record of the "Download your information" export."""
    if not isinstance(item, dict):
        return Record()
    get = item.get
    sender, text, type_ = get("sender_name"), get("content"), get("type")
    record = Record(
        sender if isinstance(sender, str) else "",
        text if isinstance(text, str) else "",
        get("timestamp_ms"),
        reactions=get("reactions"),
        marked=isinstance(type_, str),
    )
    if not record.sender or "timestamp_ms" not in item or not isinstance(text, str | None):
        return record
    if get("is_unsent") or get("is_taken_down"):
        record.kind = Kind.DELETED
    elif type_ in _EVENTS:
        record.kind = _EVENTS[type_]
    elif "call_duration" in item or get("missed"):
        record.kind = Kind.CALL
    elif "users" in item:
        record.kind = Kind.SYSTEM
    elif type_ in (None, "Generic", "Share"):
        record.kind = _kind_of_words(record.text, item)
    return record


def encrypted_record(item: Any) -> Record:
    """A record of the end-to-end encrypted export."""
    if not isinstance(item, dict):
        return Record()
    get = item.get
    sender, text, type_ = get("senderName"), get("text"), get("type")
    record = Record(
        sender if isinstance(sender, str) else "",
        text if isinstance(text, str) else "",
        get("timestamp"),
        reactions=get("reactions"),
    )
    if not record.sender or "timestamp" not in item or not isinstance(text, str | None):
        return record
    if get("isUnsent"):
        record.kind = Kind.DELETED
    elif type_ == "placeholder":
        told = kind_of_sentence(record.text)
        record.kind = told if told is not None else Kind.SYSTEM
    elif type_ in (None, "text", "link", "media", "Generic", "generic"):
        record.kind = _kind_of_words(record.text, item)
    return record


def page_record(box: Box) -> Record:
    """A message of an HTML page. One without a time is of a shape that is not known."""
    record = Record(box.sender, box.text, reactions=box.reactions)
    if box.time:
        record.kind = Kind.MEDIA if box.attached and not box.text else Kind.TEXT
    return record


def _kind_of_words(text: str, item: dict[str, Any]) -> Kind:
    media = not text and any(item.get(name) for name in _MEDIA)
    return Kind.MEDIA if media else Kind.TEXT


@dataclass(slots=True)
class Writer:
    """Makes the Messages of one file, counting what it mends."""

    service: str
    thread: str
    title: str
    file: str
    report: ImportReport
    mends: bool = True  # JSON is encoded twice, pages are not
    _last: int = 0
    _direction: int = 0  # +1 oldest first, -1 newest first, as the file's first step shows

    def message(self, record: Record, number: int) -> Message:
        """The Message of a record, its text repaired and its kind settled."""
        at = as_milliseconds(record.timestamp, self.report) if record.sender else None
        return self.dated(record, number, at)

    def dated(self, record: Record, number: int, at: int | None) -> Message:
        """The same, with a time (UTC milliseconds) that was read elsewhere."""
        sender, text = self._mended(record.sender), self._mended(record.text)
        kind = record.kind
        if kind is Kind.TEXT:
            kind = kind_of_sentence(text) or kind
        if at is not None:
            self._watch_order(at)
        return Message(
            sender,
            text,
            at,
            kind,
            self.service,
            self.thread,
            self.title,
            f"{sender} in {self.thread}" if sender in _GONE else sender,
            reactions=self._reactions(record.reactions) if record.reactions else (),
            is_bot=sender in _BOTS,
            source=f"{self.file}:{number}",
        )

    def _mended(self, text: str) -> str:
        if text.isascii() or not self.mends:
            return text
        mended = repaired(text)
        if mended != text:
            self.report.repairs["mojibake"] += 1
        return mended

    def _reactions(self, reactions: Any) -> tuple[Reaction, ...]:
        if not isinstance(reactions, list):
            return ()
        return tuple(
            _reaction(given["reaction"], given["actor"])
            for given in reactions
            if isinstance(given, dict)
            and isinstance(given.get("reaction"), str)
            and isinstance(given.get("actor"), str)
        )

    def _watch_order(self, at: int) -> None:
        """Count times that go against the file's own direction."""
        step = (at > self._last) - (at < self._last) if self._last else 0
        if step and not self._direction:
            self._direction = step
        elif step and step != self._direction:
            self.report.repairs["out of order"] += 1
        self._last = at


@lru_cache(maxsize=4096)
def _reaction(emoji: str, actor: str) -> Reaction:
    return Reaction(repaired(emoji), repaired(actor))

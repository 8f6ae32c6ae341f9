"""Reading an export: from a path to sanitised and counted Messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from chatmimic.importers.base import Context
from chatmimic.importers.generated import check_not_generated
from chatmimic.importers.parsing.dates.times import IMPOSSIBLE, latest_ms
from chatmimic.importers.parsing.dedup import SeenIds
from chatmimic.importers.parsing.owner import with_owner
from chatmimic.importers.parsing.suspicious_lines import note_suspicious_lines
from chatmimic.importers.registry import recognise
from chatmimic.importers.report import ImportOptions, ImportReport
from chatmimic.importers.sources import open_source
from chatmimic.records import Kind, Message
from chatmimic.text import clean

MAX_TEXT = 64 << 10  # most characters of a message
MAX_NAME = 200
_REMEMBERED = 20_000  # names known to be clean

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # "\r" only ends a line
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # what `clean` changes


def read_exports(path: Path, options: ImportOptions, report: ImportReport) -> Iterator[Message]:
    """Read all messages of an export: a file, folder, zip or tar, whose format is detected.

    Lazy, in bounded memory and in no particular order; the report is updated meanwhile. If an id
    repeats in a thread, the first message is yielded and the others are counted as duplicates.
    Messages without words (see `Message.kind`) are included. Raises ExportError.
    """
    latest_ms.cache_clear()
    with open_source(Path(path), options) as source:
        context = Context(source, options, report)
        found = recognise(context)
        report.format = ", ".join(importer.title for importer, _ in found)
        report.bytes_total += sum(member.size for _, members in found for member in members)
        tidy: set[str] = set()
        ids = SeenIds(report)
        for importer, members in found:
            messages = importer.read(members, context)
            distinct = importer.makes_ids and len(members) == 1
            if options.owner:
                messages = with_owner(messages, _name(options.owner), report)
            for message in messages:
                if not _is_safe(message, tidy):
                    message = _sanitised(message, report, tidy)
                if distinct or not message.message_id or ids.is_new(message):
                    yield _counted(message, report, options)
        if options.owner and not report.owner:
            report.note(f'There is nobody called "{_name(options.owner)}", given as --owner.')
        source.encodings.tell(report)
        _note_times(report.repairs.pop(IMPOSSIBLE, 0), report)
        note_suspicious_lines(report)


def _note_times(impossible: int, report: ImportReport) -> None:
    if impossible:
        messages = "message has" if impossible == 1 else "messages have"
        report.note(
            f"{impossible:,} {messages} a time before 1988, in the future or unreadable; kept "
            "without a time."
        )


def _is_safe(message: Message, tidy: set[str]) -> bool:
    """Whether a message needs no cleaning, as nearly all. `tidy` has clean names."""
    text = message.text
    return (
        message.sender in tidy
        and message.sender_key in tidy
        and message.thread in tidy
        and message.thread_title in tidy
        and len(text) <= MAX_TEXT
        # Printable text has no controls and no surrogates.
        and (text.isprintable() or not _ODD.search(text))
    )


def _sanitised(message: Message, report: ImportReport, tidy: set[str]) -> Message:
    """The message, sanitised for storage; its names are added to `tidy`."""
    text = message.text
    if _ODD.search(text):
        text = _cleaned(text, report)
    if len(text) > MAX_TEXT:
        report.repairs[f"cut to {MAX_TEXT:,} characters"] += 1
        text = text[:MAX_TEXT]
    given = message.sender, message.sender_key, message.thread, message.thread_title
    sender, key, thread, title = map(_name, given)
    if len(tidy) > _REMEMBERED:
        tidy.clear()
    tidy.update((sender, key, thread, title))
    return replace(
        message, text=text, sender=sender, sender_key=key, thread=thread, thread_title=title
    )


def _counted(message: Message, report: ImportReport, options: ImportOptions) -> Message:
    """The message, counted by kind; without a sender or text its kind is changed."""
    kind, text = message.kind, message.text
    worded = kind is Kind.TEXT or kind is Kind.ACTION
    if worded and (not message.sender or not text or text.isspace()):
        report.leave_out("empty" if message.sender else "no sender", message.source)
        return replace(message, kind=Kind.OTHER)
    if not worded and not options.allow_generated:
        check_not_generated(message)
    report.count(message, kind)
    return message


def _cleaned(text: str, report: ImportReport) -> str:
    safe = clean(text)
    if "\x00" in text:
        report.repairs["NUL"] += 1
    if _SURROGATE.search(text):
        report.repairs["lone surrogates"] += 1
    if _CONTROL.search(text):
        report.repairs["control characters"] += 1
    return safe


def _name(name: str) -> str:
    """A name on one line, cut to a maximum length."""
    return " ".join(clean(name).split())[:MAX_NAME]

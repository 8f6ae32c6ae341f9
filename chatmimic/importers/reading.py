"""The one way in: a path to Messages, made safe and counted on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from chatmimic.importers.base import Context
from chatmimic.importers.parsing.times import IMPOSSIBLE, latest_ms
from chatmimic.importers.registry import recognise
from chatmimic.importers.report import ImportOptions, ImportReport
from chatmimic.importers.sources import open_source
from chatmimic.records import Kind, Message
from chatmimic.text import clean

MAX_TEXT = 64 << 10  # characters of one message that are kept
MAX_NAME = 200

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # "\r" only ends a line
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # what `clean` changes


def read_exports(path: Path, options: ImportOptions, report: ImportReport) -> Iterator[Message]:
    """Every message of one export: a file, a folder, a zip or a tar, its format found out.

    Lazy, in bounded memory and in no particular order. The report fills while this runs.
    Messages that are no words (`kind`) come too. Raises ExportError.
    """
    latest_ms.cache_clear()
    with open_source(Path(path)) as source:
        context = Context(source, options, report)
        found = recognise(context)
        report.format = ", ".join(importer.title for importer, _ in found)
        report.bytes_total += sum(member.size for _, members in found for member in members)
        for importer, members in found:
            for message in importer.read(members, context):
                yield _safe(message, report)
        _say_times(report.repairs.pop(IMPOSSIBLE, 0), report)


def _say_times(impossible: int, report: ImportReport) -> None:
    if impossible:
        messages = "message has" if impossible == 1 else "messages have"
        report.note(
            f"{impossible:,} {messages} a time before 1988, in the future or unreadable; "
            "what was said is kept without a time."
        )


def _safe(message: Message, report: ImportReport) -> Message:
    """The message fit to be stored, and counted by its kind."""
    text, kind = message.text, message.kind
    # What prints needs no cleaning: it holds no control and no surrogate.
    if not text.isprintable() and _ODD.search(text):
        text = _cleaned(text, report)
    if len(text) > MAX_TEXT:
        report.repairs[f"cut to {MAX_TEXT:,} characters"] += 1
        text = text[:MAX_TEXT]
    sender = _name(message.sender)
    lacking = ""
    if kind is Kind.TEXT or kind is Kind.ACTION:
        lacking = "no sender" if not sender else "empty" if not text.strip() else ""
    if lacking:
        kind = Kind.OTHER
        report.leave_out(lacking, message.source)
    else:
        report.count(message, kind)
    thread, title = _name(message.thread), _name(message.thread_title)
    key = _name(message.sender_key)
    if (
        text == message.text
        and kind is message.kind
        and sender == message.sender
        and (thread, title, key) == (message.thread, message.thread_title, message.sender_key)
    ):
        return message  # nearly always: making another costs as much as the rest
    return replace(
        message,
        text=text,
        kind=kind,
        sender=sender,
        thread=thread,
        thread_title=title,
        sender_key=key,
    )


def _cleaned(text: str, report: ImportReport) -> str:
    safe = clean(text)
    if "\x00" in text:
        report.repairs["NUL"] += 1
    if _SURROGATE.search(text):
        report.repairs["lone surrogates"] += 1
    if _CONTROL.search(text):
        report.repairs["control characters"] += 1
    return safe


@lru_cache(maxsize=8192)
def _name(name: str) -> str:
    """A name on one line, of bearable length."""
    return " ".join(clean(name).split())[:MAX_NAME]

"""Converts HTML pages of DiscordChatExporter and similar programs to messages."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from chatmimic.errors import DamagedExport
from chatmimic.importers.base import Context
from chatmimic.importers.discord.authors import account, sender_key
from chatmimic.importers.discord.channels import Channel, Place, Settle, place_headed
from chatmimic.importers.discord.dedup import Authored
from chatmimic.importers.discord.html_page import Page, PageRecord
from chatmimic.importers.discord.system_messages import kind_of_sentence
from chatmimic.importers.discord.timestamps import WrittenTimes, surveyed, time_in_id
from chatmimic.importers.parsing.dates.date_order import resolved_orders
from chatmimic.importers.parsing.dates.times import possible
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

CHUNK = 64 << 10
_COUNT = re.compile(r"Exported ([\d.,\s’']{1,20}) message\(s\)")
_HTML = ("<!doctype html", "<html")


def is_page(text: str) -> bool:
    """Whether the beginning of an HTML page has messages like DiscordChatExporter's."""
    start = text.lstrip("\ufeff \r\n\t")[:15].lower()
    return start.startswith(_HTML) and "chatlog__message" in text


def read_page(member: Member, context: Context, settle: Settle) -> Iterator[Authored]:
    """Yield all messages of a page. Raises DamagedExport if it is truncated."""
    page = Page(member.label)
    reader: _Reader | None = None
    try:
        for record in _records(page, member, context):
            if reader is None:
                reader = _Reader(settle(_place(page, member)), member, context)
            yield reader.message(record)
    except DamagedExport as damage:
        if not context.options.allow_truncated:
            raise
        context.report.note(f"{damage.what} What follows is lost.")
    _check_count(page, member, context)


def _records(page: Page, member: Member, context: Context) -> Iterator[PageRecord]:
    decode = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape").decode
    with context.open(member) as stream:
        while data := stream.read(CHUNK):
            yield from page.taken(decode(data))
    # A minifier leaves </html> out, but not the count at the bottom.
    if not page.ended and _said_count(page) is None:
        raise page.broken("is cut short")
    yield from page.last()


def _said_count(page: Page) -> int | None:
    for entry in page.entries:
        found = _COUNT.fullmatch(entry.strip())
        if found:
            return int("".join(c for c in found[1] if c in "0123456789") or 0)
    return None


def _check_count(page: Page, member: Member, context: Context) -> None:
    count = _said_count(page)
    if count is not None and count != page.records:
        context.report.note(
            f"{member.label} should have {count:,} messages, but {page.records:,} were found."
        )


def _place(page: Page, member: Member) -> Place:
    guild, name = (*(" ".join(entry.split()) for entry in page.entries[:2]), "", "")[:2]
    if not name:
        guild, _, name = " ".join(page.title.split()).rpartition(" - ")
    return place_headed(member, guild, name)


class _Reader:
    """Converts the records of one page to messages."""

    def __init__(self, channel: Channel, member: Member, context: Context) -> None:
        self._channel = channel
        self._member = member
        self._context = context
        self._written: WrittenTimes | None = None

    def message(self, record: PageRecord) -> Authored:
        """Convert a record to a message."""
        sender = " ".join(record.sender.split())
        name = account(record.account or sender)
        kind, thread = _kind(record), self._channel.key
        message = Message(
            sender,
            record.text,
            self._time(record),
            kind,
            "discord",
            thread,
            self._channel.title,
            sender_key(record.sender_id, name, thread, shared=record.is_bot),
            record.id,
            record.reply_to if kind.has_words else "",
            is_bot=record.is_bot,
            source=f"{self._member.name}:{record.number}",
        )
        return message, name

    def _time(self, record: PageRecord) -> int | None:
        """The time in the id, which is exact; else the local time that is shown."""
        exact = time_in_id(record.id)
        if exact is not None:
            return possible(exact, self._context.report)
        if self._written is None:
            options, report = self._context.options, self._context.report
            order = resolved_orders(
                [surveyed(self._member.label, self._first())], options.date_order, report
            )
            self._written = WrittenTimes(order[0], options.tz, report)
        return self._written.of(record.time)

    def _first(self) -> list[str]:
        """The times of the first messages, which show the order of dates."""
        head = self._context.source.head(self._member).decode("utf-8", "replace")
        try:
            return [record.time for record in Page(self._member.label).taken(head)]
        except DamagedExport:
            return []


def _kind(record: PageRecord) -> Kind:
    if record.event:
        kind = kind_of_sentence(record.text, media=False)
        return Kind.CALL if kind is Kind.CALL else Kind.SYSTEM
    if record.forwarded and not record.own_text:
        return Kind.FORWARDED
    if record.own_text:
        return Kind.TEXT
    return Kind.MEDIA if record.media else Kind.TEXT

"""Converts Telegram's HTML export (`messages.html`, `messages2.html`, …) to messages."""

from __future__ import annotations

import codecs
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import PurePosixPath

from chatmimic.errors import DamagedExport
from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.times import LocalClock
from chatmimic.importers.parsing.dedup import SeenMessages
from chatmimic.importers.parsing.html_parser import unescaped
from chatmimic.importers.streams import Member
from chatmimic.importers.telegram.html_page import Page, PageRecord
from chatmimic.records import Kind, Message

DELETED = "Deleted Account"  # what Telegram shows for every account that is gone
CHUNK = 64 << 10

_MESSAGE = re.compile(r'<div class="message (?:default|service)\b')
_TITLE = re.compile(r'<div class="text bold">([^<]{0,1000})</div>')
_TIME = re.compile(
    r"(\d\d)\.(\d\d)\.(\d{4}) (\d\d):(\d\d):(\d\d)(?: UTC([+-])(\d\d):?(\d\d))?", re.ASCII
)
_VIA = re.compile(r" via @\w+$")
_NUMBER = re.compile(r"(\d+)\.\w+$")
_UNSUPPORTED = "This message is not supported by this version of Telegram Desktop"


def is_page(text: str) -> bool:
    """Whether the beginning of an HTML page has messages like Telegram Desktop's."""
    return text.lstrip("\ufeff \r\n\t")[:15].lower().startswith("<!doctype html") and bool(
        _MESSAGE.search(text)
    )


def as_page(title: str) -> str:
    """The key under which messages of a chat in JSON are recorded, to compare with pages."""
    return f"pages of {title}"


def read_pages(pages: Sequence[Member], context: Context, seen: SeenMessages) -> Iterator[Message]:
    """Yield all messages of the pages, chat by chat, except those in `seen`.

    Raises DamagedExport for a page that is cut short.
    """
    chats: dict[str, list[Member]] = defaultdict(list)
    for page in pages:
        chats[str(PurePosixPath(page.name).parent)].append(page)
    titles = {folder: _title(sorted(chats[folder], key=_order)[0], context) for folder in chats}
    shared = Counter(
        (titles[folder], PurePosixPath(folder).parent) for folder in chats if _numbered(folder)
    )
    for folder, members in chats.items():
        title = titles[folder]
        apart = _numbered(folder) and shared[title, PurePosixPath(folder).parent] > 1
        thread = f"{title} ({PurePosixPath(folder).name})" if apart else title
        chat = _Chat(thread, title, context)
        for member in sorted(members, key=_order):
            for message in chat.messages(member):
                if seen.is_absent(message, as_page(title)):
                    yield message


def _order(member: Member) -> int:
    number = _NUMBER.search(member.name)  # messages.html is the first
    return int(number[1]) if number else 1


def _numbered(folder: str) -> bool:
    """Whether this is a chat in the export of an account: `chats/chat_17`."""
    return bool(re.fullmatch(r"chat_\d+", PurePosixPath(folder).name))


def _title(member: Member, context: Context) -> str:
    found = _TITLE.search(context.source.head(member).decode("utf-8", "replace"))
    named = unescaped(found[1]) if found else ""
    return " ".join(named.split()) or PurePosixPath(member.where).parent.name


class _Chat:
    """Reads the pages of a chat in order: a group of messages may continue on the next."""

    def __init__(self, thread: str, title: str, context: Context) -> None:
        self._thread = thread
        self._title = title
        self._context = context
        self._report = context.report
        self._clock = LocalClock(context.options.tz, context.report)
        self._sender = ""  # as the page shows it, "via @bot" included
        self._at: int | None = None

    def messages(self, member: Member) -> Iterator[Message]:
        """Yield all messages of a page."""
        page = Page(member.label)
        try:
            for record in self._records(page, member):
                yield self._message(record, f"{member.name}:{record.number}")
        except DamagedExport as damage:
            if not self._context.options.allow_truncated:
                raise
            self._report.note(f"{damage.what} What follows is lost.")

    def _records(self, page: Page, member: Member) -> Iterator[PageRecord]:
        decode = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape").decode
        with self._context.open(member) as stream:
            while data := stream.read(CHUNK):
                yield from page.taken(decode(data))
        if not page.ended:
            raise page.broken("is cut short")

    def _message(self, record: PageRecord, source: str) -> Message:
        if not record.service:
            self._at = self._clock.utc(_moment(record.time))
            self._sender = self._sender if record.joined else " ".join(record.sender.split())
        shown = "" if record.service else self._sender
        sender = _VIA.sub("", shown)
        kind = _kind(record, via=sender != shown)
        dated = record.service and record.id.startswith("-")  # days are counted down from -1
        return Message(
            sender,
            record.text if kind is not Kind.OTHER else record.text or record.strange.strip(),
            self._at,
            kind,
            "telegram",
            self._thread,
            self._title,
            f"{DELETED} in {self._thread}" if sender == DELETED else sender,
            "" if dated else record.id,
            record.reply_to if kind.has_words else "",
            tuple(record.reactions),
            record.buttons and sender == shown and not record.forwarded,
            source,
        )


def _moment(written: str) -> datetime | None:
    found = _TIME.fullmatch(written.strip())
    if found is None:
        return None
    day, month, year, hour, minute, second = (int(part) for part in found.groups()[:6])
    zone = None
    if found[7]:
        ahead = timedelta(hours=int(found[8]), minutes=int(found[9]))
        zone = ahead if found[7] == "+" else -ahead
    try:
        known = None if zone is None else timezone(zone)
        return datetime(year, month, day, hour, minute, second, tzinfo=known)
    except ValueError:  # 30.02.2024, UTC+99:00
        return None


def _kind(record: PageRecord, via: bool) -> Kind:
    if record.service:
        unknown = " ".join(record.text.split()).startswith(_UNSUPPORTED)
        return Kind.OTHER if unknown else Kind.SYSTEM
    if record.call:
        return Kind.CALL
    if record.forwarded or via:
        return Kind.FORWARDED
    if record.text.strip():
        return Kind.TEXT
    if record.media:
        return Kind.MEDIA
    return Kind.OTHER if record.strange else Kind.TEXT

"""WhatsApp's "Export chat": a text file or a zip, from Android or iPhone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.parsing.dates.date_order import DateSurvey, Numbers, resolved_orders
from chatmimic.importers.parsing.dates.dated_lines import (
    DAY_PERIODS,
    MARKS,
    MessageStart,
    Times,
    first_lines,
    numbered_lines,
    with_continuations,
)
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member
from chatmimic.importers.whatsapp.message_kinds import Tags, call_or_system, classified
from chatmimic.importers.whatsapp.senders import Names, Speakers, opening, plain_name
from chatmimic.importers.whatsapp.system_notices import is_event_text_of
from chatmimic.importers.whatsapp.timestamps import BROWSER, Stamp, Stamps, stamped
from chatmimic.records import Kind, Message

_LOOKED_AT = 60  # lines
_SHARE = 0.1  # of the commonest style, that a style needs to be the file's own and not pasted
_MOST_WORDS = 8
_NOON = 12  # o'clock: no later hour has a word for its half of the day
# Names of the file or the folder, in some languages: "WhatsApp Chat with Ada.txt".
_TITLES = (
    re.compile(
        r"(?:WhatsApp[ _-]Chat[ _](?:with|mit|met|-)|Chat[ _]de[ _]WhatsApp[ _]con"
        r"|Conversa[ _](?:do|no)[ _]WhatsApp[ _]com|Discussion[ _]WhatsApp[ _]avec"
        r"|Чат[ _]WhatsApp[ _]с|Chat[ _]WhatsApp[ _](?:con|dengan)|Chat[ _]WhatsApp)[ _\xa0]"
        r"(?P<of>.+)",
        re.IGNORECASE | re.DOTALL,
    ),
    re.compile(r"(?P<of>.+?)님과의 WhatsApp 대화", re.DOTALL),
    re.compile(
        r"[與与]\s?(?P<of>.+?)\s?的\s?WhatsApp\s?(?:對話|对话|聊天|聊天記錄|聊天记录)", re.DOTALL
    ),
)
_SUFFIX = re.compile(r"(?:\.(?:txt|zip|tar|gz|bz2|xz|tgz|tbz2?|txz))+$", re.IGNORECASE)
_IRC = re.compile(r"<[^<>\s]{1,64}> |\*{1,3} \S|-!- ")
_COPY = re.compile(r" ?\(\d{1,3}\)$")  # the second download of one file


class WhatsApp(Importer):
    """Reads text files, one for each chat, with dates in the locale of the phone."""

    name = "whatsapp"
    title = "WhatsApp"
    description = "WhatsApp's exported chats: the .txt of Android, the zip of the iPhone"

    def knows(self, head: Head) -> bool:
        """Whether lines begin with a date and a time, and somebody speaks."""
        rows = first_lines(head.text, _LOOKED_AT)
        stamps = [stamp for stamp in map(stamped, rows) if stamp is not None]
        if not stamps or any(_is_irc(stamp) for stamp in stamps):
            return False
        logged = sum(_IRC.match(stamp.rest.lstrip(" \t")) is not None for stamp in stamps)
        spoken = sum(_speaks(stamp) for stamp in stamps)
        if logged * 2 > spoken:  # "[01.05.2024 12:00] <ada> hi", "… * Joins: ada (a@h)"
            return False
        if stamps[0].style == " ":  # as every other log in the world
            return spoken * 2 > len(rows) and len(stamps[0].numbers[0]) < 4
        # The top of a file may be cut off.
        return spoken > 0 and (stamped(rows[0]) is not None or spoken * 2 > len(rows) > 4)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all chats, after a first pass: only all dates show day and month."""
        stamps = Stamps()
        styles = [_scan(member, context, stamps) for member in members]
        dates = [style.dates for style in styles]
        orders = resolved_orders(dates, context.options.date_order, context.report)
        for member, style, order in zip(members, styles, orders, strict=True):
            context.report.variants[style.phone] += 1
            yield from _Chat(member, style, order, context, stamps).messages()


def _is_irc(stamp: Stamp) -> bool:
    """Whether it is IRC: "[2024-05-01 12:00:00] <ada> hi". A contact may be called "<3"."""
    in_irc = stamp.style == "[" and len(stamp.numbers[0]) == 4
    return in_irc and _IRC.match(stamp.rest.lstrip(" \t")) is not None


def _speaks(stamp: Stamp) -> bool:
    """Whether a line has a sender; with some phones no space follows the colon."""
    return (": " if stamp.style in ": " else ":") in stamp.rest


@dataclass(frozen=True)
class _FileStyle:
    """The conventions of a file, from a first pass over it."""

    dates: DateSurvey
    styles: frozenset[str]
    speakers: Speakers
    tags: frozenset[str]  # "<Media omitted>" in a language that is not known here
    phone: str  # that wrote it, and its clock, as the first message shows


def _scan(member: Member, context: Context, stamps: Stamps) -> _FileStyle:
    dates, names, tags = DateSurvey(member.label), Names(), Tags()
    styles: Counter[str] = Counter()
    words: set[str] = set()
    phone, latest = "", 0
    last: Numbers | None = None
    with numbered_lines(member, context, ahead=True) as rows:
        for _, raw in rows:
            stamp = stamps.of(raw)
            if stamp is None:
                continue
            phone = phone or _phone(stamp)
            if stamp.numbers != last:
                last = stamp.numbers
                look = dates.look or stamp.look
                clock = {"twelve_hour": stamp.twelve_hour, "period_first": stamp.period_first}
                dates.add(last, stamp.written, look, **clock)
            styles[stamp.style] += 1
            names.add(stamp.rest)
            tags.add(stamp.rest)
            if stamp.word and stamp.word not in DAY_PERIODS and len(words) < _MOST_WORDS:
                words.add(stamp.word)
                latest = max(latest, stamp.clock[0] if stamp.clock else 0)
    if latest <= _NOON:
        _note_words(words, member, context.report)
    if len(styles) > 1:  # what was copied from a browser was pasted into a chat
        del styles[BROWSER]
    most = max(styles.values(), default=0)
    usual = frozenset(style for style, times in styles.items() if times >= most * _SHARE)
    return _FileStyle(dates, usual, names.found(chat_of(member.where)), tags.repeated(), phone)


def _phone(stamp: Stamp) -> str:
    phones = {"[": "iPhone", "-": "Android", BROWSER: "copied from a browser"}
    phone = phones.get(stamp.style, "another phone")
    return f"{phone}, {12 if stamp.twelve_hour else 24}-hour"


def _note_words(words: set[str], member: Member, report: ImportReport) -> None:
    """Note unknown words beside times: one means "o'clock", two perhaps am and pm."""
    if len(words) > 1:
        some = ", ".join(f'"{word}"' for word in sorted(words))
        report.note(
            f"{member.label} has {some} beside its times, which are unknown; if they mean am and "
            "pm, afternoons were read twelve hours early: please report them."
        )


class _Chat:
    """Reads one file with the conventions found in it."""

    def __init__(
        self, member: Member, style: _FileStyle, order: str, context: Context, stamps: Stamps
    ) -> None:
        self._member = member
        self._style = style
        self._order = order
        self._context = context
        self._thread = chat_of(member.where)
        self._times = Times(context)
        self._stamps = stamps

    def messages(self) -> Iterator[Message]:
        with numbered_lines(self._member, self._context) as rows:
            read = ((number, self._row(raw)) for number, raw in rows)
            for number, begun, text in with_continuations(
                read, self._context.report, self._member.name
            ):
                yield self._message(begun, text, number)

    def _row(self, raw: str) -> MessageStart | str:
        stamp = self._stamps.of(raw)
        if stamp is None or stamp.style not in self._style.styles:
            return raw
        return opening(stamp, self._order, self._style.speakers)

    def _message(self, begun: MessageStart, text: str, number: int) -> Message:
        sender = plain_name(begun.sender)
        kind, words, edited = classified(text, self._style.tags)
        if not sender:
            kind, words, edited = call_or_system(text), text.strip(MARKS), False
        elif kind is Kind.TEXT and text.startswith(sender) and is_event_text_of(sender, text):
            kind = Kind.SYSTEM
        if edited:
            self._context.report.repairs["edit marks"] += 1
        speaks = kind is not Kind.SYSTEM  # the title of a group stands before what befalls it
        return Message(
            sender if speaks else "",
            words,
            self._times.of(begun),
            kind,
            "whatsapp",
            self._thread,
            self._thread,
            begun.sender.strip(MARKS) if speaks else "",
            source=f"{self._member.name}:{number}",
        )


def chat_of(where: str) -> str:
    """The title of a chat, from the name of the file, or of its zip or folder."""
    names = [_COPY.sub("", _SUFFIX.sub("", part)) for part in PurePosixPath(where).parts]
    for name in names[:-3:-1]:
        found = next((found for title in _TITLES if (found := title.fullmatch(name))), None)
        if found:
            return found["of"]
    return next((name for name in names[::-1] if name != "_chat"), "whatsapp")

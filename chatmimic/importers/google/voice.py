"""Reads Google Voice from Takeout: an HTML page for each exchange of texts, and each call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chatmimic.errors import DamagedExport
from chatmimic.importers.base import Context
from chatmimic.importers.parsing.dates.times import IMPOSSIBLE, LocalClock, parse_iso
from chatmimic.importers.parsing.dedup import OverlapFilter
from chatmimic.importers.parsing.html_pages import (
    Attributes,
    PageParser,
    is_html,
    page_records,
    rendered_text,
)
from chatmimic.importers.parsing.owner import OWNER, note_owner
from chatmimic.importers.streams import Member
from chatmimic.records import Kind, Message

_TEXTS = re.compile(r'class="(?:[^"]{1,80} )?hChatLog\b')
_CALL = re.compile(r'class="(?:[^"]{1,80} )?haudio\b')
_FILE = re.compile(r"(.{1,200}) - (?:Text|Received|Placed|Missed|Voicemail|Recorded) - ")
_NOT_WRITTEN = {"MMS Sent", "MMS Received"}


@dataclass(slots=True)
class _Person:
    """A person on a page."""

    number: str = ""
    name: list[str] = field(default_factory=list)
    owner: bool = False

    @property
    def shown(self) -> str:
        return OWNER if self.owner else rendered_text(self.name) or self.number

    @property
    def key(self) -> str:
        return OWNER if self.owner else self.number or self.shown


@dataclass(slots=True)
class _Entry:
    """A text or call on a page."""

    who: _Person = field(default_factory=_Person)
    time: str = ""
    pieces: list[str] = field(default_factory=list)
    attached: bool = False
    call: bool = False
    number: int = 0


def is_voice(text: str) -> bool:
    """Whether a page begins like Google Voice's."""
    return is_html(text) and bool(_TEXTS.search(text) or _CALL.search(text))


class VoicePage(PageParser[_Entry]):
    """Feed it a page; a text is complete when its element ends, a call with the page."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.members: list[_Person] = []  # of a group
        self._entry: _Entry | None = None
        self._person: _Person | None = None
        self._depths: dict[str, int] = {}  # what is open → its depth
        self._place: list[str] | None = None  # where text goes, …
        self._until = 0  # … and the depth that ends it

    def opened(self, tag: str, given: Attributes) -> None:
        """Handle the beginning of an element, by its class."""
        depth, classes = len(self.open), given.get("class", "").split()
        if self._entry is None and ("message" in classes or "haudio" in classes):
            self._entry = _Entry(call="haudio" in classes)
            self._person = self._entry.who
            self._depths["entry"] = depth
        elif "participants" in classes:
            self._depths["members"] = depth
        elif "sender" in classes and "members" in self._depths:
            self.members.append(_Person())
            self._person = self.members[-1]
        elif self._person is not None:
            self._opened_in_person(tag, given, classes)
        if self._entry is not None:
            self._opened_in_text(tag, given, classes)

    def _opened_in_person(self, tag: str, given: Attributes, classes: list[str]) -> None:
        person = self._person
        assert person is not None
        if "tel" in classes:
            person.number = given.get("href", "").removeprefix("tel:")
        elif "fn" in classes and ("tel" in self._depths or not self._is_call):
            person.owner = tag == "abbr"
            self._read_into(person.name)

    @property
    def _is_call(self) -> bool:
        return self._entry is not None and self._entry.call

    def _opened_in_text(self, tag: str, given: Attributes, classes: list[str]) -> None:
        entry = self._entry
        assert entry is not None
        if "tel" in classes:
            self._depths["tel"] = len(self.open)
        elif "dt" in classes or "published" in classes:
            entry.time = given.get("title", "")
        elif tag == "q" or (entry.call and "fn" in classes and "tel" not in self._depths):
            self._read_into(entry.pieces)
        entry.attached |= tag in ("img", "video", "audio") or bool(
            {"video", "audio"} & set(classes)
        )

    def _read_into(self, place: list[str]) -> None:
        self._place, self._until = place, len(self.open)

    def on_text(self, text: str) -> None:
        """Add text to the current part."""
        if self._place is not None:
            self._place.append(text)

    def closed(self, depth: int) -> None:
        """Handle the end of elements."""
        if depth <= self._until:
            self._place = None
        for what, at in list(self._depths.items()):
            if depth <= at:
                del self._depths[what]
                if what == "entry" and self._entry is not None:
                    self.whole(self._entry)
                    self._entry.number = self.records
                    self._entry = None
                self._person = None if what != "tel" else self._person


def read_voice(members: Sequence[Member], context: Context) -> Iterator[Message]:
    """Yield all texts and calls, without duplicates."""
    overlap = OverlapFilter(context.report)
    for member in members:
        thread = _thread(member, context)
        messages = _messages(member, thread, context)
        yield from messages if len(members) == 1 else overlap.new_of(messages)


def _messages(member: Member, thread: str, context: Context) -> Iterator[Message]:
    clock = LocalClock(context.options.tz, context.report)
    for entry in page_records(VoicePage(member.label), member, context):
        moment = parse_iso(entry.time)
        if moment is None:
            context.report.repairs[IMPOSSIBLE] += 1
        if entry.who.owner:
            note_owner(context.report)
        text = rendered_text(entry.pieces)
        yield Message(
            entry.who.shown,
            text,
            None if moment is None else clock.utc(moment),
            _kind(entry, text),
            "google-voice",
            thread,
            thread,
            entry.who.key,
            source=f"{member.name}:{entry.number}",
        )


def _kind(entry: _Entry, text: str) -> Kind:
    if entry.call:
        return Kind.CALL
    empty = not text and entry.attached
    return Kind.MEDIA if empty or text in _NOT_WRITTEN else Kind.TEXT


def _thread(member: Member, context: Context) -> str:
    """The thread of a page: the members of the group, or the other person.

    A page of one's own texts only is called after the other.
    """
    page = VoicePage(member.label)
    try:
        some = list(page.taken(context.source.head(member).decode("utf-8", "replace")))
    except DamagedExport:
        some = []
    if page.members:
        return ", ".join(sorted(one.shown for one in page.members))
    others = [entry.who.shown for entry in some if not entry.who.owner and entry.who.shown]
    named = _FILE.match(member.base)
    return others[0] if others else named[1] if named else member.base

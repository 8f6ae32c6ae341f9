"""Parses an HTML page of DiscordChatExporter or a similar program into records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from chatmimic.importers.discord.html_classes import Classes, Place, classes_of, placed
from chatmimic.importers.discord.html_markup import Words
from chatmimic.importers.parsing.html_parser import EMPTY, BoundedParser

_UNCLOSED = {"li", "p"}  # a minifier leaves their ends out where another begins
_ANSWERED = re.compile(r"scrollToMessage\(\s*event\s*,\s*['\"]?(\d{1,20})")
_MOST_ENTRIES = 8  # of the top and of the bottom, that are kept


@dataclass(slots=True)
class PageRecord:
    """What a page says about one message, or about all messages of a group."""

    id: str = ""
    number: int = 0  # of the messages of its page
    sender: str = ""
    account: str = ""
    sender_id: str = ""
    is_bot: bool = False
    time: str = ""
    reply_to: str = ""
    forwarded: bool = False
    media: bool = False
    event: bool = False
    loose: str = ""  # said, where the page does not keep its spaces
    words: Words = field(default_factory=Words)
    passed_on: Words = field(default_factory=Words)

    @property
    def own_text(self) -> str:
        """The sender's own text."""
        return self.words.text.strip() or " ".join(self.loose.split())

    @property
    def text(self) -> str:
        """The sender's text, or else the forwarded one."""
        return self.own_text or self.passed_on.text.strip()


class Page(BoundedParser[PageRecord]):
    """Feed it a page; `taken` returns the records that are complete so far."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.title = ""
        self.entries: list[str] = []  # of the page's top and bottom: guild, channel, …
        self._open: list[tuple[str, Place, str]] = []  # tag, place, how its marks close
        self._group = PageRecord()
        self._record = PageRecord()
        self._titled = False  # the time at hand stands in an attribute

    def last(self) -> Iterator[PageRecord]:
        """The record that ends with the page."""
        self._end()
        return self.taken("")

    # --- what the parser calls ---

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Determine what the following text is."""
        given = {name: value or "" for name, value in attrs}
        if tag in _UNCLOSED and self._open and self._open[-1][0] == tag:
            self.handle_endtag(tag)
        place = self._entered(tag, given)
        words = self._words(place)
        how = words.opens(tag, given) if words is not None else ""
        if tag in EMPTY:
            return
        self.check_depth(len(self._open))
        self._open.append((tag, place, how))

    def handle_endtag(self, tag: str) -> None:
        """Close an element, and any left open in it."""
        self.ended = self.ended or tag == "html"
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at][0] == tag:
                self._leave(at)
                return

    def handle_data(self, data: str) -> None:
        """Add text to the current part of the record."""
        place = self._place
        if place is Place.PAGE or place is Place.NOTHING or place is Place.REPLY:
            return
        self.grow(data)
        words = self._words(place)
        if words is not None:
            words.add(data)
        elif place is Place.ENTRY:
            self.entries[-1] += data
        elif place is Place.TITLE:
            self.title += data
        elif place is Place.LOOSE or place is Place.EVENT:
            self._record.loose += data
        elif place is Place.AUTHOR:
            self._about.sender += data
        elif place is Place.TIME and not self._titled:
            self._about.time += data

    # --- places ---

    @property
    def _place(self) -> Place:
        return self._open[-1][1] if self._open else Place.PAGE

    @property
    def _inside(self) -> bool:
        return bool(self._record.id)

    @property
    def _about(self) -> PageRecord:
        """The record that a name, time or mark belongs to: the message or its group."""
        return self._record if self._inside else self._group

    def _words(self, place: Place) -> Words | None:
        if place is Place.TEXT:
            return self._record.words
        return self._record.passed_on if place is Place.PASSED_ON else None

    def _entered(self, tag: str, given: dict[str, str]) -> Place:
        """What the text of an element is, by its classes."""
        id_ = given.get("data-message-id", "")
        if id_ and id_ != self._record.id:
            self._begin(id_)
            return Place.MESSAGE
        around = self._place
        if tag == "title" and around is Place.PAGE:
            return Place.TITLE
        name = given.get("class", "")
        if not name and around is not Place.REPLY:
            return around
        classes = classes_of(name)
        if classes.group:
            self._end()
            self._group = PageRecord()
        self._mark(given, classes)
        if tag == "span" and classes.old_text and around is Place.LOOSE:
            return Place.TEXT
        place = placed(classes.places, around)
        if place is not around:
            self._start(place, given)
        return place

    def _begin(self, id_: str) -> None:
        self._end()
        self.size = 0
        group = self._group
        self._record = replace(
            group, id=id_, words=Words(), passed_on=Words(), media=False, event=group.event
        )
        group.reply_to = ""  # answers the group's first message only

    def _mark(self, given: dict[str, str], classes: Classes) -> None:
        """Record what the presence of an element means."""
        about = self._about
        if self._inside:
            about.media |= classes.media
            about.event |= classes.event
            about.forwarded |= classes.forwarded
        if self._place is Place.REPLY:
            # The outer one: what is answered may itself hold links to messages.
            answered = None if about.reply_to else _ANSWERED.search(given.get("onclick", ""))
            about.reply_to = answered[1] if answered else about.reply_to
        else:
            about.is_bot |= classes.bot

    def _start(self, place: Place, given: dict[str, str]) -> None:
        if place is Place.AUTHOR:
            for about in (self._group, self._about):
                about.sender, about.is_bot = "", False
                about.sender_id = given.get("data-user-id", "")
                about.account = given.get("title", "")
        elif place is Place.TIME:
            self._about.time = given.get("title", "") or given.get("data-timestamp", "")
            self._titled = bool(self._about.time)
        elif place is Place.ENTRY:
            self.entries[_MOST_ENTRIES:] = self.entries[_MOST_ENTRIES:][-_MOST_ENTRIES:]
            self.entries.append("")

    def _leave(self, at: int) -> None:
        """Close the elements from there on, innermost first."""
        while len(self._open) > at:
            _, place, how = self._open.pop()
            words = self._words(place)
            if words is not None:
                words.closes(how)
            if place is Place.MESSAGE and self._place is Place.PAGE:
                self._end()

    def _end(self) -> None:
        """End the message; its sender remains that of the group."""
        if not self._inside:
            return
        record = self._record
        self._group.sender, self._group.is_bot = record.sender, record.is_bot
        record.number = self.records + 1
        self.whole(record)
        self._record = PageRecord()

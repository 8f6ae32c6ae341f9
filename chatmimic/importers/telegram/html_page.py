"""Parses an HTML page of Telegram Desktop into records."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto

from chatmimic.importers.parsing.html_parser import EMPTY, BoundedParser
from chatmimic.records import Reaction

_BREAK = "\u2028"  # stands for <br>; Telegram writes this character itself as <br>
_LAYOUT = re.compile(r"(?<![ \t])[ \t]*[\r\n]\s*")  # how the page's source is laid out
_ANSWERED = re.compile(r"go_to_message(-?\d+)")


class _Place(Enum):
    """What the text at the current position is."""

    PAGE = auto()  # outside of every message
    MESSAGE = auto()  # a message's frame, whose classes say what comes
    FORWARDED = auto()  # the frame of what was passed on
    SENDER = auto()
    TEXT = auto()
    REPLY = auto()
    MEDIA = auto()
    QUESTION = auto()  # a poll's question or answer, a list's title or task
    REACTIONS = auto()
    EMOJI = auto()
    NOTHING = auto()  # times for the eye, initials, votes


_FRAMES = (_Place.MESSAGE, _Place.FORWARDED)
_PLACES = {
    "userpic_wrap": _Place.NOTHING, "date": _Place.NOTHING, "signature": _Place.NOTHING,
    "bot_buttons_table": _Place.NOTHING, "from_name": _Place.SENDER, "reply_to": _Place.REPLY,
    "media_wrap": _Place.MEDIA, "text": _Place.TEXT, "reactions": _Place.REACTIONS,
}  # fmt: skip


@dataclass(slots=True)
class PageRecord:
    """A message on a page."""

    id: str = ""
    number: int = 0  # of the messages of its page
    service: bool = False  # a date or an event
    joined: bool = False  # the sender of the message above goes on
    sender: str = ""
    time: str = ""
    reply_to: str = ""
    forwarded: bool = False
    media: bool = False
    call: bool = False
    buttons: bool = False  # only bots can send them
    strange: str = ""  # text in a place not known here
    options: list[str] = field(default_factory=list)  # of a poll or a list, line by line
    reactions: list[Reaction] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text, with its line breaks."""
        rendered_text = re.sub(r"\n *$", "", "".join(self.pieces).removeprefix("\n"))
        text = _LAYOUT.sub(" ", rendered_text).replace(_BREAK, "\n")
        options = [" ".join(line.split()).removeprefix("- ") for line in self.options]
        return "\n".join(filter(str.strip, [text, *options])) if options else text


class Page(BoundedParser[PageRecord]):
    """Feed it a page; `taken` returns the records that are complete so far."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self._open: list[tuple[str, _Place]] = []
        self._record = PageRecord()
        self._emoji = ""

    # --- what the parser calls ---

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Determine what the following text is."""
        given = {name: value or "" for name, value in attrs}
        place = self._entered(given)
        if tag == "br":
            self.handle_data(_BREAK)
        if tag in EMPTY:
            return
        self.check_depth(len(self._open))
        self._open.append((tag, place))

    def handle_endtag(self, tag: str) -> None:
        """Close an element, and any left open in it."""
        self.ended = self.ended or tag == "html"
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at][0] == tag:
                self._leave(at)
                return

    def handle_data(self, data: str) -> None:
        """Add text to the current part of the record."""
        place, record = self._place, self._record
        if place is not _Place.PAGE:
            self.grow(data)
        if place is _Place.TEXT:
            record.pieces.append(data)
        elif place is _Place.QUESTION:
            record.options[-1] += data
        elif place is _Place.SENDER:
            record.sender += data
        elif place is _Place.EMOJI:
            self._emoji += data
        elif place in _FRAMES and data.strip():
            record.strange += data

    # --- places ---

    @property
    def _place(self) -> _Place:
        return self._open[-1][1] if self._open else _Place.PAGE

    def _entered(self, given: dict[str, str]) -> _Place:
        """What the text of an element is, by its classes."""
        place, classes = self._place, given.get("class", "").split()
        if "message" in classes and given.get("id", "").startswith("message"):
            return self._begin(given, classes)
        if place in _FRAMES:
            return self._entered_from(place, given, classes)
        if place is _Place.REPLY:
            answered = _ANSWERED.search(given.get("href", ""))
            self._record.reply_to = answered[1] if answered else self._record.reply_to
        elif place is _Place.MEDIA and "media_call" in classes:
            self._record.call = True
        elif place is _Place.MEDIA and ("question" in classes or "answer" in classes):
            self._record.options.append("")
            self.grow(" ")
            return _Place.QUESTION
        elif place is _Place.QUESTION and "details" in classes:
            return _Place.NOTHING
        elif place is _Place.REACTIONS:
            if "emoji" in classes:
                self._emoji = ""
                return _Place.EMOJI
            if given.get("title"):
                self._record.reactions.append(Reaction(self._emoji.strip(), given["title"]))
        return place

    def _entered_from(self, place: _Place, given: dict[str, str], classes: list[str]) -> _Place:
        record = self._record
        record.buttons |= "bot_buttons_table" in classes
        record.media |= "media_wrap" in classes
        if "body" in classes:
            record.forwarded |= "forwarded" in classes
            inner = _Place.TEXT if record.service else place
            return _Place.FORWARDED if "forwarded" in classes else inner
        if "date" in classes and place is _Place.MESSAGE:
            record.time = given.get("title", "")
        found = next((_PLACES[name] for name in classes if name in _PLACES), place)
        passed_on = found is _Place.SENDER and place is _Place.FORWARDED
        return _Place.NOTHING if passed_on else found

    def _begin(self, given: dict[str, str], classes: list[str]) -> _Place:
        if self._place is not _Place.PAGE:  # the one before was never closed
            self._leave(next(n for n, (_, p) in enumerate(self._open) if p is not _Place.PAGE))
        self.size = 0
        self._record = PageRecord(
            given.get("id", "").removeprefix("message"),
            service="service" in classes,
            joined="joined" in classes,
        )
        return _Place.MESSAGE

    def _leave(self, at: int) -> None:
        """Close the elements from there on, and the message when all of its own are closed."""
        inside = self._place is not _Place.PAGE
        del self._open[at:]
        if inside and self._place is _Place.PAGE:
            self._record.number = self.records + 1
            self.whole(self._record)
            self._record = PageRecord()

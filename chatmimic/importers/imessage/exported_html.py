"""Parses HTML pages of imessage-exporter: blocks as in its text files, with ids."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from chatmimic.importers.imessage.exported_contents import Parts, tapback_of
from chatmimic.importers.imessage.exported_text import Block
from chatmimic.importers.imessage.exported_times import AT, moment_of
from chatmimic.importers.parsing.html_pages import BREAK, Attributes, PageParser, is_html
from chatmimic.importers.parsing.tapbacks import is_text_tapback
from chatmimic.records import Kind

_MESSAGE = re.compile(r'<div class="(?:message"|announcement")')
_AT = re.compile(AT)
_GUID = "sms://open?message-guid="
_SYSTEM = {"shareplay", "shared_location"}
_THINGS = {"img", "video", "audio"}
_TAPBACKS = {"tapback", "reaction"}
_NOT_WORDS = {"expressive", "reply_context", "reply_anchor", "transcription"}


def is_exported_page(text: str) -> bool:
    """Whether a page begins like imessage-exporter's."""
    return is_html(text) and bool(_MESSAGE.search(text) and _AT.search(text))


@dataclass
class _Open:
    """A message that is being read, and where its text goes."""

    block: Block
    depth: int
    announced: bool = False  # whether Messages itself speaks
    parts: Parts = field(default_factory=Parts)
    time: list[str] = field(default_factory=list)
    sender: list[str] = field(default_factory=list)
    words: list[list[str]] = field(default_factory=list)  # of each bubble
    wordings: list[list[str]] = field(default_factory=list)  # of an edited part
    tapbacks: list[list[str]] = field(default_factory=list)
    event: list[str] = field(default_factory=list)
    link: str = ""  # that an app shows the page of
    things: bool = False  # files, stickers and apps
    gone: bool = False
    system: bool = False

    def done(self) -> Block:
        """The complete block."""
        at = _AT.match(_line(self.time))
        self.block.at = moment_of(at) if at is not None else None
        self.block.sender = _line(self.sender)
        self.block.event = _line(self.event)
        words = [_text(one) for one in self.words]
        words += [_text(self.wordings[-1])] if self.wordings else []
        text = "\n".join(filter(None, words)) or self.link
        self.parts.text, self.parts.edited = text, bool(self.wordings)
        self.parts.tapbacks = [one for place in self.tapbacks if (one := tapback_of(_line(place)))]
        if self.system or is_text_tapback(text):
            self.parts.kind = Kind.SYSTEM
        elif self.gone:
            self.parts.kind = Kind.DELETED
        elif not text.strip() and self.things:
            self.parts.kind = Kind.MEDIA
        self.block.parts = self.parts
        return self.block


class ExportedPage(PageParser[Block]):
    """Feed it a page; top-level blocks are complete when their element ends."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self._open: list[_Open] = []
        self._place: list[str] | None = None  # where text goes, …
        self._until = 0  # … and the depth that ends it
        self._silent = 0  # depth of what is no words of anybody; 0: none

    def opened(self, tag: str, given: Attributes) -> None:
        """Handle the beginning of an element, by its class."""
        classes = set(given.get("class", "").split())
        if tag == "div" and classes & {"message", "announcement"}:
            self._begin(announced="announcement" in classes)
        elif self._open:
            self._opened_in(self._open[-1], tag, given, classes)

    def _begin(self, announced: bool) -> None:
        self._open.append(_Open(Block(None, self.records + 1), len(self.open), announced))
        self._silent = 0
        self._leave()

    def _opened_in(self, at: _Open, tag: str, given: Attributes, classes: set[str]) -> None:
        if classes & _TAPBACKS and not (at.tapbacks and self._place is at.tapbacks[-1]):
            at.tapbacks.append([])
            self._read_into(at.tapbacks[-1])
        elif classes & _NOT_WORDS:
            at.parts.answers |= "reply_context" in classes
            self._silent = self._silent or len(self.open)
        elif self._silent:
            return
        elif "timestamp" in classes and not at.time:
            self._read_into(at.time)
        elif "sender" in classes and not at.sender:
            self._read_into(at.sender)
        elif "bubble" in classes or "subject" in classes:
            at.words.append([])
            self._read_into(at.words[-1])
        elif tag == "td" or "unsent" in classes or "deleted" in classes:
            self._opened_in_history(at, tag)
        else:
            at.system |= bool(classes & _SYSTEM)
            at.things |= tag in _THINGS or bool(classes & {"app", "sticker", "attachment_error"})
            link = given.get("href", "")
            if link.startswith(_GUID):
                at.block.guid = link.removeprefix(_GUID)
            elif link.startswith(("http://", "https://")) and not at.link:
                at.link = link

    def _opened_in_history(self, at: _Open, tag: str) -> None:
        """Handle an element in the history of an edited, unsent or deleted message."""
        if tag == "td":
            at.wordings.append([])
            self._read_into(at.wordings[-1])
        else:
            at.gone = True
            self._silent = len(self.open)

    def _leave(self) -> None:
        """Return to text outside the parts of the message."""
        at = self._open[-1] if self._open else None
        self._place = at.event if at is not None and at.announced else None
        self._until = at.depth if at is not None else 0

    def _read_into(self, place: list[str]) -> None:
        self._place, self._until = place, len(self.open)

    def on_text(self, text: str) -> None:
        """Add text to the current part."""
        if self._place is not None and not self._silent:
            self._place.append(text)

    def closed(self, depth: int) -> None:
        """Handle the end of elements."""
        if depth <= self._until:
            self._leave()
        if depth <= self._silent:
            self._silent = 0
        while self._open and depth <= self._open[-1].depth:
            block = self._open.pop().done()
            if self._open:
                self._open[-1].block.replies.append(block)
            else:
                self.whole(block)
            self._leave()


def _text(pieces: list[str]) -> str:
    return "".join(pieces).replace(BREAK, "\n")


def _line(pieces: list[str]) -> str:
    return " ".join("".join(pieces).replace(BREAK, " ").split())

"""Parses HTML pages of any size as a stream of records, in bounded memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from chatmimic.errors import DamagedExport
from chatmimic.importers.base import Context
from chatmimic.importers.parsing.html_parser import EMPTY, BoundedParser, Record
from chatmimic.importers.streams import Member

CHUNK = 64 << 10
BREAK = "\u2028"  # stands for <br> until the source's own ends of lines are taken out

_HTML = ("<!doctype html", "<html")

Attributes = dict[str, str]  # an element's attributes


def is_html(text: str) -> bool:
    """Whether a file begins like an HTML page, with or without an XML declaration."""
    start = text.lstrip("\ufeff \r\n\t")[:200].lower()
    if start.startswith("<?xml"):
        start = start.partition("?>")[2].lstrip()
    return start.startswith(_HTML)


def rendered_text(pieces: list[str]) -> str:
    """Text as rendered: a newline for each <br>, a space for line ends in the source.

    A character U+2028 of the text itself becomes a line's end too.
    """
    text = "".join(pieces)
    if BREAK not in text and "\n" not in text and "\r" not in text:
        return text.strip()  # nearly always
    source = text.replace("\r", "\n").split("\n")
    if len(source) == 1:  # nothing is indented but by who wrote it
        return text.replace(BREAK, "\n").strip()
    ends = (source[0].rstrip(" \t"), source[-1].lstrip(" \t"))
    middle = (line.strip(" \t") for line in source[1:-1])
    source = [ends[0], *filter(None, middle), ends[1]]
    return "\n".join(line.strip(" ") for line in " ".join(source).split(BREAK)).strip()


class PageParser(BoundedParser[Record]):
    """A page parser; subclasses define `opened`, `closed` and `on_text`."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.open: list[str] = []  # the tags around the parser's position

    def opened(self, tag: str, given: Attributes) -> None:
        """An element begins; it is not in `open` yet."""

    def closed(self, depth: int) -> None:
        """The elements from this depth on end; they are still in `open`."""

    def on_text(self, text: str) -> None:
        """Text in the innermost element; BREAK for each <br>."""

    # --- what Python's parser calls ---

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Handle the beginning of an element."""
        self.opened(tag, {name: value or "" for name, value in attrs})
        if tag == "br":
            self.handle_data(BREAK)
        if tag in EMPTY:
            return
        self.check_depth(len(self.open))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element, and any left open in it."""
        self.ended = self.ended or tag == "html"
        if tag in self.open:
            depth = len(self.open) - 1 - self.open[::-1].index(tag)
            self.closed(depth)
            del self.open[depth:]

    def handle_data(self, data: str) -> None:
        """Handle text. Raises DamagedExport if a record is too long."""
        self.grow(data)
        self.on_text(data)


def page_records(page: PageParser[Record], member: Member, context: Context) -> Iterator[Record]:
    """Yield all records of a page. Raises DamagedExport if the page is truncated."""
    decode = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape").decode
    try:
        with context.open(member) as stream:
            while data := stream.read(CHUNK):
                yield from page.taken(decode(data))
        if not page.ended:
            raise page.broken("is cut short")
    except DamagedExport as damage:
        if not context.options.allow_truncated:
            raise
        context.report.note(f"{damage.what} What follows is lost.")

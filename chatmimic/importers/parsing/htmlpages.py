"""HTML pages of any size, read as a stream of records: fed in pieces, never held or rendered.

Python's parser waits without end for what a hostile page never closes; here that is a fault.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Generic, TypeVar

from chatmimic.errors import DamagedExport
from chatmimic.importers.base import Context
from chatmimic.importers.parsing.jsonstream import MAX_RECORD, TRUNCATED_WAY_ON
from chatmimic.importers.streams import Member

CHUNK = 64 << 10
BREAK = "\u2028"  # stands for <br> until the source's own ends of lines are taken out
MAX_TAG = 1 << 20  # characters that may wait for the end of their tag
MAX_DEPTH = 200  # tags within one another

EMPTY = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
_HTML = ("<!doctype html", "<html")

Record = TypeVar("Record")
Given = dict[str, str]  # an element's attributes


def is_html(text: str) -> bool:
    """Whether a file begins as an HTML page, with or without an XML declaration before it."""
    start = text.lstrip("\ufeff \r\n\t")[:200].lower()
    if start.startswith("<?xml"):
        start = start.partition("?>")[2].lstrip()
    return start.startswith(_HTML)


def laid_out(pieces: list[str]) -> str:
    """Text as it was written: a line's end for each <br>, a space for each of the source's own.

    A character U+2028 of the text itself becomes a line's end too.
    """
    text = "".join(pieces)
    if BREAK not in text and "\n" not in text and "\r" not in text:
        return text.strip()  # nearly always
    source = text.replace("\r", "\n").split("\n")
    if len(source) > 1:
        ends = (source[0].rstrip(" \t"), source[-1].lstrip(" \t"))
        middle = (line.strip(" \t") for line in source[1:-1])
        source = [ends[0], *filter(None, middle), ends[1]]
    return "\n".join(line.strip(" ") for line in " ".join(source).split(BREAK)).strip()


class PageParser(HTMLParser, Generic[Record]):
    """Feed it a page's text; `taken` gives the records that are whole by then.

    A page of a kind says in `opened`, `closed` and `said` what its elements mean, and calls
    `whole` for each record.
    """

    def __init__(self, label: str) -> None:
        super().__init__(convert_charrefs=True)
        self.records = 0  # whole ones so far
        self.ended = False  # </html> was met
        self.open: list[str] = []  # the tags around the parser's position
        self._label = label
        self._size = 0  # characters since the last whole record
        self._whole: list[Record] = []

    def opened(self, tag: str, given: Given) -> None:
        """An element begins; `open` does not hold it yet."""

    def closed(self, depth: int) -> None:
        """The elements from this depth on end; `open` holds them still."""

    def said(self, text: str) -> None:
        """Text at this position; BREAK for each <br>."""

    def whole(self, record: Record) -> None:
        """Give a record."""
        self.records += 1
        self._size = 0
        self._whole.append(record)

    def taken(self, text: str) -> Iterator[Record]:
        """Read on; every record that ends in this text. Raises DamagedExport."""
        try:
            self.feed(text)
        except AssertionError as error:  # what the parser makes of "<![x"
            raise self.broken("holds a declaration that is none") from error
        if len(self.rawdata) > MAX_TAG:
            raise self.broken(f"holds a tag longer than {MAX_TAG >> 20} million characters")
        whole, self._whole = self._whole, []
        return iter(whole)

    def broken(self, fault: str) -> DamagedExport:
        """The error for a fault of this page."""
        some = "1 whole message stands" if self.records == 1 else f"{self.records} whole messages"
        stand = "" if self.records == 1 else " stand"
        return DamagedExport(f"{self._label} {fault}; {some}{stand} before it.", TRUNCATED_WAY_ON)

    # --- what Python's parser calls ---

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        self.opened(tag, {name: value or "" for name, value in attrs})
        if tag == "br":
            self.handle_data(BREAK)
        if tag in EMPTY:
            return
        if len(self.open) >= MAX_DEPTH:
            raise self.broken("is nested too deeply")
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the element, and those in it that were left open."""
        self.ended = self.ended or tag == "html"
        if tag in self.open:
            depth = len(self.open) - 1 - self.open[::-1].index(tag)
            self.closed(depth)
            del self.open[depth:]

    def handle_data(self, data: str) -> None:
        """Hand text on, unless a record grows beyond bounds."""
        self._size += len(data)
        if self._size > MAX_RECORD:
            raise self.broken(f"holds a message of over {MAX_RECORD >> 20} million characters")
        self.said(data)


def page_records(page: PageParser[Record], member: Member, context: Context) -> Iterator[Record]:
    """Every record of a page. Raises DamagedExport for one that lacks its end."""
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
        context.report.note(f"{damage.what} What stands after it is lost.")

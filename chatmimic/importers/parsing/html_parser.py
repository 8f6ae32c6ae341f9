"""Python's HTML parser with bounds, for untrusted pages of any size.

It waits without end for what a hostile page never closes; here that is a fault of the page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Generic, TypeVar

from chatmimic.errors import DamagedExport
from chatmimic.importers.parsing.json_stream.stream import MAX_RECORD, TRUNCATED_WAY_ON

MAX_TAG = 1 << 20  # characters that may wait for the end of their tag
MAX_DEPTH = 200  # tags within one another
EMPTY = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}

_OPEN = re.compile(r"<[a-zA-Z/!?]")  # begins what only a ">" can end

Record = TypeVar("Record")


def unescaped(text: str) -> str:
    """Resolve character references, except where one is thousands of characters long."""
    try:
        return html.unescape(text)
    except ValueError:
        return text


class BoundedParser(HTMLParser, Generic[Record]):
    """Feed it a page; `taken` returns the records that are complete so far.

    A page of a kind handles tags and text, and calls `whole` for each record, `grow` for each text
    of one and `check_depth` for each tag.
    """

    def __init__(self, label: str) -> None:
        super().__init__(convert_charrefs=True)
        self.records = 0  # whole ones so far
        self.ended = False  # </html> was met
        self.size = 0  # characters of the record at hand
        self._label = label
        self._whole: list[Record] = []

    def taken(self, text: str) -> Iterator[Record]:
        """Parse more text; returns the records that it completes. Raises DamagedExport."""
        try:
            if _OPEN.match(self.rawdata) and ">" not in text:
                self.rawdata += text  # `feed` would read all that waits once more, in vain
            else:
                self.feed(text)
        except AssertionError as error:  # what the parser makes of "<![x"
            raise self.broken("has a malformed declaration") from error
        except ValueError as error:  # "&#123…": a number of thousands of digits
            raise self.broken("has a malformed character reference") from error
        if len(self.rawdata) > MAX_TAG:
            raise self.broken(f"has a tag longer than {MAX_TAG >> 20} million characters")
        whole, self._whole = self._whole, []
        return iter(whole)

    def broken(self, fault: str) -> DamagedExport:
        """The error for a defect of this page."""
        some = "1 whole message stands" if self.records == 1 else f"{self.records} whole messages"
        stand = "" if self.records == 1 else " stand"
        return DamagedExport(f"{self._label} {fault}; {some}{stand} before it.", TRUNCATED_WAY_ON)

    def whole(self, record: Record) -> None:
        """Add a complete record."""
        self.records += 1
        self.size = 0
        self._whole.append(record)

    def grow(self, text: str) -> None:
        """Count text of the current record. Raises DamagedExport if it is too long."""
        self.size += len(text)
        if self.size > MAX_RECORD:
            raise self.broken(f"has a message of over {MAX_RECORD >> 20} million characters")

    def check_depth(self, depth: int) -> None:
        """Raise DamagedExport if tags are nested too deeply."""
        if depth >= MAX_DEPTH:
            raise self.broken("is nested too deeply")

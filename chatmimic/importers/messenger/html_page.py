"""Parses an HTML page of a Messenger or Instagram thread into message boxes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from chatmimic.importers.messenger.page_structure import Path
from chatmimic.importers.parsing.dates.localized_times import looks_like_time, parse_localized
from chatmimic.importers.parsing.html_pages import Attributes, PageParser, rendered_text
from chatmimic.importers.parsing.html_parser import EMPTY

_BLOCKS = {"div", "p", "ul", "ol", "li", "table", "tr", "td", "section", "footer", "header"}
_HEADINGS = {"h1", "h2", "h3", "h4"}
_MEDIA = {"img", "video", "audio"}
_AT = re.compile(r" ?\(([^()]{6,60})\)$")


@dataclass(slots=True)
class _Paragraph:
    """A paragraph of a box."""

    pieces: list[str] = field(default_factory=list)
    own: bool = False  # something in it is no link
    item: bool = False  # of a list

    @property
    def text(self) -> str:
        return rendered_text(self.pieces)


@dataclass(slots=True)
class _Part:
    """A part of a box: the name, the contents, or the time."""

    tag: str
    paragraphs: list[_Paragraph] = field(default_factory=lambda: [_Paragraph()])
    attached: bool = False  # a picture, a file, a link

    def break_off(self, item: bool = False) -> None:
        """Begin another paragraph."""
        last = self.paragraphs[-1]
        if last.pieces:
            self.paragraphs.append(_Paragraph(item=item))
        else:
            last.item = item

    @property
    def text(self) -> str:
        return "\n".join(filter(None, (paragraph.text for paragraph in self.paragraphs)))


@dataclass(slots=True)
class Box:
    """A message on a page."""

    sender: str = ""
    text: str = ""
    time: str = ""
    attached: bool = False
    reactions: list[dict[str, str]] = field(default_factory=list)
    number: int = 0  # of the boxes of its page


class ThreadPage(PageParser[Box]):
    """Feed it a page; it returns the boxes at `path`."""

    def __init__(self, label: str, path: Path) -> None:
        super().__init__(label)
        self._path = path
        self._depth = len(path) - 1  # of a box, as the number of tags around it
        self._class = ""  # of the element around the boxes
        self._parts: list[_Part] | None = None  # of the box at hand
        self._links = 0  # how deep in a link

    def opened(self, tag: str, given: Attributes) -> None:
        """Begin a box, a part or a paragraph."""
        depth = len(self.open)
        if depth == self._depth - 1:
            self._class = given.get("class", "")
        if depth == self._depth and self._parts is None and self._at_boxes():
            self._parts = []
        elif self._parts is not None and depth == self._depth + 1:
            if tag not in EMPTY:
                self._parts.append(_Part(tag))
        elif self._parts and tag in _BLOCKS:
            self._parts[-1].break_off(item=tag == "li")
        if self._parts:
            self._attach(self._parts[-1], tag, given)

    def _at_boxes(self) -> bool:
        return (*self.open, self._class) == self._path

    def _attach(self, part: _Part, tag: str, given: Attributes) -> None:
        part.attached |= tag in _MEDIA or (tag == "a" and "href" in given)
        self._links += tag == "a"

    def on_text(self, text: str) -> None:
        """Add text to the current paragraph."""
        if self._parts and self.open[-1] not in ("style", "script"):
            paragraph = self._parts[-1].paragraphs[-1]
            paragraph.pieces.append(text)
            paragraph.own = paragraph.own or (not self._links and bool(text.strip()))

    def closed(self, depth: int) -> None:
        """End paragraphs and boxes."""
        ended = self.open[depth:]
        self._links = max(0, self._links - ended.count("a"))
        if self._parts is None:
            return
        if depth <= self._depth:
            self._end(self._parts)
            self._parts = None
            self._links = 0
        elif self._parts and _BLOCKS & set(ended):
            self._parts[-1].break_off()

    def _end(self, parts: list[_Part]) -> None:
        box = _box(parts)
        if box is not None:
            self.whole(box)
            box.number = self.records


def _box(parts: list[_Part]) -> Box | None:
    """The message of a box; None if it is empty or the list of participants."""
    at = next((n for n in range(len(parts) - 1, -1, -1) if parse_localized(parts[n].text)), None)
    if at is None and len(parts) > 1 and looks_like_time(parts[-1].text):
        at = len(parts) - 1
    if at is None:
        return None if _says_who(parts) else Box(text="\n".join(p.text for p in parts).strip())
    box = Box(time=parts[at].text)
    rest = parts[:at] + parts[at + 1 :]
    if rest and (len(rest) > 1 or rest[0].tag in _HEADINGS):
        box.sender = rest.pop(0).text.replace("\n", " ")
    for part in rest:
        _read(part, box)
    return box


def _says_who(parts: list[_Part]) -> bool:
    """Whether this is the list of participants, or empty."""
    texts = [part.text for part in parts if part.text]
    return not texts or (len(texts) == 1 and re.search(r"[:：]", texts[0]) is not None)


def _read(part: _Part, box: Box) -> None:
    """Read a part of the contents: text, links, lists."""
    box.attached |= part.attached
    for paragraph in part.paragraphs:
        text = paragraph.text
        reaction = _reaction(text) if paragraph.item else None
        if reaction is not None:
            box.reactions.append(reaction)
        elif text and paragraph.own and not box.text:
            box.text = text


def _reaction(text: str) -> dict[str, str] | None:
    """Parse "😆Ada Lovelace (May 1, 2024 3:00 PM)"; None if no emoji begins it."""
    end = next((at for at, c in enumerate(text) if c.isalnum()), 0)
    if not text[:end].strip():
        return None
    name = text[end:]
    at = _AT.search(name)
    if at is not None and parse_localized(at[1]):
        name = name[: at.start()]
    return {"reaction": text[:end].strip(), "actor": name.strip()}

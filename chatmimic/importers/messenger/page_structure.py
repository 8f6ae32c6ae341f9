"""Finds the messages in a page of Messenger or Instagram by its structure alone.

The names of the classes are made by a machine and change from year to year. What stays: a message
is an element with elements in it, of which the first that says anything is a name and the last a
time; and all of a page stand at one place of its tree.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

from chatmimic.errors import DamagedExport
from chatmimic.importers.parsing.dates.localized_times import looks_like_time, parse_localized
from chatmimic.importers.parsing.html_pages import Attributes, PageParser, is_html, rendered_text
from chatmimic.importers.parsing.html_parser import EMPTY

LONGEST_NAME = 200
_ENOUGH = 300  # characters of an element's text that are kept
_UNSHOWN = {"style", "script"}
_NAMED = re.compile(r"(?:^|/)message_?(?:\d+|final)?\.html?$", re.I)
_FOLDERS = re.compile(
    r"""["/]messages/(?:inbox|archived_threads|filtered_threads|message_requests|e2ee_cutover"""
    r"""|broadcast|stickers_used)\b"""
)
_OTHER_SIGNS = re.compile(r"[^\w\s,.:/+\u2212'’،-]")  # what no time has in it
_PARTICIPANTS = re.compile(
    r"(?:Participants?|Participantes|Participantes?|Teilnehmer(?:/?-?innen)?|Deelnemers"
    r"|Partecipanti|Deltagare|Deltakere|Deltagere|Osallistujat|Uczestnicy|Účastníci|Résztvevők"
    r"|Participanți|Katılımcılar|Peserta|Участники|Учасники|参加者|참가자|成员|參與者) ?[:：]"
)  # fmt: skip

Path = tuple[str, ...]  # the tags above a message, and the class of the last of them


@dataclass(slots=True)
class _Element:
    tag: str
    given: str = ""  # its class
    pieces: list[str] = field(default_factory=list)
    size: int = 0
    texts: int = 0  # pieces of text that say anything
    parts: list[tuple[str, int]] = field(default_factory=list)  # its child elements' text and texts


@dataclass(frozen=True, slots=True)
class PageStructure:
    """The structure of a page, from its beginning."""

    path: Path = ()  # of the messages; empty: there is none
    title: str = ""
    heading: str = ""
    participants: tuple[str, ...] = ()
    times: tuple[str, ...] = ()  # of the messages that were met


class _StructureParser(PageParser[None]):
    """Parses the beginning of a page as a tree of texts."""

    def __init__(self) -> None:
        super().__init__("head")
        self.title = self.heading = ""
        self.participants = ""
        self.found: dict[Path, list[str]] = {}  # place → the times there
        self.likely: dict[Path, list[str]] = {}  # the same where no time can be read
        self._stack: list[_Element] = []

    def opened(self, tag: str, given: Attributes) -> None:
        """Enter an element."""
        if tag not in EMPTY:
            self._stack.append(_Element(tag, given.get("class", "")))

    def on_text(self, text: str) -> None:
        """Add text to all enclosing elements, as far as needed."""
        if self._stack and self._stack[-1].tag not in _UNSHOWN:
            for element in self._stack:
                element.texts += not text.isspace()
                if element.size < _ENOUGH:
                    element.pieces.append(text)
                    element.size += len(text)

    def closed(self, depth: int) -> None:
        """Leave an element, which may be a message."""
        while len(self._stack) > depth:
            element = self._stack.pop()
            text = rendered_text(element.pieces)
            self._note(element, text)
            if self._stack:
                shown = text if element.size < _ENOUGH else "…"
                self._stack[-1].parts += [(shown, element.texts)] if shown else []

    def _note(self, element: _Element, text: str) -> None:
        if element.tag == "title":
            self.title = text
        elif element.tag == "h1":
            self.heading = self.heading or text
        elif not self.participants and _PARTICIPANTS.match(text) and element.size < _ENOUGH:
            self.participants = text
        kept_parts = element.parts
        if len(kept_parts) > 1 and kept_parts[-1][1] == 1 and self._stack:
            name, time = kept_parts[0][0], kept_parts[-1][0]
            path = (*(one.tag for one in self._stack), self._stack[-1].given)
            if len(name) > LONGEST_NAME or parse_localized(name) or _OTHER_SIGNS.search(time):
                return
            if parse_localized(time) is not None:
                self.found.setdefault(path, []).append(time)
            elif looks_like_time(time):
                self.likely.setdefault(path, []).append(time)


@lru_cache(maxsize=4)
def outline(text: str) -> PageStructure:
    """The structure of a page, from its beginning; empty if it is not one of Meta's."""
    if not is_html(text):
        return PageStructure()
    page = _StructureParser()
    with suppress(DamagedExport):  # what comes before a fault counts
        page.taken(text)
    # What is deeper may look like a message too; of equals the outer is it.
    found = page.found or page.likely
    path = max(found, key=lambda path: (len(found[path]), -len(path)), default=())
    people = page.participants
    names = tuple(filter(None, _names(people[_end_of_label(people) :])))
    return PageStructure(path, page.title, page.heading, names, tuple(found.get(path, ())))


def is_thread_page(name: str, text: str) -> bool:
    """Whether the beginning of a page has messages of a thread.

    Posts and comments have the same boxes: a thread shows by its participants, by what lies in a
    folder of threads, or by being called as the parts of one are.
    """
    if not is_html(text):
        return False
    named = bool(_NAMED.search(name))
    found = outline(text)
    if not found.path:  # nothing but style sheets in sight
        return named and "<body" not in text and "._3-95" in text
    return named or bool(found.participants) or bool(_FOLDERS.search(text))


def _end_of_label(people: str) -> int:
    found = _PARTICIPANTS.match(people)
    return found.end() if found else 0


def _names(people: str) -> list[str]:
    """Split "Ada Lovelace, Grace Hopper and Bo" into names."""
    *some, last = people.strip().split(", ")
    for joined in (" and ", " und ", " et ", " y ", " e ", " en ", " och ", " og ", " i ", " ve "):
        if joined in last:
            return [*some, *last.split(joined, 1)]
    return [*some, last]

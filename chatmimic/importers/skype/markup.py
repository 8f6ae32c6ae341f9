"""Parses Skype's markup: emoticons, links, mentions, quotes and edits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chatmimic.importers.parsing.html_parser import unescaped

_TAG = re.compile(r"<(/?)([A-Za-z_][\w.]{0,30})((?:\s[^<>]{0,20000})?)/?>")
_ATTRIBUTE = re.compile(r"([\w:.-]{1,40})\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_TYPED = {"b", "i", "s", "u", "pre"}  # whose signs ("*bold*") stand in the tag
_SHOWN = {"ss", "a", "at", "font", "span", "c_i", "p", "div", "legacyquote"}
_EDITED = "Edited previous message: "


@dataclass(frozen=True, slots=True)
class SkypeText:
    """A text as its sender wrote it, and what the markup said."""

    text: str
    quoted: bool = False  # whether another message stood in it
    answers: str = ""  # the id of that message
    edits: int = 0  # the time of the message that this is another wording of
    edited: bool = False


def read_markup(content: str) -> SkypeText:
    """Parse a text. Quoted text is not the sender's own."""
    if "<" not in content:
        return SkypeText(unescaped(content))
    reader = _Reader(content)
    text = reader.text()
    text = text.removeprefix(_EDITED) if reader.edited else text
    text = text.strip() if reader.quoted else text
    return SkypeText(text, reader.quoted, reader.answers, reader.edits, reader.edited)


class _Reader:
    """Parses one text; tracks open quotes and tags."""

    def __init__(self, content: str) -> None:
        self.quoted = self.edited = False
        self.answers = ""
        self.edits = 0
        self._content = content
        self._depth = 0  # of quotes
        self._ends = content.lower().count("</quote")  # of quotes, from here on
        self._typed: list[tuple[str, str]] = []  # open marks: the tag, and what was typed after it

    def text(self) -> str:
        parts: list[str] = []
        at = 0
        for tag in _TAG.finditer(self._content):
            if not self._depth:
                parts.append(unescaped(self._content[at : tag.start()]))
            at = tag.end()
            shown = self._add_tag(tag)
            if not self._depth:
                parts.append(shown)
        if not self._depth:
            parts.append(unescaped(self._content[at:]))
        return "".join(parts)

    def _add_tag(self, tag: re.Match[str]) -> str:
        """Handle a tag; returns what was typed for it, e.g. "*" for bold."""
        ends, name = bool(tag[1]), tag[2].lower()
        given = {} if ends else _attributes(tag[3])
        if name == "quote":
            self._quote(ends, given)
        elif name == "e_m":
            self.edited = True
            self.edits = _moment(given) or self.edits
        elif name == "br":
            return "\n"
        elif name in _TYPED:
            return self._mark(ends, name, given)
        elif name not in _SHOWN:
            return tag.group()
        return ""

    def _quote(self, ends: bool, given: Mapping[str, str]) -> None:
        if ends:
            self._ends -= 1
            self._depth -= self._depth > 0
        elif self._depth < self._ends:  # one that nothing closes would take all that is left
            self.answers = self.answers or ("" if self._depth else given.get("messageid", ""))
            self.quoted = True
            self._depth += 1

    def _mark(self, ends: bool, name: str, given: Mapping[str, str]) -> str:
        if not ends:
            self._typed.append((name, given.get("raw_post", "")))
            return given.get("raw_pre", "")
        if self._typed and self._typed[-1][0] == name:
            return self._typed.pop()[1]
        return ""


def _attributes(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, double, single in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), unescaped(double or single))
    return found


def _moment(given: Mapping[str, str]) -> int:
    """UTC milliseconds; 0 if there is no number."""
    for name, factor in (("ts_ms", 1), ("ts", 1000)):
        number = given.get(name, "")
        if number.isascii() and number.isdigit() and len(number) < 16:
            return int(number) * factor
    return 0

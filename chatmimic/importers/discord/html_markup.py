"""Converts HTML of a message back to what was typed: `**bold**`, `> quoted`."""

from __future__ import annotations

from dataclasses import dataclass, field

_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "u": "__", "s": "~~", "del": "~~"}
_HEADINGS = {"h1": "# ", "h2": "## ", "h3": "### "}
# Class names of now and of 2019.
_CODE = {"chatlog__markdown-pre", "pre"}
_SPOILER = {"chatlog__markdown-spoiler", "spoiler"}
_QUOTE = {"chatlog__markdown-quote", "quote"}
_LANGUAGE = "language-"
_WEB = ("http://", "https://")
_NONE: set[str] = set()
_END_QUOTE, _END_LINE, _END_LINK = "quote", "line", "link"


@dataclass(slots=True)
class Words:
    """Collects the text of a message."""

    pieces: list[str] = field(default_factory=list)
    _quotes: list[int] = field(default_factory=list)  # where those begin that are open
    _links: list[tuple[int, str]] = field(default_factory=list)  # the same, and where they lead

    @property
    def text(self) -> str:
        """What was typed."""
        return "".join(self.pieces)

    def add(self, piece: str) -> None:
        """Add plain text."""
        if piece:
            self.pieces.append(piece)

    def opens(self, tag: str, given: dict[str, str]) -> str:
        """An element begins; returns the argument for `closes` at its end."""
        classes = set(given.get("class", "").split()) if given else _NONE
        if classes & _QUOTE:
            self._break()
            self._quotes.append(len(self.pieces))
            return _END_QUOTE
        if tag in _HEADINGS or tag == "li":
            self._break()
            self.add(_HEADINGS.get(tag, "- "))
            return _END_LINE
        address = given.get("href", "") if tag == "a" else ""
        if address.startswith(_WEB):
            self._links.append((len(self.pieces), address))
            return _END_LINK
        if tag == "br":
            self.add("\n")
        elif tag == "img":
            self.add(_emoji(given, classes))
        elif classes & _CODE and any(name.endswith("multiline") for name in classes):
            language = next((n for n in sorted(classes) if n.startswith(_LANGUAGE)), _LANGUAGE)
            self.add(f"```{language.removeprefix(_LANGUAGE)}\n")
            return "\n```"
        else:
            mark = "`" if classes & _CODE else "||" if classes & _SPOILER else _MARKS.get(tag, "")
            self.add(mark)
            return mark
        return ""

    def closes(self, how: str) -> None:
        """An element ends."""
        if how == _END_LINE:
            self._break()
        elif how == _END_LINK and self._links:
            self._end_link(*self._links.pop())
        elif how == _END_QUOTE and self._quotes:
            begins = self._quotes.pop()
            if not self._quotes:  # a quote in a quote cannot be typed
                quoted = "".join(self.pieces[begins:]).rstrip("\n")
                self.pieces[begins:] = ["> " + quoted.replace("\n", "\n> "), "\n"]
        elif how not in (_END_LINK, _END_QUOTE):  # what began in a message that was cut off
            self.add(how)

    def _end_link(self, begins: int, address: str) -> None:
        """A link whose label differs from its address: `[label](address)`."""
        label = "".join(self.pieces[begins:])
        if not label.strip():
            self.add(address)
        elif _bare(label) != _bare(address):
            self.pieces[begins:] = ["[", label, f"]({address})"]

    def _break(self) -> None:
        if self.pieces and not self.pieces[-1].endswith("\n"):
            self.pieces.append("\n")


def _bare(address: str) -> str:
    """An address without the parts that its label may omit."""
    return address.strip().partition("://")[2].rstrip("/") or address.strip().rstrip("/")


def _emoji(given: dict[str, str], classes: set[str]) -> str:
    """An emoji, or `:name:` for one of the server's own."""
    if not any("emoji" in name for name in classes):
        return ""
    name = (given.get("alt", "") or given.get("title", "")).strip(": ")
    return f":{name}:" if name and name.isascii() else name

"""Reads one long array of a JSON file item by item, in bounded memory.

The standard library's decoder works on a window of text that is moved along the file; nothing
but the window and the items of a slice of it is ever in memory. Every fault becomes DamagedExport
with the record's number and the byte where it stands.
"""

from __future__ import annotations

import codecs
import json
import re
import unicodedata
from collections.abc import Iterator
from textwrap import shorten
from typing import Any

from chatmimic.errors import DamagedExport
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import ByteStream

MAX_RECORD = 16 << 20  # characters of one item; the decoder's own limits hold depth and digits
CHUNK = 1 << 20
SLICE = 64 << 10  # characters whose items are decoded in one go

_AFTER = tuple(", \t\n\r]}")  # what may follow a number
_SPACE = re.compile(r"[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
# Telegram writes control characters as "\x1B", which JSON does not know.
_INVALID_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\x([0-9A-Fa-f]{2})")
_ADDED = len(r"\u001B") - len(r"\x1B")  # characters that mending one of them adds
_FIRST_NAME = re.compile(r'\{[ \t\n\r]*"[^"\\]{1,100}"')  # how an object begins
_ONE_BY_ONE = 200  # items that are read so where a slice was no list of whole ones
# Faults that more text might mend: the decoder stopped because its window ended.
_NEAR_END = 64
TRUNCATED_WAY_ON = "Nothing was imported; --allow-truncated keeps them."

_LONGEST_REASON = 80  # characters of what is wrong
_SHOW_UTF16 = 4096  # bytes
_OUR_SIGNS = (
    0.015  # NULs of a byte of UTF-16: one in 33 characters is a space, a digit, a line's end
)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not a number JSON knows")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def encoding_of(head: bytes) -> str:
    """UTF-8, UTF-16 or UTF-32, by the byte order mark or the positions of NULs."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    nul = [byte == 0 for byte in head[:4]]
    if nul == [True, False, True, False]:
        return "utf-16-be"
    if nul == [False, True, False, True]:
        return "utf-16-le"
    unmarked = _unmarked_utf16(head) if b"\x00" in head[:_SHOW_UTF16] else ""
    return unmarked or ("utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8")


def _unmarked_utf16(head: bytes) -> str:
    """The UTF-16 variant of a file that does not begin with ASCII; "" if it is none.

    Spaces, digits and the ends of lines stand in every text, all with their NUL on one side.
    """
    sample = head[: min(len(head), _SHOW_UTF16) & ~1]
    first, second = sample[::2].count(0), sample[1::2].count(0)
    if max(first, second) < max(_OUR_SIGNS * len(sample), 3 * min(first, second)):
        return ""
    encoding = "utf-16-be" if first > second else "utf-16-le"
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    odd = sum(c == "\ufffd" or unicodedata.category(c) in ("Cn", "Co", "Cs") for c in text)
    in_lines = text.count("\n") * 2 > sample.count(b"\n")  # else a stray NUL in UTF-8
    return encoding if in_lines and odd * 100 <= len(text) and "\0" not in text else ""


class JsonStream:
    """The items of one array of a JSON file, and the other members of its object.

    `array` names a member of the top-level object; None means the file itself is the array.
    Iterate once; `beside` fills with the object's other members as they are met.
    """

    def __init__(
        self,
        stream: ByteStream,
        label: str,
        array: str | None,
        report: ImportReport,
        allow_truncated: bool = False,
    ) -> None:
        self.beside: dict[str, Any] = {}
        self.record = 0  # items given so far
        self._stream = stream
        self._label = label
        self._array = array
        self._report = report
        self._allow = allow_truncated
        self._text = ""
        self._at = 0
        self._bytes = 0  # bytes of the file before the window
        self._mended: list[int] = []  # where in the window an escape was mended
        self._ended = False
        self._alone = 0  # items until the next slice is tried
        first = stream.read(max(CHUNK, 16))
        self._encoding = encoding_of(first)
        # Bytes that are not UTF-8 travel as lone surrogates and are replaced and counted later.
        errors = "surrogateescape" if self._encoding.startswith("utf-8") else "replace"
        self._decode = codecs.getincrementaldecoder(self._encoding)(errors)
        self._take(first)

    def __iter__(self) -> Iterator[Any]:
        """Yield the items of the array, in order. Raises DamagedExport."""
        try:
            yield from self._top()
        except DamagedExport as damage:
            if not self._allow:
                raise
            self._report.note(f"{damage.what} What follows is lost.")

    # --- the top level ---

    def _top(self) -> Iterator[Any]:
        opening = "{" if self._array is not None else "["
        if self._peek() != opening:
            raise self._broken(f"does not begin with {opening}")
        if self._array is None:
            yield from self._items()
        else:
            yield from self._members(self._array)
        if self._peek():
            raise self._broken("goes on after its end")

    def _members(self, array: str) -> Iterator[Any]:
        self._at += 1
        if self._peek() == "}":
            self._at += 1
            return
        while True:
            name = self._name()
            if name == array and self._peek() == "[":
                yield from self._items()
            else:
                self.beside[name] = self._value()
            if self._next() == "}":
                return

    def _name(self) -> str:
        """Read a member's name and its colon."""
        name = self._value()
        if not isinstance(name, str) or self._peek() != ":":
            raise self._broken("has a name without a value" if self._peek() else "")
        self._at += 1
        return name

    def _items(self) -> Iterator[Any]:
        self._at += 1
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            item = self._value()
            self.record += 1
            yield item
            # The usual case, kept short: a comma and the next item are already in the window.
            comma = _COMMA.match(self._text, self._at)
            if comma is not None and comma.end() < len(self._text):
                self._at = comma.end()
                if self._alone:
                    self._alone -= 1
                else:
                    yield from self._slices(comma)
            elif self._next() == "]":
                return

    def _slices(self, comma: re.Match[str]) -> Iterator[Any]:
        """Decode many items at a time, up to near the end of the window.

        A slice of the window ends where it looks as between the item before this one and this one.
        Items may hold the same within themselves: but if the slice is a list of whole values then
        these are the items, for JSON can be read in one way only. If not, the next are read singly.
        """
        name = _FIRST_NAME.match(self._text, self._at)
        border = self._text[comma.start() - 1 : name.end()] if name is not None else ""
        while border.startswith("}"):
            cut = self._text.rfind(border, self._at, self._at + SLICE)
            if cut < 0:
                break
            try:
                items = _DECODER.decode(f"[{self._text[self._at : cut + 1]}]")
            except (ValueError, RecursionError):
                break
            self._at = cut + 1 + comma.end() - comma.start()
            for item in items:
                self.record += 1
                yield item
        self._alone = _ONE_BY_ONE if len(self._text) - self._at > SLICE else 0

    def _next(self) -> str:
        """Read what follows a member or an item: a comma or the closing bracket."""
        mark = self._peek()
        if not mark or mark not in ",]}":
            raise self._broken("lacks a comma" if mark else "")
        self._at += 1
        return mark

    # --- the window ---

    def _value(self) -> Any:
        """Decode the JSON value at the position, reading more text until it is complete."""
        self._peek()
        wanted = CHUNK
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if error.msg.startswith("Invalid \\escape") and self._mend():
                    continue
                if self._certain(error):
                    raise self._broken(f"is not JSON: {error.msg}", error.pos) from error
            except RecursionError as error:
                raise self._broken("is nested too deeply") from error
            except ValueError as error:  # NaN, Infinity, thousands of digits
                raise self._broken(f"holds an impossible number ({json_fault(error)})") from error
            else:
                # The window may end within a number: "1" of "12", "0" of "0.5".
                whole = self._text[end - 1] in '}]"' or self._text[end : end + 1] in _AFTER
                if whole or self._ended:
                    self._at = end
                    return value
            if self._ended:
                raise self._broken("")
            if len(self._text) - self._at > MAX_RECORD:
                raise self._broken(f"is longer than {MAX_RECORD >> 20} million characters")
            self._more(wanted)
            wanted *= 2  # so that a long record is not begun again and again

    def _mend(self) -> int:
        """Correct invalid escapes in the window; returns their number.

        All of them at once, since each fault begins the value again. Those that were mended
        before stand before these.
        """
        found = list(_INVALID_ESCAPE.finditer(self._text, self._at))
        rest = _INVALID_ESCAPE.sub(r"\1\\u00\2", self._text[self._at :])
        self._text = self._text[: self._at] + rest
        self._mended += [match.end() + _ADDED * n for n, match in enumerate(found, 1)]
        self._report.repairs["invalid escapes"] += len(found)
        return len(found)

    def _certain(self, error: json.JSONDecodeError) -> bool:
        if error.msg.startswith("Unterminated string"):
            return False
        return error.pos < len(self._text) - _NEAR_END or (
            self._ended and error.pos < len(self._text.rstrip())
        )

    def _peek(self) -> str:
        """The next character that is not whitespace; "" at the end of the file."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._more(CHUNK)

    def _more(self, size: int) -> None:
        self._bytes = self._byte(self._at)
        self._mended = [at - self._at for at in self._mended if at > self._at]
        self._text = self._text[self._at :]
        self._at = 0
        self._take(self._stream.read(size))

    def _take(self, data: bytes) -> None:
        self._ended = not data
        try:
            self._text += self._decode.decode(data, final=not data)
        except UnicodeError as error:
            raise DamagedExport(
                f"{self._label} is not text ({self._encoding}, near byte {self._bytes}).",
                "Export the chat again.",
            ) from error

    def _byte(self, at: int) -> int:
        """The byte offset in the file of a character of the window."""
        added = _ADDED * sum(end <= at for end in self._mended)
        return self._bytes + self._width(self._text[:at]) - added * self._width(" ")

    def _width(self, text: str) -> int:
        if text.isascii() and self._encoding.startswith("utf-8"):
            return len(text)
        if self._encoding.startswith("utf-8"):
            return len(text.encode("utf-8", "surrogateescape"))
        unit = 4 if self._encoding.startswith("utf-32") else 2
        return unit * len(text)

    # --- faults ---

    def _broken(self, fault: str, at: int | None = None) -> DamagedExport:
        """The error for a defect; "" means that the file is truncated."""
        byte = self._byte(self._at if at is None else at)
        record = self.record + 1
        if fault:
            what = f"{self._label}: record {record} (byte {byte}) {fault};"
        elif self._at >= len(self._text.rstrip()):
            what = f"{self._label} ends after record {self.record} (byte {byte}), before its end;"
        else:
            what = f"{self._label} ends in the middle of record {record} (byte {byte});"
        stand = "stands" if self.record == 1 else "stand"
        whole = "message" if self.record == 1 else "messages"
        what = f"{what} {self.record} whole {whole} {stand} before it."
        return DamagedExport(what, TRUNCATED_WAY_ON)


def json_fault(error: Exception) -> str:
    """What is wrong, without Python's advice: `Expecting value`, `a number of too many digits`."""
    if "integer string conversion" in str(error):
        return "a number of too many digits"
    return shorten(str(error).partition(":")[0], _LONGEST_REASON, placeholder=" …")

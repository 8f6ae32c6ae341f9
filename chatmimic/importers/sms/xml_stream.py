"""Makes the bytes of a backup valid XML, without photos and with whole emoji."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from chatmimic.importers.parsing.json_stream.stream import encoding_of
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import ByteStream

_CHUNK = 1 << 20
_PART = "<part"  # no other place of XML may hold a "<" that begins no tag
_IN_TAG = re.compile("[\"'>]")
_DATA = re.compile(r"(?:^|\s)data\s{0,8}=\s{0,8}$")
_LONGEST_NAME = 32  # characters kept to know an attribute by
# A character as one or two halves of UTF-16, as Android writes emoji.
_HALVES = re.compile(r"(?:&#(?:5[5-7]\d{3}|[xX][dD][89a-fA-F][0-9a-fA-F]{2});)+")
_ONE = re.compile(r"&#(?:([0-9]+)|[xX]([0-9a-fA-F]+));")
_FORBIDDEN = re.compile(
    r"&#(?:[0-8]|1[124-9]|2\d|3[01]|[xX]0?[0-8bBcCeEfF]|[xX]1[0-9a-fA-F]"
    r"|6553[45]|[xX][fF]{3}[eEfF]);"
)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_FIRST_HALF = re.compile(r"&#(?:5(?:5[2-9]|6[0-3])\d{2}|[xX][dD][89abAB][0-9a-fA-F]{2});$")
_ENTITY = 12  # characters of the longest that is looked for


def xml_of(stream: ByteStream, report: ImportReport) -> Iterator[bytes]:
    """The file in UTF-8, without the data of MMS parts, and with invalid XML corrected."""
    data = stream.read(_CHUNK)
    decoder = codecs.getincrementaldecoder(encoding_of(data))("replace")
    slim, whole = _WithoutData(), _WholeCharacters(report)
    while data:
        text = decoder.decode(data)
        if "\ufffd" in text and b"\xef\xbf\xbd" not in data:
            report.repairs["not UTF-8"] += 1
        yield whole.mended(slim.slimmed(text)).encode("utf-8", "replace")
        data = stream.read(_CHUNK)
    rest = slim.slimmed(decoder.decode(b"", True)) + slim.left
    yield (whole.mended(rest) + whole.mended("", True)).encode("utf-8", "replace")


class _WithoutData:
    """Removes `data="…"` from `<part …>`: photos in base64, most of the file."""

    def __init__(self) -> None:
        self.left = ""  # the last characters of a text, that may begin a tag
        self._inside = False  # a tag
        self._quote = ""  # a value of it, up to this mark
        self._dropping = False
        self._name = ""  # what stands before a value

    def slimmed(self, text: str) -> str:
        """Process the next piece; returns what is certain so far."""
        text, at = self.left + text, 0
        self.left = ""
        pieces: list[str] = []
        while at < len(text):
            if self._quote:
                at = self._value(text, at, pieces)
            elif self._inside:
                at = self._tag(text, at, pieces)
            else:
                at = self._outside(text, at, pieces)
        return "".join(pieces)

    def _outside(self, text: str, at: int, pieces: list[str]) -> int:
        begins = text.find(_PART, at)
        if begins < 0:
            end = text.rfind("<", max(at, len(text) - len(_PART) + 1))
            end = len(text) if end < 0 else end
            pieces.append(text[at:end])
            self.left = text[end:]
            return len(text)
        begins += len(_PART)
        pieces.append(text[at:begins])
        self._inside, self._name = True, ""
        return begins

    def _tag(self, text: str, at: int, pieces: list[str]) -> int:
        found = _IN_TAG.search(text, at)
        end = len(text) if found is None else found.end()
        pieces.append(text[at:end])
        self._name = (self._name + text[at : end if found is None else end - 1])[-_LONGEST_NAME:]
        if found is not None and found.group() == ">":
            self._inside = False
        elif found is not None:
            self._quote = found.group()
            self._dropping = _DATA.search(self._name) is not None
            self._name = ""
        return end

    def _value(self, text: str, at: int, pieces: list[str]) -> int:
        end = text.find(self._quote, at)
        if not self._dropping:
            pieces.append(text[at : len(text) if end < 0 else end])
        if end < 0:
            return len(text)
        pieces.append(self._quote)
        self._quote = ""
        return end + 1


class _WholeCharacters:
    """Joins surrogate pairs, and replaces characters that XML forbids."""

    def __init__(self, report: ImportReport) -> None:
        self._report = report
        self._left = ""

    def mended(self, text: str, last: bool = False) -> str:
        """Process the next piece; what may continue in the next one is held back."""
        text = self._left + text
        end = len(text) if last else _border(text)
        text, self._left = text[:end], text[end:]
        if _CONTROLS.search(text):
            text, times = _CONTROLS.subn("", text)
            self._report.repairs["control characters"] += times
        if "&#" not in text:
            return text
        text, times = _FORBIDDEN.subn("", text)
        if times:
            self._report.repairs["control characters"] += times
        return _HALVES.sub(self._joined, text)

    def _joined(self, found: re.Match[str]) -> str:
        codes = [int(one[1]) if one[1] else int(one[2], 16) for one in _ONE.finditer(found.group())]
        text = "".join(map(chr, codes)).encode("utf-16-le", "surrogatepass")
        joined = text.decode("utf-16-le", "replace")
        if "\ufffd" in joined:
            self._report.repairs["lone surrogates"] += 1
        return joined


def _border(text: str) -> int:
    """Where a text may be split: not in a reference, nor in a surrogate pair."""
    begins = text.rfind("&", max(0, len(text) - _ENTITY))
    end = len(text) if begins < 0 or ";" in text[begins:] else begins
    period = _FIRST_HALF.search(text, max(0, end - _ENTITY), end)
    return end if period is None else period.start()

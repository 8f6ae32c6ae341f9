"""Examining a whole file for its encoding, in bounded memory."""

from __future__ import annotations

import codecs
import re

from chatmimic.errors import ExportError
from chatmimic.importers.encodings.guessing import is_likelier_utf8
from chatmimic.importers.encodings.names import codec_of
from chatmimic.importers.encodings.recoding import ESCAPE, ISO_2022_JP
from chatmimic.importers.parsing.text_lines import is_truncated_utf8
from chatmimic.importers.streams import Member, Stream

_CHUNK = 1 << 20
_EACH = 1000  # bytes of a piece of text
_KEPT = 1000  # pieces of a file that are kept to judge it by
_SHARE = 0.5  # share of UTF-8 pieces in a file that certainly is UTF-8

_HIGH = re.compile(rb"[\x80-\xff]")
_MARKUP = re.compile(rb"[\x00-\x1f\"<>]+")
_WORDS = re.compile(rb"[ ,:;]+")
_DECLARED = re.compile(rb"""(?i)(?:charset|encoding)=["']?([\w.:-]{2,40})""")
_SHIFTED = re.compile(rb"\x1b\$[@B(][^\n]{1,2000}?\x1b\([BJ]")


class Survey:
    """Statistics of a file for detecting its encoding, in bounded memory."""

    def __init__(self, member: Member) -> None:
        self.strong = 0  # pieces that are certainly UTF-8
        self.others = 0  # pieces that are not
        self.valid: list[bytes] = []  # samples that are UTF-8 beyond ASCII
        self.other: list[bytes] = []  # samples that are not UTF-8
        self.shifted = False
        self.begins_utf8 = False
        self.declared = ""
        self._step = 1
        with Stream(member) as stream:
            left, first = b"", True
            while data := stream.read(_CHUNK):
                if first:
                    self._look(data)
                    first = False
                whole, _, rest = (left + data).rpartition(b"\n")
                if len(rest) > _CHUNK:
                    whole, rest = whole + b"\n" + rest, b""
                left = rest
                self._take(whole)
            self._take(left)

    def is_mixed(self, codec: str) -> bool:
        """Whether it is UTF-8 with some other lines, rather than entirely in this encoding."""
        if self.begins_utf8 or self.strong > _SHARE * (self.strong + self.others):
            return True
        return bool(self.strong) and is_likelier_utf8(self.valid, codec)

    def fits(self, codec: str) -> bool:
        """Whether the parts that are not UTF-8 are text in this encoding."""
        broken = 0
        for piece in self.other:
            try:
                piece.decode(codec)
            except UnicodeError:
                broken += 1
        return broken * 20 <= len(self.other)

    def _look(self, data: bytes) -> None:
        self.begins_utf8 = data.startswith(codecs.BOM_UTF8)
        found = _DECLARED.search(data[:2048]) if data.lstrip()[:1] == b"<" else None
        if found is not None:
            try:
                self.declared = codec_of(found[1].decode("ascii"))
            except ExportError:
                self.declared = ""
            if self.declared.startswith(("utf", "ascii")):
                self.declared = ""

    def _take(self, text: bytes) -> None:
        if ESCAPE in text and not self.shifted:
            self.shifted = any(_is_shifted(found) for found in _SHIFTED.findall(text)[:20])
        if text.isascii():
            return
        for line in text.split(b"\n"):
            if line.isascii() or (self.shifted and ESCAPE in line):
                continue
            if len(line) <= _EACH:
                self._piece(line)
                continue
            for part in _MARKUP.split(line):
                for piece in [part] if len(part) <= _EACH else _WORDS.split(part):
                    if (high := _HIGH.search(piece)) is not None:
                        # Of a very long one what is not ASCII may stand far behind.
                        begins = high.start() if len(piece) > 2 * _EACH else 0
                        self._piece(piece[begins : begins + 2 * _EACH])

    def _piece(self, piece: bytes) -> None:
        try:
            text = piece.decode("utf-8")
        except UnicodeDecodeError as error:
            if is_truncated_utf8(piece, error):
                self.strong += 1
                return
            self.others += 1
            if self.others % self._step == 0:
                self.other.append(piece)
            if len(self.other) > _KEPT:  # every second one, to cover the whole file
                self.other = self.other[::2]
                self._step *= 2
            return
        high = [character for character in text if not character.isascii()]
        self.strong += len(high) > 1 or high[0] > "\u07ff"
        if len(self.valid) < _KEPT:
            self.valid.append(piece)


def _is_shifted(raw: bytes) -> bool:
    try:
        return not raw.decode(ISO_2022_JP).isascii()
    except UnicodeError:
        return False

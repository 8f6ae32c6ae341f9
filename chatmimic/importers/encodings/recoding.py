"""Recoding the bytes of a file to UTF-8."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Protocol

from chatmimic.importers.encodings.names import shown
from chatmimic.importers.parsing.text_lines import is_truncated_utf8
from chatmimic.importers.report import ImportReport

ESCAPE = b"\x1b$"  # opens an escape sequence of ISO-2022-JP
ISO_2022_JP = "iso2022_jp_ext"
_LONG = 4000  # bytes of a line that is data rather than one person's text
_PARTS = re.compile(rb"([\x00-\x1f\"<>]+)")  # between them: values of JSON, text of pages
_LONGEST = 1 << 20  # bytes of a line that are recoded as one


class Recoder(Protocol):
    """Recodes the bytes of a file to UTF-8, piece by piece."""

    def feed(self, data: bytes, final: bool) -> bytes:
        """The complete characters so far; all the rest at the end."""


@dataclass(frozen=True)
class Choice:
    """The encoding of a file, and the reason for it."""

    codec: str = ""  # "": as it is
    by_lines: bool = False  # only for lines that are not UTF-8
    shifted: bool = False  # lines may be in ISO-2022-JP
    why: str = ""  # the end of a sentence; "" for no note
    other: str = ""  # the second most likely encoding, if uncertain

    def recoder(self, report: ImportReport) -> Recoder | None:
        """The recoder for it; None if the file is UTF-8."""
        if not self.codec:
            return None
        return _Lines(self, report) if self.by_lines else _Whole(self.codec, report)


@dataclass
class _Whole:
    """Recodes a file in one encoding."""

    codec: str
    report: ImportReport
    _decoder: codecs.IncrementalDecoder = field(init=False)

    def __post_init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder(self.codec)("replace")

    def feed(self, data: bytes, final: bool) -> bytes:
        """The complete characters so far; invalid bytes are replaced and counted."""
        text = self._decoder.decode(data, final)
        if wrong := text.count("\ufffd"):
            self.report.repairs[f"not {shown(self.codec)}"] += wrong
        return text.encode("utf-8", "surrogatepass")


@dataclass
class _Lines:
    """Recodes the lines that are not UTF-8, among others that are."""

    choice: Choice
    report: ImportReport
    _left: bytes = b""

    def feed(self, data: bytes, final: bool) -> bytes:
        """The complete lines so far."""
        data = self._left + data
        at = len(data) if final or len(data) > _LONGEST else data.rfind(b"\n") + 1
        self._left = data[at:]
        return b"\n".join(
            self._line(raw) if len(raw) <= _LONG else b"".join(map(self._line, _PARTS.split(raw)))
            for raw in data[:at].split(b"\n")
        )

    def _line(self, raw: bytes) -> bytes:
        shifted = self.choice.shifted and ESCAPE in raw
        if not shifted and (raw.isascii() or _is_utf8(raw)):
            return raw
        codec = ISO_2022_JP if shifted else self.choice.codec
        self.report.repairs["not UTF-8"] += 1
        return raw.decode(codec, "replace").encode("utf-8", "surrogatepass")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return is_truncated_utf8(raw, error)
    return True

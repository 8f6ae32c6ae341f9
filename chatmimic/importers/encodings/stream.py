"""The bytes of a file as UTF-8, whatever its encoding."""

from __future__ import annotations

import codecs

from chatmimic.importers.encodings.choosing import Encodings
from chatmimic.importers.encodings.names import holds_ascii
from chatmimic.importers.encodings.recoding import ESCAPE, Choice, Recoder
from chatmimic.importers.parsing.json_stream.stream import encoding_of
from chatmimic.importers.parsing.text_lines import is_binary
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import Member, Stream

_LEAST = 64 << 10  # bytes recoded at once


class TextStream(Stream):
    """The bytes of one member in UTF-8, if it is text. Raises ExportError."""

    def __init__(
        self,
        member: Member,
        encodings: Encodings,
        report: ImportReport | None = None,
        ahead: bool = False,
    ) -> None:
        super().__init__(member, report, ahead)
        self._member = member
        self._encodings = encodings
        self._report = report
        self._ready = b""
        self._ended = False
        self._begun = False
        self._recoder: Recoder | None = None
        self._watch: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes of UTF-8. Raises DamagedExport or UnsafeExport."""
        if self._watch is None and self._recoder is None and not self._ready:
            return super().read(size)
        while len(self._ready) < size and not self._ended:
            raw = super().read(size if self._recoder is None else max(size, _LEAST))
            self._ended = not raw
            given = self._given_on(raw)
            if not self._ready and len(given) == len(raw) <= size and given:
                return given
            self._ready += given
        given, self._ready = self._ready[:size], self._ready[size:]
        return given

    def skip_to_last(self, size: int) -> None:
        """Skip to the last `size` bytes if the file is seekable."""
        self._settle(self._encodings.known(self._member))
        self._begun = True
        super().skip_to_last(size)

    def _given_on(self, raw: bytes) -> bytes:
        """The next bytes as UTF-8, as soon as their encoding is known."""
        if not self._begun:
            self._begin(raw)
        if self._watch is not None:
            held = self._watch.getstate()[0]
            try:
                if ESCAPE in raw or (raw and self._encodings.given and not raw.isascii()):
                    raise UnicodeError
                if not raw.isascii() or held:
                    self._check(raw)
                    whole = held + raw
                    pending = len(self._watch.getstate()[0])
                    return whole[: len(whole) - pending]
                return raw
            except UnicodeError:
                raw = held + raw
                self._settle(self._encodings.chosen(self._member))
        return raw if self._recoder is None else self._recoder.feed(raw, self._ended)

    def _check(self, raw: bytes) -> None:
        """Raise UnicodeError if the bytes are not UTF-8. Small pieces stay in fast memory."""
        assert self._watch is not None
        for start in range(0, len(raw), _LEAST):
            self._watch.decode(raw[start : start + _LEAST])
        if not raw:
            self._watch.decode(raw, True)

    def _begin(self, raw: bytes) -> None:
        self._begun = True
        encoding = encoding_of(raw)
        codec = self._encodings.given
        if not encoding.startswith("utf-8"):
            self._settle(Choice(encoding))
        elif codec.startswith(("utf_16", "utf_32")) and not raw.startswith(codecs.BOM_UTF8):
            self._settle(Choice(codec))
        elif is_binary(raw):
            self._settle(Choice())
        elif codec and not holds_ascii(codec):
            self._settle(self._encodings.chosen(self._member))
        else:
            self._settle(self._encodings.known(self._member))

    def _settle(self, choice: Choice | None) -> None:
        """Use the choice, or make it if None."""
        if choice is None:
            return
        self._watch = None
        self._recoder = choice.recoder(self._report or ImportReport())
        if self._report is not None:
            self._encodings.was_read(self._member, choice)

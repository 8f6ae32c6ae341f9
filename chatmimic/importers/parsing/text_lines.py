"""Decodes bytes to lines of text."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from chatmimic.errors import DamagedExport
from chatmimic.importers.parsing.json_stream.stream import encoding_of
from chatmimic.importers.report import ImportReport
from chatmimic.importers.streams import ByteStream

_CUT = 300  # bytes of a line that a server may have cut
MAX_LINE = 16 << 20  # bytes
CHUNK = 1 << 20
# The bytes that Windows-1252 leaves undefined become U+FFFD.
_CP1252 = {byte: bytes([byte]).decode("cp1252", "replace") for byte in range(256)}
# Controls that no text has; of the others some are colours and styles of chats.
_ODD = bytes(set(range(32)) - set(b"\t\n\r\x1b\x02\x03\x0f\x16\x1d\x1f\x0c"))
_BINARY_SHARE = 0.03  # of control bytes in the first 64 KiB: text has next to none


def decoded_head(data: bytes) -> str | None:
    """Decode the beginning of a file; None for a binary file."""
    encoding = encoding_of(data)
    if encoding.startswith("utf-8") and is_binary(data):
        return None
    return data.decode(encoding, "replace")


def is_binary(data: bytes) -> bool:
    """Whether the beginning of a file is not text in any ASCII-compatible encoding."""
    sample = data[:4096]
    odd = len(sample) - len(sample.translate(None, _ODD))
    return odd > _BINARY_SHARE * len(sample) or b"\x00\x00\x00" in sample


def is_truncated_utf8(raw: bytes, error: UnicodeDecodeError) -> bool:
    """Whether a line is UTF-8 that was cut within a character.

    A lone byte at the end of a short line is rather a letter of an old encoding.
    """
    if error.reason != "unexpected end of data":
        return False
    left = raw[: error.start]
    return len(raw) - error.start > 1 or len(raw) >= _CUT or not left.isascii()


def lines(stream: ByteStream, label: str, report: ImportReport) -> Iterator[str]:
    """The lines of a text file without line ends. Raises DamagedExport for an endless line.

    Only "\\n", "\\r\\n" and, where a file has no other, "\\r" end a line: chats contain every
    other character that some libraries cut at.
    """
    for block, end in _blocks(stream, label):
        try:
            text = block.decode("utf-8")
        except UnicodeDecodeError:
            for raw in block.split(end.encode()):
                yield decoded(raw.removesuffix(b"\r"), report)
            continue
        if end == "\n" and "\r" in text:
            yield from [line.removesuffix("\r") for line in text.split(end)]
        else:
            yield from text.split(end)


def decoded(raw: bytes, report: ImportReport) -> str:
    """Decode one line: UTF-8, or else the closest encoding.

    IRC cuts messages at 512 bytes, if need be within a character: such an end is dropped. Any
    other line that is not UTF-8 is read as Windows-1252.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if is_truncated_utf8(raw, error):
            report.repairs["cut character"] += 1
            return raw[: error.start].decode("utf-8")
        report.repairs["not UTF-8"] += 1
        return "".join(_CP1252[byte] for byte in raw)


def _blocks(stream: ByteStream, label: str) -> Iterator[tuple[bytes, str]]:
    """Blocks of complete lines with their separator; the last block may lack its end."""
    data = stream.read(CHUNK)
    encoding = encoding_of(data)
    decoder = None
    if not encoding.startswith("utf-8"):
        decoder = codecs.getincrementaldecoder(encoding)("replace")
    elif encoding == "utf-8-sig":
        data = data[3:]
    old_mac = b"\r" in data and b"\n" not in data and decoder is None
    end = "\r" if old_mac else "\n"
    left = b""
    while data:
        if decoder is not None:
            data = decoder.decode(data).encode("utf-8", "replace")
        whole, found, rest = data.rpartition(end.encode())
        if found:
            yield left + whole, end
            left = rest
        else:
            left += rest
        if len(left) > MAX_LINE:
            raise DamagedExport(
                f"{label} has a line longer than {MAX_LINE >> 20} MiB, too long for a chat log.",
                "Check that it is the right file.",
            )
        data = stream.read(CHUNK)
    if left:
        yield left, end

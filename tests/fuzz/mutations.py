"""Damages exports the way disks, editors and enemies do; the same damage for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

MOST = 128 << 10  # bytes of an input: large enough that quadratic work shows

# What has broken readers of chats before.
PIECES = (
    b"<", b"<!", b"<!--", b"</", b"<a ", b"<![CDATA[", b"<div>", b"</div>", b"<br>", b"&", b"&#",
    b"&#x110000;", b"[", b"]", b"{", b"}", b'{"a":', b'"', b"'", b"\\", b"\\u", b"\\ud800", b"(",
    b"(((", b")", b"@", b"::::", b",", b";", b"|", b"\t", b" ", b"\n", b"\r", b"\n\n", b"\0",
    b"\x03", b"\x1b[0m", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xe2\x80\x8e", b"\xe2\x80\xa8",
    b"\xed\xa0\x80", b"\xf0\x9f\x98\x86", b"\xd9\xa3", b"\xc2\xb2", b"0", b"9" * 40, b"9" * 5000,
    b"-1", b"1e999", b"NaN", b"Infinity", b"1/2/24", b"31/31/31", b"9999-12-31T23:59:59Z",
    b"0000-00-00", b"0001-01-01T00:00:00+23:59", b"24:60", b"12:00 ", b"PM", b"null", b"true",
    b"[]", b"{}", b"--", b"- ", b"=", b"%", b"*", b"_", b"`", b"> ", b": ", b"word ",
    b"\xe5\xb9\xb4",
)  # fmt: skip
# Values that stand where JSON, or an attribute, has another.
VALUES = (
    b"null", b"true", b"0", b"-1", b"1e999", b"1.5", b"9" * 30, b'""', b'"x"', b"[]", b"{}",
    b"[[]]", b'[{}]', b'{"a": 1}', b"[null]", b'"\\ud800"', b'"9999-12-31T23:59:59Z"',
    b'"0001-01-01"', b"253402300799999", b"-62135596800000", b'"' + b"9" * 30 + b'"',
)  # fmt: skip
_VALUE = re.compile(rb'(?<=:) ?("(?:[^"\\]|\\.){0,200}"|[-\d.]{1,30}|true|false|null|\[\]|\{\})')
_LINE = re.compile(rb"[^\n]*\n|[^\n]+$")


class Mutator:
    """Makes damaged exports of whole ones."""

    def __init__(self, seed: int, others: Sequence[bytes]) -> None:
        self._chance = random.Random(seed)
        self._others = others  # whole exports, to take pieces from
        self._ways = (
            self._flip, self._cut, self._double, self._put, self._put, self._stretch, self._splice,
            self._swap_lines, self._double_lines, self._drop_lines, self._other_value,
            self._other_value, self._nest, self._shorten,
        )  # fmt: skip

    def mutated(self, data: bytes) -> bytes:
        """The export with one to eight damages."""
        for _ in range(min(self._chance.randint(1, 8), self._chance.randint(1, 8))):
            data = self._chance.choice(self._ways)(data)[:MOST]
        return data

    def _span(self, data: bytes, most: int = 400) -> tuple[int, int]:
        start = self._chance.randint(0, len(data))
        return start, min(len(data), start + self._chance.randint(0, most))

    def _piece(self) -> bytes:
        return self._chance.choice(PIECES)

    def _flip(self, data: bytes) -> bytes:
        at = self._chance.randint(0, len(data))
        return data[:at] + bytes([self._chance.randrange(256)]) + data[at + 1 :]

    def _cut(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:start] + data[end:]

    def _shorten(self, data: bytes) -> bytes:
        return data[: self._chance.randint(0, len(data))]

    def _double(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:end] + data[start:end] * self._chance.choice((1, 1, 2, 50)) + data[end:]

    def _put(self, data: bytes) -> bytes:
        at = self._chance.randint(0, len(data))
        return data[:at] + self._piece() + data[at:]

    def _stretch(self, data: bytes) -> bytes:
        at = self._chance.randint(0, len(data))
        piece = self._piece() + self._piece() * self._chance.randint(0, 1)
        times = self._chance.choice((10, 1000, MOST)) // len(piece)
        return data[:at] + piece * times + data[at:]

    def _splice(self, data: bytes) -> bytes:
        other = self._chance.choice(self._others)
        start, end = self._span(other)
        at = self._chance.randint(0, len(data))
        return data[:at] + other[start:end] + data[at:]

    def _lines(self, data: bytes) -> tuple[list[bytes], int, int]:
        """The lines, and two places among them."""
        lines = _LINE.findall(data) or [b""]
        one, other = sorted(self._chance.randrange(len(lines)) for _ in range(2))
        return lines, one, other

    def _swap_lines(self, data: bytes) -> bytes:
        lines, one, other = self._lines(data)
        lines[one], lines[other] = lines[other], lines[one]
        return b"".join(lines)

    def _double_lines(self, data: bytes) -> bytes:
        lines, one, other = self._lines(data)
        some = lines[one : min(other, one + 5) + 1] * self._chance.choice((1, 2, 30))
        return b"".join([*lines[:other], *some, *lines[other:]])

    def _drop_lines(self, data: bytes) -> bytes:
        lines, one, other = self._lines(data)
        return b"".join(lines[:one] + lines[min(other, one + 5) :])

    def _other_value(self, data: bytes) -> bytes:
        found = list(_VALUE.finditer(data))
        if not found:
            return self._put(data)
        value = self._chance.choice(found)
        return data[: value.start()] + self._chance.choice(VALUES) + data[value.end() :]

    def _nest(self, data: bytes) -> bytes:
        begin, end = self._chance.choice(
            ((b"[", b"]"), (b'{"a":', b"}"), (b"<div>", b"</div>"), (b"<b>", b""), (b'["', b'"]'))
        )
        start, stop = self._span(data)
        times = self._chance.choice((1, 2, 100, 5000))
        return data[:start] + begin * times + data[start:stop] + end * times + data[stop:]

"""Reads scripts of X's archive: JSON in an assignment, `window.YTD.account.part0 = [ … ]`."""

from __future__ import annotations

import re

from chatmimic.importers.streams import ByteStream

_NAME = re.compile(
    r"\s*window\.(?:YTD\.(?P<part>\w{1,60})\.part\d{1,6}|(?P<other>\w{1,60}))\s*=\s*"
)
_LONGEST = 200  # bytes of a name


def part_of(text: str) -> str:
    """The name that a script assigns to, such as "direct_messages"; "" for other text."""
    found = _NAME.match(text.removeprefix("\ufeff"))
    return "" if found is None else found["part"] or found["other"]


class Assigned:
    """A stream of the JSON alone, without the assignment."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._begun = False

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes and the assignment's length; none at the end."""
        data = self._stream.read(size)
        if self._begun:
            return data
        self._begun = True
        head, equals, rest = data[:_LONGEST].partition(b"=")
        return rest + data[_LONGEST:] if equals else data

"""Matrix rooms exported by Element: JSON or plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.matrix.plain_text import is_plain, read_plain
from chatmimic.importers.matrix.room import read_room
from chatmimic.importers.streams import Member
from chatmimic.records import Message

_TOP = [re.compile(rf'(?<!\\)"{name}"\s*:') for name in ("room_name", "export_date", "messages")]


class Matrix(Importer):
    """Reads `export.json` or `export.txt` of a room."""

    name = "matrix"
    title = "Matrix (Element)"
    description = "rooms exported by Element: JSON (export.json) or plain text"

    def knows(self, head: Head) -> bool:
        """Whether it is JSON with a room and an export date, or lines with Element's dates."""
        if head.first == "{":
            return all(name.search(head.text) for name in _TOP)
        return is_plain(head.text)

    def read(self, members: Sequence[Member], context: Context) -> Iterator[Message]:
        """Read all rooms."""
        for member in members:
            plain = (
                not context.source.head(member, 64).lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{")
            )
            context.report.variants["text" if plain else "JSON"] += 1
            yield from (read_plain if plain else read_room)(member, context)

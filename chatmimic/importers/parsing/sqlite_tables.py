"""Detects the tables of a SQLite file without opening it."""

from __future__ import annotations

from collections.abc import Iterator

from chatmimic.importers.base import Head
from chatmimic.importers.streams import translated

MAGIC = b"SQLite format 3\0"
_ROOT = 100  # where the first page goes on after the header of the file
_INTERIOR = 5  # a page that only says on which pages the list of tables stands
_MOST_PAGES = 500
_FARTHEST = 4 << 30  # bytes


def has_tables(head: Head, *names: str) -> bool:
    """Whether a SQLite file has all these tables. Raises ExportError if it cannot be read."""
    # Each is listed as its type, its own name and the name of its table, with nothing between.
    missing = {f"table{name}{name}".encode() for name in names}
    missing -= {name for name in missing if name in head.data}
    if not missing:
        return True
    for page in _listing(head):
        missing -= {name for name in missing if name in page}
        if not missing:
            return True
    return False


def _listing(head: Head) -> Iterator[bytes]:
    """The pages of the schema: the first one and, if it has grown, any of the file."""
    size = int.from_bytes(head.data[16:18], "big")
    size = 1 << 16 if size == 1 else size
    first = head.data[:size]
    if size < 512 or len(first) < size or first[_ROOT] != _INTERIOR:
        return
    with translated(head.member.label):
        opened = head.member.opener()
        try:
            for number in sorted(_children(first)):
                at = (number - 1) * size
                if 0 < at < _FARTHEST:
                    opened.stream.seek(at)
                    yield opened.stream.read(size)
        finally:
            opened.close()


def _children(page: bytes) -> set[int]:
    """The child pages of an interior page."""
    cells = min(int.from_bytes(page[_ROOT + 3 : _ROOT + 5], "big"), _MOST_PAGES)
    start = _ROOT + 12
    places = [int.from_bytes(page[at : at + 2], "big") for at in range(start, start + 2 * cells, 2)]
    places = [_ROOT + 8, *places]
    return {int.from_bytes(page[place : place + 4], "big") for place in places}

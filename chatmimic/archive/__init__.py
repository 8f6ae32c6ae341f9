"""The archive: one private SQLite file with all of a user's messages and people."""

from chatmimic.archive.adding import Added
from chatmimic.archive.imports import Import, Origin
from chatmimic.archive.named import described, numbered
from chatmimic.archive.reading import Thread
from chatmimic.archive.searching import Found, Line
from chatmimic.archive.store import Archive

__all__ = [
    "Added",
    "Archive",
    "Found",
    "Import",
    "Line",
    "Origin",
    "Thread",
    "described",
    "numbered",
]

"""The archive: one private SQLite file with all of a user's messages and people."""

from chatmimic.archive.adding import Added
from chatmimic.archive.find_people import described, numbered
from chatmimic.archive.forgetting import Forgotten
from chatmimic.archive.health import faults_of
from chatmimic.archive.imports import Import, Origin
from chatmimic.archive.reading import Thread
from chatmimic.archive.rows import Row, Scope
from chatmimic.archive.search import Found, Line
from chatmimic.archive.store import Archive

__all__ = [
    "Added",
    "Archive",
    "Forgotten",
    "Found",
    "Import",
    "Line",
    "Origin",
    "Row",
    "Scope",
    "Thread",
    "described",
    "faults_of",
    "numbered",
]

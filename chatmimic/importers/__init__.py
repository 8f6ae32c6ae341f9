"""From a chat export to Messages.

`read_exports` detects what a path is and reads it; `formats` lists the known formats. Each service
has a package; `registry` detects them by content; `sources` opens files, folders, zips and tars.
"""

from __future__ import annotations

from chatmimic.importers.base import Context, Head, Importer
from chatmimic.importers.reading import read_exports
from chatmimic.importers.registry import ImporterInfo, formats
from chatmimic.importers.report import ImportOptions, ImportReport
from chatmimic.importers.streams import Member

__all__ = [
    "Context",
    "Head",
    "ImportOptions",
    "ImportReport",
    "Importer",
    "ImporterInfo",
    "Member",
    "formats",
    "read_exports",
]

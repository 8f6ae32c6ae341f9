"""Transcripts packed into token windows of one length, on disk and memory-mapped."""

from chatmimic.windows.excerpts import excerpts
from chatmimic.windows.packing import pack, pieces
from chatmimic.windows.store import Windows, WindowsWriter, build_windows

__all__ = ["Windows", "WindowsWriter", "build_windows", "excerpts", "pack", "pieces"]

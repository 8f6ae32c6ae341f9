"""Transcripts packed into token windows of one length, on disk and memory-mapped."""

from chatmimic.windows.excerpts import excerpts
from chatmimic.windows.packing import pack, pieces
from chatmimic.windows.shards import ShardWriter, list_shards, mix, open_shards
from chatmimic.windows.store import Windows, WindowsWriter, build_windows

__all__ = [
    "ShardWriter",
    "Windows",
    "WindowsWriter",
    "build_windows",
    "excerpts",
    "list_shards",
    "mix",
    "open_shards",
    "pack",
    "pieces",
]
